"""Builds of which each does something that Sail does otherwise than Spark, or was not tried with."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType

from lakehouse import Column, DataSet, Schema, Scored, build, conform, doc, table
from lakehouse.contract.schema import ArrayType
from lakehouse.quality import Gate, Holds, NotNull, Policy, Url
from lakehouse.transforms.text import title_case


@table("bronze.things", external=True)
class Things(Schema):
    """What is built of."""

    name: Annotated[Column[StringType], doc("Name")]
    number: Annotated[Column[IntegerType], doc("Number")]
    big: Annotated[Column[LongType], doc("Large number")]
    numbers: Column[ArrayType[IntegerType]]


@table("silver.names")
class Names(Schema):
    """Text that is made of a thing."""

    name: Column[StringType]


@table("silver.sums")
class Sums(Schema):
    """A number that is made of things."""

    number: Column[LongType]


@table("silver.judged", key=("name",), rules=(Holds("short", r"name rlike '(?!a).*'"), Gate(policy=Policy.QUARANTINE)))
class Judged(Scored):
    """Rules that do not run there."""

    name: Annotated[Column[StringType], NotNull(), Url()]


@build
def one_that_fits(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.where("number > 0").select(F.upper("name").alias("name")), Names)


@build
def zipped(things: DataSet[Things]) -> DataSet[Names]:
    made = F.zip_with("numbers", "numbers", lambda one, other: F.greatest(one, other, F.lit(0)))
    return conform(things.select(F.array_join(made, ",").alias("name")), Names)


@build
def parsed(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.select(F.from_json("name", "name string")["name"].alias("name")), Names)


@build
def looked_around(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.where(F.col("name").rlike("a(?=b)")).select("name"), Names)


@build
def put_in_groups(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.select(F.regexp_replace("name", "(a)b", "$1").alias("name")), Names)


@build
def written_as_sql(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.select(F.expr("initcap(concat('zip_with(', name))").alias("name")), Names)


@build
def multiplied(things: DataSet[Things]) -> DataSet[Sums]:
    return conform(things.select((F.col("number") * F.col("number")).alias("number")), Sums)


@build
def multiplied_in_sql(things: DataSet[Things]) -> DataSet[Sums]:
    return conform(things.select(F.expr("number * number").alias("number")), Sums)


@build
def summed(things: DataSet[Things]) -> DataSet[Sums]:
    return conform(things.agg(F.sum("big").alias("number")), Sums)


@build
def summed_safely(things: DataSet[Things]) -> DataSet[Sums]:
    """Fits: of whole numbers of 32 bits no small table makes an overflow, and decimals are checked there too."""
    wide = things.select("number", (F.col("big").cast("decimal(38,0)") * 2).alias("twice"))
    sums = wide.agg(F.sum("number").alias("number"), F.sum("twice").alias("other"))
    return conform(sums.where("other > 0"), Sums)


@build
def sampled(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.sample(0.5).select("name"), Names)


@build
def titled(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.select(title_case(F.col("name")).alias("name")), Names)


@build(engines=("spark",))
def for_spark_alone(things: DataSet[Things]) -> DataSet[Names]:
    return conform(things.select("name"), Names)


@build(engines=("spark", "sail"))
def tried_by_its_author(things: DataSet[Things]) -> DataSet[Sums]:
    return conform(things.select((F.col("number") + 1).alias("number")), Sums)


@build
def judged(things: DataSet[Things]) -> DataSet[Judged]:
    return conform(things.select("name"), Judged)

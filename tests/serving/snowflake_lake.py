"""A small lake and every kind of statement that Snowflake is given for it; golden files hold their text.

``python -m tests.serving.snowflake_lake`` writes these files anew, for a person to read the difference.
"""

from __future__ import annotations

import math
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract import ArrayType, Column, DecimalType, Pii, Schema, doc, table
from lakehouse.contract.table import spec_of
from lakehouse.quality import Between, Fresh, NotBlank, NotNull, OneOf, Unique
from lakehouse.serving.snowflake import iceberg_table
from lakehouse.serving.snowflake.external_table import refresh_external
from lakehouse.serving.snowflake.plan import files_of, statements
from lakehouse.serving.snowflake.statement import Statement
from lakehouse.serving.snowflake.unload import unload_statement

GOLDEN = Path(__file__).parent / "golden"


@table(
    "gold.sales",
    key=("day",),
    partitioned_by=("country", "months(day)"),
    rules=(Unique("day"), Fresh(column="last_at", within=timedelta(days=1))),
)
class Sales(Schema):
    """One row per day and country; the shop's own."""

    day: Annotated[Column[DateType], doc("Day")]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), NotBlank(), OneOf("DE", "FR", "it's")]
    orders: Annotated[Column[LongType], doc("It's a count", unit="orders"), NotNull(), Between(0, math.inf)]
    net: Annotated[Column[DecimalType[Literal[12], Literal[2]]], doc('Without tax; a \\ and a "quote"', unit="EUR")]
    last_at: Column[TimestampType]
    tags: Column[ArrayType[StringType]]


@table("gold.people", key=("person_id",), partitioned_by=("bucket(4, person_id)",))
class People(Schema):
    """One row per person."""

    person_id: Annotated[Column[LongType], Pii.IDENTIFIER]
    full_name: Annotated[Column[StringType], doc("Given and family name"), Pii.NAME]
    born_on: Annotated[Column[DateType], Pii.BIRTH]
    password: Annotated[Column[StringType], Pii.CREDENTIAL]
    order: Annotated[Column[IntegerType], doc("A reserved word")]
    weight: Column[DoubleType]
    photo: Column[BinaryType]
    active: Column[BooleanType]
    seen: Column[TimestampNTZType]


@table("gold.best_days", key=("day",), partitioned_by=("country", "days(last_at)", "months(day)"), external=True)
class BestDays(Schema):
    """Days on which most was sold, as Snowflake computes them."""

    day: Annotated[Column[DateType], doc("Day")]
    country: Column[StringType]
    orders: Column[LongType]
    net: Column[DecimalType[Literal[14], Literal[2]]]
    last_at: Column[TimestampType]
    mark: Column[BinaryType]


BEST = spec_of(BestDays)
BEST_QUERY = """SELECT DAY, COUNTRY, ORDERS, NET, LAST_AT, NULL AS MARK FROM LAKE.GOLD.SALES
QUALIFY RANK() OVER (ORDER BY NET DESC) <= 10 -- ten"""
SALES_SPEC, PEOPLE_SPEC = SPECS = (spec_of(Sales), spec_of(People))
SETTINGS = SnowflakeSettings(
    aws_region="eu-central-1",
    aws_account_id="123456789012",
    aws_role_arn="arn:aws:iam::123456789012:role/lake",
    storage_url="s3://lake/",
    export_url="s3://lake-exports/",
    table_bucket_arn="arn:aws:s3tables:eu-central-1:123456789012:bucket/lake",
    credits_a_month=10,
    row_access={"gold.sales": "country"},
    streams=("gold.sales",),
    dynamic_tables={"gold.best_days": "SELECT DAY, SUM(ORDERS) AS ORDERS FROM LAKE.GOLD.SALES GROUP BY DAY"},
)
TOPIC = "arn:aws:sns:eu-central-1:123456789012:exports"
FILE = "s3://lake/gold/{}/metadata/00001-a.metadata.json"


@cache
def golden() -> dict[str, tuple[Statement, ...]]:
    """Give all statements by route, and those that are sent later."""
    found = {}
    for route in ("glue_rest", "glue", "s3_tables", "object_store", "linked", "export"):
        to = SETTINGS.model_copy(update={"route": route})
        found[route] = statements(SPECS, to, places=places(route))
    told = SETTINGS.model_copy(update={"route": "export", "sns_topic_arn": TOPIC})
    found["export_told"] = statements(SPECS, told, places=places("export"))
    by_file = SETTINGS.model_copy(update={"route": "object_store"})
    measured = SETTINGS.model_copy(update={"metric_minutes": 60, "managed_url": "s3://lake-managed/"})
    found["measured"] = statements(SPECS, measured)
    found["later"] = (
        iceberg_table.refresh(SETTINGS, SPECS[0]),
        iceberg_table.refresh(by_file, SPECS[0], FILE.format("sales")),
        refresh_external(SETTINGS, SPECS[0]),
        unload_statement(SETTINGS, BEST, BEST_QUERY, run_id="20260102t030405_a1b2c3"),
    )
    made = [one for route in found.values() for one in route]
    found["changes"] = tuple(dict.fromkeys(by for one in made for change in one.changes for by in change.by))
    return found


def places(route: str) -> dict[str, str]:
    """Give where the tables of a route are."""
    if route == "object_store":
        return {spec.name: FILE.format(spec.name.split(".")[1]) for spec in SPECS}
    return {"gold.sales": "gold/sales/run=7/"} if route == "export" else {}


def reviewed() -> dict[str, str]:
    """Give the files that a person has read: all of the first route, of the others those that differ from it."""
    routes = {route: files_of(found) for route, found in golden().items()}
    first = routes["glue_rest"]
    return {
        f"{route}/{name}": text
        for route, files in routes.items()
        for name, text in files.items()
        if files is first or text != first.get(name)
    }


def distinct() -> dict[str, Statement]:
    """Give each text once, by a name that tells its kind."""
    texts = {one.sql: one for found in golden().values() for one in found}
    return {f"{one.kind} {one.name} {number}": one for number, one in enumerate(texts.values())}


if __name__ == "__main__":
    for file, text in reviewed().items():
        (GOLDEN / file).parent.mkdir(parents=True, exist_ok=True)
        (GOLDEN / file).write_text(text)

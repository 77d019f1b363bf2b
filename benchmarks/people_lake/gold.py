"""What is counted of people, for dashboards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DoubleType, IntegerType, LongType, StringType

from benchmarks.people_lake.silver import Users
from lakehouse.contract import Column, DataSet, Groups, Pii, Rows, Schema, build, conform, doc, table
from lakehouse.quality import Between, NotNull
from lakehouse.transforms.demographics import age_at, age_group


@table("gold.dim_user", key=("user_id",))
class DimUser(Schema):
    """One row per person, as reports address them; without contact data."""

    user_id: Annotated[Column[StringType], doc("Identifier given by the source")]
    full_name: Annotated[Column[StringType], doc("Given and family name"), NotNull(), Pii.NAME]
    gender: Annotated[Column[StringType], doc("As stated")]
    age: Annotated[Column[IntegerType], doc("Age at the instant of the run", unit="years"), Between(0, 120)]
    age_group: Annotated[Column[StringType], doc("Under 18, 18-24, 25-34, … 65 and over")]
    city: Annotated[Column[StringType], doc("City")]
    country: Annotated[Column[StringType], doc("Country name as stated"), NotNull()]
    nationality: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2")]
    registered_on: Annotated[Column[DateType], doc("Day of registration", unit="UTC"), NotNull()]
    quality_score: Annotated[Column[DoubleType], doc("Score of the row in silver.users, 0 to 1"), Between(0.0, 1.0)]


@build(follows=Rows())
def dim_user(people: DataSet[Users], now: datetime) -> DataSet[DimUser]:
    """Describe each person for reports."""
    age = age_at(Users.born_on, now)
    columns = people.select(
        Users.user_id,
        F.concat_ws(" ", Users.first_name, Users.last_name).alias("full_name"),
        Users.gender,
        age.alias("age"),
        age_group(age).alias("age_group"),
        Users.city,
        Users.country,
        Users.nationality,
        Users.registered_at.cast("date").alias("registered_on"),
        Users.quality_score,
    )
    return conform(columns, DimUser)


@table("gold.user_growth_daily", key=("day",))
class UserGrowthDaily(Schema):
    """One row per day on which someone registered."""

    day: Annotated[Column[DateType], doc("Day of registration", unit="UTC")]
    new_users: Annotated[Column[LongType], doc("People who registered on that day", unit="people"), NotNull()]
    total_users: Annotated[Column[LongType], doc("People registered up to and with that day", unit="people"), NotNull()]


@build
def user_growth_daily(people: DataSet[Users]) -> DataSet[UserGrowthDaily]:
    """Count registrations by day and in total."""
    days = (
        people.where(Users.registered_at.isNotNull())
        .groupBy(Users.registered_at.cast("date").alias("day"))
        .agg(F.count("*").alias("new_users"))
    )
    # One row per day, so the single partition of this window stays small.
    up_to_day = Window.orderBy("day").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return conform(days.withColumn("total_users", F.sum("new_users").over(up_to_day)), UserGrowthDaily)


@table("gold.user_demographics", key=("nationality", "gender", "age_group"))
class UserDemographics(Schema):
    """One row per nationality, gender and age group."""

    nationality: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2, or unknown")]
    gender: Annotated[Column[StringType], doc("As stated, or unknown")]
    age_group: Annotated[Column[StringType], doc("Under 18, 18-24, … 65 and over, or unknown")]
    users: Annotated[Column[LongType], doc("People", unit="people"), NotNull()]
    mean_age: Annotated[
        Column[DoubleType], doc("Mean age at the instant of the run", unit="years"), Between(0.0, 120.0)
    ]


_GROUPS = {name: f"coalesce({name}, 'unknown')" for name in ("nationality", "gender", "age_group")}


@build(follows=Groups(*_GROUPS, people=_GROUPS))
def user_demographics(people: DataSet[DimUser]) -> DataSet[UserDemographics]:
    """Count people by nationality, gender and age group."""
    groups = people.groupBy(*(F.expr(group).alias(name) for name, group in _GROUPS.items()))
    return conform(groups.agg(F.count("*").alias("users"), F.avg(DimUser.age).alias("mean_age")), UserDemographics)

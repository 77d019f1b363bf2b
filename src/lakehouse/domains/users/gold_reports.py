"""What is counted of people, for dashboards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DoubleType, IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import Column, DataSet, Groups, Schema, build, conform, doc, table
from lakehouse.domains.users.gold_facts import FactRegistration
from lakehouse.domains.users.silver import UserChanges, Users
from lakehouse.quality import Between, NotNull
from lakehouse.transforms.calendar import with_every_day
from lakehouse.transforms.demographics import age_at, age_group


@table("gold.user_growth_daily", key=("day",))
class UserGrowthDaily(Schema):
    """How fast do we grow? One row per day since the first registration, quiet days included."""

    day: Annotated[Column[DateType], doc("Day of registration", unit="UTC")]
    new_users: Annotated[Column[LongType], doc("People who registered on that day", unit="people"), NotNull()]
    total_users: Annotated[Column[LongType], doc("People registered up to and with that day", unit="people"), NotNull()]


@build
def user_growth_daily(registrations: DataSet[FactRegistration]) -> DataSet[UserGrowthDaily]:
    """Count registrations by day and in total."""
    days = registrations.groupBy(FactRegistration.registered_on.alias("day")).agg(F.count("*").alias("new_users"))
    every_day = with_every_day(days, day="day", zero=("new_users",))
    # One row per day, so the single partition of this window stays small.
    up_to_day = Window.orderBy("day").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return conform(every_day.withColumn("total_users", F.sum("new_users").over(up_to_day)), UserGrowthDaily)


@table("gold.user_demographics", key=("nationality", "gender", "age_group"))
class UserDemographics(Schema):
    """Who are our users? One row per nationality, gender and age group, at the instant of the run."""

    nationality: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2, or unknown")]
    gender: Annotated[Column[StringType], doc("As stated, or unknown")]
    age_group: Annotated[Column[StringType], doc("Under 18, 18-24, … 65 and over, or unknown")]
    users: Annotated[Column[LongType], doc("People", unit="people"), NotNull()]
    mean_age: Annotated[Column[DoubleType], doc("Mean age", unit="years"), Between(0.0, 120.0)]


# Everyone gets older between two runs, so no change says which groups are another: it is built whole.
@build
def user_demographics(people: DataSet[Users], now: datetime) -> DataSet[UserDemographics]:
    """Count people by nationality, gender and age group."""
    age = age_at(Users.born_on, now)
    groups = {"nationality": Users.nationality, "gender": Users.gender, "age_group": age_group(age)}
    known = {name: F.coalesce(group, F.lit("unknown")).alias(name) for name, group in groups.items()}
    counted = people.select(*known.values(), age.alias("age")).groupBy(*known)
    return conform(counted.agg(F.count("*").alias("users"), F.avg("age").alias("mean_age")), UserDemographics)


@table("gold.cohort_retention", key=("cohort", "months"))
class CohortRetention(Schema):
    """Of those who registered in a month, how many are still heard of? One row per such month and month after.

    Heard of is who sent a message in that month.
    """

    cohort: Annotated[Column[DateType], doc("First day of the month of registration", unit="UTC")]
    months: Annotated[Column[IntegerType], doc("Whole months since then", unit="months"), Between(0, 1200)]
    cohort_users: Annotated[Column[LongType], doc("People who registered in the month", unit="people"), NotNull()]
    active_users: Annotated[Column[LongType], doc("Those of them who were heard of", unit="people"), NotNull()]
    retention: Annotated[Column[DoubleType], doc("Active ones among those of the cohort, 0 to 1"), Between(0.0, 1.0)]


@build
def cohort_retention(
    registrations: DataSet[FactRegistration], changes: DataSet[UserChanges]
) -> DataSet[CohortRetention]:
    """Count by month who of each cohort was heard of."""
    cohort = F.trunc(FactRegistration.registered_on, "month").alias("cohort")
    members = registrations.select(FactRegistration.user_id, cohort)
    heard = changes.select(UserChanges.user_id, F.trunc(UserChanges.updated_at.cast("date"), "month").alias("heard"))
    months = F.months_between("heard", "cohort").cast("int").alias("months")
    active = (
        members.join(heard.distinct(), "user_id")
        .where(F.col("heard") >= F.col("cohort"))
        .groupBy("cohort", months)
        .agg(F.count("*").alias("active_users"))
    )
    sizes = members.groupBy("cohort").agg(F.count("*").alias("cohort_users"))
    shares = active.join(sizes, "cohort").withColumn("retention", F.col("active_users") / F.col("cohort_users"))
    return conform(shares, CohortRetention)


@table("gold.geo_distribution", key=("country_code", "state"))
class GeoDistribution(Schema):
    """From where do people come, and how good is what we know of them? One row per country and state."""

    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2, or unknown")]
    state: Annotated[Column[StringType], doc("State or province, or unknown")]
    users: Annotated[Column[LongType], doc("People who live there", unit="people"), NotNull()]
    mean_score: Annotated[Column[DoubleType], doc("Mean score of their rows, 0 to 1"), Between(0.0, 1.0)]


_REGION = {name: f"coalesce({name}, 'unknown')" for name in ("country_code", "state")}


@build(follows=Groups(*_REGION, people=_REGION))
def geo_distribution(people: DataSet[Users]) -> DataSet[GeoDistribution]:
    """Count people by country and state."""
    regions = people.groupBy(*(F.expr(sql).alias(name) for name, sql in _REGION.items()))
    counted = regions.agg(F.count("*").alias("users"), F.avg(Users.quality_score).alias("mean_score"))
    return conform(counted, GeoDistribution)


@table("gold.quality_trend", key=("day",))
class QualityTrend(Schema):
    """Does what we are sent get better? One row per day on which messages came."""

    day: Annotated[Column[DateType], doc("Day of the messages", unit="UTC")]
    messages: Annotated[Column[LongType], doc("Accepted messages", unit="messages"), NotNull()]
    flawless: Annotated[Column[LongType], doc("Those that break no rule", unit="messages"), NotNull()]
    mean_score: Annotated[Column[DoubleType], doc("Mean score of their rows, 0 to 1"), Between(0.0, 1.0)]


@build(follows=Groups("day", changes={"day": "date(updated_at)"}))
def quality_trend(changes: DataSet[UserChanges]) -> DataSet[QualityTrend]:
    """Average the scores of each day's messages."""
    days = changes.groupBy(UserChanges.updated_at.cast("date").alias("day")).agg(
        F.count("*").alias("messages"),
        F.count_if(F.size(UserChanges.failed_rules) == 0).alias("flawless"),
        F.avg(UserChanges.quality_score).alias("mean_score"),
    )
    return conform(days, QualityTrend)


@table("gold.data_freshness", key=("source_partition",))
class DataFreshness(Schema):
    """How old is what reports show? One row per partition of the topic, at the instant of the run."""

    source_partition: Annotated[Column[IntegerType], doc("Kafka partition")]
    messages: Annotated[Column[LongType], doc("Accepted messages", unit="messages"), NotNull()]
    last_offset: Annotated[Column[LongType], doc("Offset of the newest of them"), NotNull()]
    newest_message_at: Annotated[Column[TimestampType], doc("Instant of the newest message", unit="UTC"), NotNull()]
    minutes_behind: Annotated[Column[DoubleType], doc("From then to the run", unit="minutes")]


@build
def data_freshness(changes: DataSet[UserChanges], now: datetime) -> DataSet[DataFreshness]:
    """Find the newest message of each partition."""
    newest = changes.groupBy(UserChanges.source_partition).agg(
        F.count("*").alias("messages"),
        F.max(UserChanges.source_offset).alias("last_offset"),
        F.max(UserChanges.updated_at).alias("newest_message_at"),
    )
    seconds = F.unix_timestamp(F.lit(now)) - F.unix_timestamp("newest_message_at")
    return conform(newest.withColumn("minutes_behind", seconds / 60), DataFreshness)

"""What reports look up: people as they were at any instant, places, and days."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DateType, IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import (
    Column,
    DataSet,
    Groups,
    Pii,
    Rows,
    Scd2,
    Schema,
    Versioned,
    build,
    conform,
    doc,
    table,
)  # fmt: skip
from lakehouse.domains.users.silver import UserChanges, Users
from lakehouse.quality import NotNull
from lakehouse.transforms.calendar import calendar
from lakehouse.transforms.countries import continent, country_name

PLACE = ("country_code", "state", "city")


@table(
    "gold.dim_user",
    key=("user_id",),
    newest_by=("changed_at", "source_partition", "source_offset"),
    history=Scd2(effective="changed_at", ignore=("source_partition", "source_offset")),
)
class DimUser(Versioned):
    """Who was this person at that instant? One row per person and version, without contact data.

    The people of today are the rows with ``is_current``.
    """

    user_id: Annotated[Column[StringType], doc("Identifier given by the source")]
    full_name: Annotated[Column[StringType], doc("Given and family name"), NotNull(), Pii.NAME]
    gender: Annotated[Column[StringType], doc("As stated")]
    birth_year: Annotated[Column[IntegerType], doc("Year of birth", unit="year")]
    generation: Annotated[Column[StringType], doc("Silent, boomer, gen x … by the year of birth")]
    city: Annotated[Column[StringType], doc("City")]
    state: Annotated[Column[StringType], doc("State or province")]
    country: Annotated[Column[StringType], doc("Country, in English"), NotNull()]
    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2")]
    nationality: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2")]
    email_provider: Annotated[Column[StringType], doc("free, disposable or corporate")]
    registered_on: Annotated[Column[DateType], doc("Day of registration", unit="UTC"), NotNull()]
    changed_at: Annotated[Column[TimestampType], doc("Instant of the message", unit="UTC")]
    source_partition: Annotated[Column[IntegerType], doc("Kafka partition of the message")]
    source_offset: Annotated[Column[LongType], doc("Kafka offset of the message")]


@build(follows=Rows())
def dim_user(changes: DataSet[UserChanges]) -> DataSet[DimUser]:
    """Describe each person as each message did."""
    described = changes.select(
        UserChanges.user_id,
        F.concat_ws(" ", UserChanges.first_name, UserChanges.last_name).alias("full_name"),
        UserChanges.gender,
        F.year(UserChanges.born_on).alias("birth_year"),
        UserChanges.generation,
        UserChanges.city,
        UserChanges.state,
        F.coalesce(country_name(UserChanges.country_code), UserChanges.country).alias("country"),
        UserChanges.country_code,
        UserChanges.nationality,
        UserChanges.email_provider,
        UserChanges.registered_at.cast("date").alias("registered_on"),
        UserChanges.updated_at.alias("changed_at"),
        UserChanges.source_partition,
        UserChanges.source_offset,
    )
    return conform(described, DimUser)


@table("gold.dim_geography", key=PLACE)
class DimGeography(Schema):
    """Where do people live? One row per city, state and country in which someone does."""

    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2, or unknown")]
    state: Annotated[Column[StringType], doc("State or province, or unknown")]
    city: Annotated[Column[StringType], doc("City, or unknown")]
    country: Annotated[Column[StringType], doc("Country, in English; null when unknown")]
    continent: Annotated[Column[StringType], doc("Continent; the Americas are two")]


_PLACE = {name: f"coalesce({name}, 'unknown')" for name in PLACE}


@build(follows=Groups(*PLACE, people=_PLACE))
def dim_geography(people: DataSet[Users]) -> DataSet[DimGeography]:
    """Name each place once."""
    places = people.select(*(F.expr(sql).alias(name) for name, sql in _PLACE.items())).distinct()
    code = F.col("country_code")
    named = places.withColumns({"country": country_name(code), "continent": continent(code)})
    return conform(named, DimGeography)


@table("gold.dim_date", key=("day",))
class DimDate(Schema):
    """What day was that? One row per day, from the year of the first registration to the end of this one."""

    day: Annotated[Column[DateType], doc("Day")]
    year: Annotated[Column[IntegerType], doc("Year")]
    quarter: Annotated[Column[IntegerType], doc("Quarter, 1 to 4")]
    month: Annotated[Column[IntegerType], doc("Month, 1 to 12")]
    day_of_month: Annotated[Column[IntegerType], doc("Day of the month")]
    month_name: Annotated[Column[StringType], doc("Month, in English")]
    iso_year: Annotated[Column[IntegerType], doc("Year that the ISO 8601 week belongs to")]
    iso_week: Annotated[Column[IntegerType], doc("ISO 8601 week, 1 to 53")]
    weekday: Annotated[Column[IntegerType], doc("Day of the week, 1 is Monday")]
    weekday_name: Annotated[Column[StringType], doc("Day of the week, in English")]
    is_weekend: Annotated[Column[BooleanType], doc("Whether it is a Saturday or Sunday")]
    fiscal_year: Annotated[Column[IntegerType], doc("Fiscal year, that of the calendar here")]


@build
def dim_date(people: DataSet[Users], now: datetime) -> DataSet[DimDate]:
    """Make the days of all years since the first registration."""
    known = people.where(Users.registered_at <= F.lit(now))
    last = F.make_date(F.lit(now.year), F.lit(12), F.lit(31))
    first = F.trunc(Users.registered_at.cast("date"), "year")
    return conform(calendar(known, first=first, last=last), DimDate)

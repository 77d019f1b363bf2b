"""What happened, one row for each time."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DoubleType, IntegerType, StringType, TimestampType

from lakehouse.contract import Column, DataSet, Rows, Schema, build, conform, doc, table
from lakehouse.domains.users.silver import Users
from lakehouse.quality import Between, NotNull
from lakehouse.transforms.demographics import age_at


@table("gold.fact_registration", key=("user_id",), partitioned_by=("years(registered_on)",))
class FactRegistration(Schema):
    """Who registered when, from where, and how old? One row per registration.

    Its dimensions: ``dim_user`` by ``user_id``, ``dim_date`` by ``registered_on`` = ``day``, ``dim_geography`` by
    ``country_code``, ``state`` and ``city``.
    """

    user_id: Annotated[Column[StringType], doc("Who registered")]
    registered_at: Annotated[Column[TimestampType], doc("Instant of registration", unit="UTC"), NotNull()]
    registered_on: Annotated[Column[DateType], doc("Day of registration", unit="UTC"), NotNull()]
    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2, or unknown")]
    state: Annotated[Column[StringType], doc("State or province, or unknown")]
    city: Annotated[Column[StringType], doc("City, or unknown")]
    email_provider: Annotated[Column[StringType], doc("free, disposable or corporate")]
    age_at_registration: Annotated[Column[IntegerType], doc("Age on that day", unit="years"), Between(0, 120)]
    row_score: Annotated[Column[DoubleType], doc("Score of the row in silver.users, 0 to 1"), Between(0.0, 1.0)]


@build(follows=Rows())
def fact_registration(people: DataSet[Users]) -> DataSet[FactRegistration]:
    """Give the registration of each person; of whom it is not known when, none."""
    day = Users.registered_at.cast("date")
    registrations = people.where(Users.registered_at.isNotNull()).select(
        Users.user_id,
        Users.registered_at,
        day.alias("registered_on"),
        *(
            F.coalesce(place, F.lit("unknown")).alias(place.str)
            for place in (Users.country_code, Users.state, Users.city)
        ),
        Users.email_provider,
        age_at(Users.born_on, day).alias("age_at_registration"),
        Users.quality_score.alias("row_score"),
    )
    return conform(registrations, FactRegistration)

"""The same 23 rules as a contract: what a user of the library writes."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import DateType, DoubleType, IntegerType, StringType, TimestampType

from lakehouse.contract import Column, Schema, doc, table
from lakehouse.quality import Between, EmailSyntax, Holds, Matches, NotNull, OneOf, Unique, Uuid

_NATIONALITIES = ("AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB")
_CONDITIONS = (
    Holds("registered_after_birth", "born_on <= registered_at"),
    Holds("updated_after_registration", "registered_at <= updated_at"),
)
KEY = "user_id"


@table("silver.bench_users", key=(KEY,), rules=_CONDITIONS)
class BenchUsers(Schema):
    """Sixteen columns of people."""

    user_id: Annotated[Column[StringType], doc("Identifier"), NotNull(), Uuid()]
    first_name: Annotated[Column[StringType], doc("Given name"), NotNull()]
    last_name: Annotated[Column[StringType], doc("Family name"), NotNull()]
    email: Annotated[Column[StringType], doc("Address"), NotNull(), EmailSyntax()]
    phone: Annotated[
        Column[StringType], doc("Phone"), NotNull(), Matches(r"(?:\+[0-9]{1,3}[ -])?[0-9][0-9 -]{5,16}[0-9]")
    ]
    gender: Annotated[Column[StringType], doc("As stated"), NotNull(), OneOf("female", "male")]
    age: Annotated[Column[IntegerType], doc("Age as stated", unit="years"), Between(0, 120)]
    country: Annotated[Column[StringType], doc("Country"), NotNull()]
    nationality: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), NotNull(), OneOf(*_NATIONALITIES)]
    city: Annotated[Column[StringType], doc("City"), NotNull()]
    postcode: Annotated[Column[StringType], doc("Postal code"), NotNull(), Matches("[0-9]{5}")]
    born_on: Annotated[Column[DateType], doc("Date of birth"), NotNull()]
    registered_at: Annotated[Column[TimestampType], doc("Instant of registration", unit="UTC"), NotNull()]
    updated_at: Annotated[Column[TimestampType], doc("Instant of the last change", unit="UTC")]
    latitude: Annotated[Column[DoubleType], doc("Latitude", unit="degrees"), Between(-90, 90)]
    longitude: Annotated[Column[DoubleType], doc("Longitude", unit="degrees"), Between(-180, 180)]


@table("silver.bench_unique_users", key=(KEY,), rules=(*_CONDITIONS, Unique(KEY, name=KEY)))
class UniqueBenchUsers(BenchUsers):
    """The same columns and rules, and a key that no two rows share."""

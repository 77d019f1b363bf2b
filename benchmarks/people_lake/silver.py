"""One row per person."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import DateType, IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import Column, DataSet, Pii, Rows, Scored, build, conform, doc, table
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.quality import Between, EmailSyntax, Holds, Matches, NotNull, OneOf, Unique, Uuid
from lakehouse.transforms.text import squeeze, title_case

NATIONALITIES = (
    "AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IN", "IR", "MX", "NL", "NO", "NZ", "RS", "TR",
    "UA", "US",
)  # fmt: skip


@table(
    "silver.users",
    key=("user_id",),
    newest_by=("updated_at", "source_partition", "source_offset"),
    partitioned_by=("bucket(4, user_id)",),
    rules=(
        Unique("user_id"),
        Holds("registered_after_birth", "registered_at >= born_on", because="Nobody registers before being born"),
        Holds(
            "age_fits_birth", "abs(age - floor(months_between(registered_at, born_on) / 12) - years_registered) <= 1"
        ),
    ),
)
class Users(Scored):
    """One row per person; of several messages about a person the newest wins."""

    user_id: Annotated[Column[StringType], doc("Identifier given by the source"), Uuid()]
    gender: Annotated[Column[StringType], doc("As stated"), NotNull(weight=0.5), OneOf("female", "male")]
    title: Annotated[Column[StringType], doc("Form of address")]
    first_name: Annotated[Column[StringType], doc("Given name, trimmed"), NotNull(), Pii.NAME]
    last_name: Annotated[Column[StringType], doc("Family name, trimmed"), NotNull(), Pii.NAME]
    email: Annotated[Column[StringType], doc("Lower-case address"), NotNull(), EmailSyntax(weight=2.0), Pii.CONTACT]
    phone: Annotated[Column[StringType], doc("Landline as the person wrote it"), NotNull(), Pii.CONTACT]
    cell: Annotated[Column[StringType], doc("Mobile as the person wrote it"), Pii.CONTACT]
    street: Annotated[Column[StringType], doc("Street and number"), Pii.LOCATION]
    city: Annotated[Column[StringType], doc("City"), NotNull(weight=0.5)]
    state: Annotated[Column[StringType], doc("State or province")]
    postcode: Annotated[Column[StringType], doc("Postal code"), Matches(r"[\w\s-]{2,12}"), Pii.LOCATION]
    country: Annotated[Column[StringType], doc("Country name as stated"), NotNull()]
    nationality: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), NotNull(), OneOf(*NATIONALITIES)]
    born_on: Annotated[Column[DateType], doc("Date of birth"), NotNull(), Pii.BIRTH]
    age: Annotated[Column[IntegerType], doc("Age as stated", unit="years"), Between(0, 120)]
    registered_at: Annotated[Column[TimestampType], doc("Instant of registration", unit="UTC"), NotNull()]
    years_registered: Annotated[Column[IntegerType], doc("Years since registration, as stated", unit="years")]
    updated_at: Annotated[Column[TimestampType], doc("Instant of the message that won", unit="UTC"), NotNull()]
    source_partition: Annotated[Column[IntegerType], doc("Kafka partition of the message that won")]
    source_offset: Annotated[Column[LongType], doc("Kafka offset of the message that won")]


@build(follows=Rows())
def users(raw: DataSet[UsersRaw]) -> DataSet[Users]:
    """Flatten, trim and normalise; of the rows of a person the table keeps the newest."""
    record = UsersRaw.record.dtype.schema
    location, name = record.location.dtype.schema, record.name.dtype.schema
    street = location.street.dtype.schema
    flat = raw.select(
        F.lower(squeeze(record.login.dtype.schema.uuid)).alias("user_id"),
        F.lower(squeeze(record.gender)).alias("gender"),
        squeeze(name.title).alias("title"),
        title_case(name.first).alias("first_name"),
        title_case(name.last).alias("last_name"),
        F.lower(squeeze(record.email)).alias("email"),
        squeeze(record.phone).alias("phone"),
        squeeze(record.cell).alias("cell"),
        squeeze(F.concat_ws(" ", street.name, street.number)).alias("street"),
        title_case(location.city).alias("city"),
        squeeze(location.state).alias("state"),
        F.upper(squeeze(location.postcode)).alias("postcode"),
        squeeze(location.country).alias("country"),
        F.upper(squeeze(record.nat)).alias("nationality"),
        F.try_to_timestamp(record.dob.dtype.schema.date).cast("date").alias("born_on"),
        record.dob.dtype.schema.age.alias("age"),
        F.try_to_timestamp(record.registered.dtype.schema.date).alias("registered_at"),
        record.registered.dtype.schema.age.alias("years_registered"),
        F.col("kafka_timestamp").alias("updated_at"),
        F.col("partition").alias("source_partition"),
        F.col("offset").alias("source_offset"),
    )
    return conform(flat, Users)

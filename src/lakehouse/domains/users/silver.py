"""What people said of themselves, cleaned, and the newest of it."""

from __future__ import annotations

from typing import Annotated

from pyspark import sql
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DoubleType, IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import Column, DataSet, Pii, Rows, Scored, build, conform, doc, table
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.quality import Between, EmailSyntax, Holds, Matches, NotNull, OneOf, Unique, Uuid
from lakehouse.transforms.countries import country_code
from lakehouse.transforms.demographics import generation, tenure
from lakehouse.transforms.email import parse_email
from lakehouse.transforms.functions import try_cast
from lakehouse.transforms.phone import phone_e164
from lakehouse.transforms.text import squeeze, title_case

NATIONALITIES = (
    "AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IN", "IR", "MX", "NL", "NO", "NZ", "RS", "TR",
    "UA", "US",
)  # fmt: skip
PERSON_RULES = (
    Holds("registered_after_birth", "registered_at >= born_on", because="Nobody registers before being born"),
    Holds("age_fits_birth", "abs(age - floor(months_between(registered_at, born_on) / 12) - years_registered) <= 1"),
)
E164 = r"\+[1-9][0-9]{4,16}"


class Person(Scored):
    """What a message says of a person. What cannot be read as what it should be stays as it was written, or is null."""

    user_id: Annotated[Column[StringType], doc("Identifier given by the source"), Uuid()]
    # Identity
    title: Annotated[Column[StringType], doc("Form of address")]
    first_name: Annotated[Column[StringType], doc("Given name, trimmed"), NotNull(), Pii.NAME]
    last_name: Annotated[Column[StringType], doc("Family name, trimmed"), NotNull(), Pii.NAME]
    # Demographics
    gender: Annotated[Column[StringType], doc("As stated"), NotNull(weight=0.5), OneOf("female", "male")]
    nationality: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), NotNull(), OneOf(*NATIONALITIES)]
    born_on: Annotated[Column[DateType], doc("Date of birth"), NotNull(), Pii.BIRTH]
    age: Annotated[Column[IntegerType], doc("Age as stated", unit="years"), Between(0, 120)]
    generation: Annotated[Column[StringType], doc("Silent, boomer, gen x … by the year of birth")]
    # Contact
    email: Annotated[
        Column[StringType], doc("Address in small letters"), NotNull(), EmailSyntax(weight=2.0), Pii.CONTACT
    ]
    email_provider: Annotated[Column[StringType], doc("free, disposable or corporate; null for what is no address")]
    phone: Annotated[
        Column[StringType], doc("Landline, E.164; as written if it is none"), NotNull(), Matches(E164), Pii.CONTACT
    ]
    cell: Annotated[Column[StringType], doc("Mobile, E.164; as written if it is none"), Matches(E164), Pii.CONTACT]
    street: Annotated[Column[StringType], doc("Street and number"), Pii.LOCATION]
    city: Annotated[Column[StringType], doc("City"), NotNull(weight=0.5)]
    state: Annotated[Column[StringType], doc("State or province")]
    postcode: Annotated[Column[StringType], doc("Postal code"), Matches(r"[\w\s-]{2,12}"), Pii.LOCATION]
    country: Annotated[Column[StringType], doc("Country name as stated"), NotNull()]
    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2 of the country"), NotNull()]
    latitude: Annotated[Column[DoubleType], doc("Latitude", unit="degrees"), Between(-90.0, 90.0), Pii.LOCATION]
    longitude: Annotated[Column[DoubleType], doc("Longitude", unit="degrees"), Between(-180.0, 180.0), Pii.LOCATION]
    # Account
    username: Annotated[Column[StringType], doc("Name of the account"), NotNull(), Pii.IDENTIFIER]
    registered_at: Annotated[Column[TimestampType], doc("Instant of registration", unit="UTC"), NotNull()]
    years_registered: Annotated[Column[IntegerType], doc("Years since registration, as stated", unit="years")]
    tenure: Annotated[Column[StringType], doc("Under 1 year, 1-2 years … at the instant of the message")]
    # Source
    updated_at: Annotated[Column[TimestampType], doc("Instant of the message", unit="UTC"), NotNull()]
    source_partition: Annotated[Column[IntegerType], doc("Kafka partition of the message")]
    source_offset: Annotated[Column[LongType], doc("Kafka offset of the message")]


@table(
    "silver.user_changes",
    key=("source_partition", "source_offset"),
    partitioned_by=("days(updated_at)",),
    rules=PERSON_RULES,
)
class UserChanges(Person):
    """One row per accepted message: all that was ever said of each person."""


@build(follows=Rows())
def user_changes(raw: DataSet[UsersRaw]) -> DataSet[UserChanges]:
    """Flatten each message and bring its values to one form."""
    record = UsersRaw.record.dtype.schema
    login, name, location = record.login.dtype.schema, record.name.dtype.schema, record.location.dtype.schema
    street, coordinates = location.street.dtype.schema, location.coordinates.dtype.schema
    flat = raw.select(
        F.lower(squeeze(login.uuid)).alias("user_id"),
        squeeze(name.title).alias("title"),
        title_case(name.first).alias("first_name"),
        title_case(name.last).alias("last_name"),
        F.lower(squeeze(record.gender)).alias("gender"),
        F.upper(squeeze(record.nat)).alias("nationality"),
        F.try_to_timestamp(record.dob.dtype.schema.date).cast("date").alias("born_on"),
        record.dob.dtype.schema.age.alias("age"),
        F.lower(squeeze(record.email)).alias("stated_email"),
        F.array(squeeze(record.phone), squeeze(record.cell)).alias("stated_numbers"),
        squeeze(F.concat_ws(" ", street.name, street.number)).alias("street"),
        title_case(location.city).alias("city"),
        squeeze(location.state).alias("state"),
        F.upper(squeeze(location.postcode)).alias("postcode"),
        squeeze(location.country).alias("country"),
        country_code(location.country).alias("country_code"),
        try_cast(coordinates.latitude, "double").alias("latitude"),
        try_cast(coordinates.longitude, "double").alias("longitude"),
        squeeze(login.username).alias("username"),
        F.try_to_timestamp(record.registered.dtype.schema.date).alias("registered_at"),
        record.registered.dtype.schema.age.alias("years_registered"),
        F.col("kafka_timestamp").alias("updated_at"),
        F.col("partition").alias("source_partition"),
        F.col("offset").alias("source_offset"),
    )
    # Large expressions, so each stands once: both numbers share one, and all are planned together.
    numbers = F.transform("stated_numbers", lambda number: F.coalesce(_e164(number), number))
    parsed = flat.withColumns({"numbers": numbers, "parsed_email": parse_email(F.col("stated_email"))})
    derived = parsed.withColumns(
        {
            "email": F.coalesce("parsed_email.address", "stated_email"),
            "email_provider": F.col("parsed_email.provider"),
            "phone": F.get("numbers", F.lit(0)),
            "cell": F.get("numbers", F.lit(1)),
            "generation": generation(F.col("born_on")),
            "tenure": tenure(F.col("registered_at"), F.col("updated_at")),
        }
    )
    return conform(derived, UserChanges)


def _e164(number: sql.Column) -> sql.Column:
    return phone_e164(number, country=F.col("country_code"))


@table(
    "silver.users",
    key=("user_id",),
    newest_by=("updated_at", "source_partition", "source_offset"),
    partitioned_by=("bucket(4, user_id)",),
    rules=(Unique("user_id"), *PERSON_RULES),
)
class Users(Person):
    """One row per person: what the newest message says."""


@build(follows=Rows())
def users(changes: DataSet[UserChanges]) -> DataSet[Users]:
    """Give what each message says; of those of a person the table keeps the newest."""
    return conform(changes, Users)

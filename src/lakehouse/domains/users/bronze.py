"""User messages as they arrive: JSON in the format of the RandomUser 1.4 API."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import IntegerType, StringType

from lakehouse.contract import Column, KafkaRecord, Pii, Schema, StructType, doc, required, table


class Name(Schema):
    """How a person is called."""

    title: Column[StringType]
    first: Annotated[Column[StringType], Pii.NAME]
    last: Annotated[Column[StringType], Pii.NAME]


class Street(Schema):
    """A street and the number of the house."""

    number: Column[IntegerType]
    name: Column[StringType]


class Coordinates(Schema):
    """Degrees, as text, the way the source writes them."""

    latitude: Column[StringType]
    longitude: Column[StringType]


class Timezone(Schema):
    """Offset from UTC, and the cities that share it."""

    offset: Column[StringType]
    description: Column[StringType]


class Location(Schema):
    """Where a person lives."""

    street: Column[StructType[Street]]
    city: Column[StringType]
    state: Column[StringType]
    country: Column[StringType]
    postcode: Annotated[Column[StringType], doc("Number or text in the source")]
    coordinates: Annotated[Column[StructType[Coordinates]], Pii.LOCATION]
    timezone: Column[StructType[Timezone]]


class Login(Schema):
    """The account. ``uuid`` identifies the person."""

    uuid: Annotated[Column[StringType], required, doc("Identifier of the person, given by the source")]
    username: Annotated[Column[StringType], Pii.IDENTIFIER]
    password: Annotated[Column[StringType], Pii.CREDENTIAL]
    salt: Annotated[Column[StringType], Pii.CREDENTIAL]
    md5: Annotated[Column[StringType], Pii.CREDENTIAL]
    sha1: Annotated[Column[StringType], Pii.CREDENTIAL]
    sha256: Annotated[Column[StringType], Pii.CREDENTIAL]


class DateAndAge(Schema):
    """An instant, as text, and the years since then."""

    date: Column[StringType]
    age: Annotated[Column[IntegerType], doc("Age at the time of the message", unit="years")]


class NationalId(Schema):
    """A national identifier, such as a tax or insurance number."""

    name: Column[StringType]
    value: Annotated[Column[StringType], Pii.IDENTIFIER]


class Picture(Schema):
    """Addresses of a portrait in three sizes."""

    large: Column[StringType]
    medium: Column[StringType]
    thumbnail: Column[StringType]


class UserMessage(Schema):
    """One message about a person."""

    gender: Column[StringType]
    name: Column[StructType[Name]]
    location: Column[StructType[Location]]
    email: Annotated[Column[StringType], Pii.CONTACT]
    login: Annotated[Column[StructType[Login]], required]
    dob: Annotated[Column[StructType[DateAndAge]], Pii.BIRTH]
    registered: Column[StructType[DateAndAge]]
    phone: Annotated[Column[StringType], Pii.CONTACT]
    cell: Annotated[Column[StringType], Pii.CONTACT]
    id: Column[StructType[NationalId]]
    picture: Column[StructType[Picture]]
    nat: Annotated[Column[StringType], doc("Nationality, ISO 3166-1 alpha-2")]


# By the day of arrival: a batch then writes one day, however late its records are.
@table("bronze.users_raw", partitioned_by=("days(ingested_at)", "dead_letter.reason"))
class UsersRaw(KafkaRecord):
    """One row per Kafka record of the users topic: decoded, or a dead letter with its reason."""

    record: Annotated[Column[StructType[UserMessage]], doc("The decoded message; null for a dead letter")]

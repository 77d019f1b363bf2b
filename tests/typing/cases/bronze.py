"""Mistakes with the record of a stream: a line with an error says so."""

from __future__ import annotations

from pyspark.sql.types import StringType

from lakehouse import Column, DataSet, KafkaRecord, Schema, StructType, build, conform, table


class Location(Schema):
    """Where."""

    city: Column[StringType]


class UserMessage(Schema):
    """A message."""

    email: Column[StringType]
    location: Column[StructType[Location]]


@table("bronze.users_raw")
class UsersRaw(KafkaRecord):
    """Users as they arrive."""

    record: Column[StructType[UserMessage]]


@table("silver.users", key=("email",))
class Users(Schema):
    """People."""

    email: Column[StringType]


@build
def users(raw: DataSet[UsersRaw]) -> DataSet[Users]:
    """As it should be."""
    return conform(raw.select(UsersRaw.record.dtype.schema.email), Users)


def misspelt_field(raw: DataSet[UsersRaw]) -> DataSet[UsersRaw]:
    return raw.where(UsersRaw.record.dtype.schema.locaton.isNull())  # E: "type[UserMessage]" has no attribute "locaton"


def misspelt_field_of_a_field(raw: DataSet[UsersRaw]) -> DataSet[UsersRaw]:
    city = UsersRaw.record.dtype.schema.location.dtype.schema.ctiy  # E: "type[Location]" has no attribute "ctiy"
    return raw.where(city == "Oslo")


def misspelt_column_of_the_record(raw: DataSet[UsersRaw]) -> DataSet[UsersRaw]:
    return raw.where(UsersRaw.ofset > 3)  # E: "type[UsersRaw]" has no attribute "ofset"


def misspelt_column(users: DataSet[Users]) -> DataSet[Users]:
    return users.where(Users.emial == "a")  # E: "type[Users]" has no attribute "emial"


def built_twice(raw: DataSet[UsersRaw]) -> DataSet[Users]:
    return users(users(raw))  # E: Argument 1 to "users" has incompatible type "DataSet[Users]"; expected "DataSet[UsersRaw]"

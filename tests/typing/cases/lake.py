"""What mypy has to see: a line with an error says so."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, DataSet, Schema, StructType, build, conform, doc, table


class Place(Schema):
    """Where."""

    city: Column[StringType]


@table("silver.users", key=("user_id",))
class Users(Schema):
    """People."""

    user_id: Annotated[Column[StringType], doc("Identifier")]
    age: Annotated[Column[IntegerType], doc("Age", unit="years")]
    place: Column[StructType[Place]]


@table("gold.ages", key=("age",))
class Ages(Schema):
    """Ages."""

    age: Column[IntegerType]


@build
def ages(users: DataSet[Users]) -> DataSet[Ages]:
    """A build as it should be."""
    return conform(users.where(Users.age > 3).select(Users.age, Users.place.dtype.schema.city), Ages)


def chain(users: DataSet[Users]) -> DataSet[Ages]:
    """Builds are functions."""
    return ages(users)


def misspelt_column(users: DataSet[Users]) -> DataSet[Users]:
    return users.where(Users.agee > 3)  # E: "type[Users]" has no attribute "agee"


def misspelt_field(users: DataSet[Users]) -> DataSet[Users]:
    return users.where(Users.place.dtype.schema.cty == "Oslo")  # E: "type[Place]" has no attribute "cty"


def frame_of_another_table(some: DataSet[Ages]) -> DataSet[Ages]:
    return ages(some)  # E: Argument 1 to "ages" has incompatible type "DataSet[Ages]"; expected "DataSet[Users]"


@build
def returns_another_table(users: DataSet[Users]) -> DataSet[Ages]:
    return users  # E: Incompatible return value type (got "DataSet[Users]", expected "DataSet[Ages]")


def conforms_to_another_table(users: DataSet[Users]) -> DataSet[Ages]:
    return conform(users, Users)  # E: Argument 2 to "conform" has incompatible type "type[Users]"; expected "type[Ages]"


@build  # E: Value of type variable "FunctionT" of "build" cannot be "Callable[[DataSet[Users]], int]"
def returns_no_table(users: DataSet[Users]) -> int:
    return 1

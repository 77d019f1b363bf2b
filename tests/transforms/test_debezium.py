"""Changes of rows as Debezium writes them, in JSON: bare, wrapped, and what is none."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import DecimalType, LongType, StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, doc, required, table
from lakehouse.contract.change import Change
from lakehouse.contract.table import spec_of
from lakehouse.errors import ContractError
from lakehouse.transforms.decoder import JsonDecoder


class UserRow(Schema):
    """A row of the source."""

    id: Annotated[Column[LongType], required]
    name: Column[StringType]
    share: Column[DecimalType]


class Source(Schema):
    """Where it was read."""

    table: Column[StringType]


class UserChange(Change):
    """A change of a user."""

    before: Annotated[Column[StructType[UserRow]], doc("The row before")]
    after: Annotated[Column[StructType[UserRow]], doc("The row after")]
    source: Column[StructType[Source]]


@table("bronze.user_changes")
class UserChanges(KafkaRecord):
    """Changes of users."""

    record: Column[StructType[UserChange]]


PAYLOAD = spec_of(UserChanges).column("record")
CREATED = {"before": None, "after": {"id": 1, "name": "a"}, "op": "c", "ts_ms": 5, "source": {"table": "users"}}
SCHEMA = {"type": "struct", "fields": [{"field": "before", "type": "struct"}]}


def wrapped(change: Any) -> dict[str, Any]:
    return {"schema": SCHEMA, "payload": change}


BAD: list[tuple[Any, str, str]] = [
    (CREATED | {"op": "x"}, "contract_violation", "op: expected one of c, d, r, t, u, found x"),
    (wrapped(CREATED | {"op": "x"}), "contract_violation", "op: expected one of c, d, r, t, u, found x"),
    ({"after": {"id": 1}}, "missing_required", "op: required, not there"),
    (wrapped({"op": "c", "after": {}}), "missing_required", "after.id: required, not there"),
    (wrapped(CREATED | {"ts_ms": "soon"}), "wrong_type", "ts_ms: expected bigint, found soon"),
    (CREATED | {"ts_ms": "soon"}, "wrong_type", "ts_ms: expected bigint, found soon"),
    (wrapped(None), "missing_required", "op: required, not there"),
    (None, "tombstone", "no fault: it follows a delete"),
]


def decode(spark: SparkSession, *messages: Any) -> list[Row]:
    values = [None if one is None else json.dumps(one).encode() for one in messages]
    df = spark.createDataFrame(list(enumerate(values)), "n int, value binary")
    return JsonDecoder(debezium=True)(df, PAYLOAD, max_bytes=10_000).orderBy("n").collect()


@pytest.fixture(scope="module")
def told(spark: SparkSession) -> list[Row]:
    return decode(spark, *(one for one, _, _ in BAD))


@pytest.mark.parametrize("number", range(len(BAD)), ids=lambda n: f"{BAD[n][1]}-{n}")
def test_what_is_no_change_is_told(told: list[Row], number: int) -> None:
    (_, reason, detail), row = BAD[number], told[number]
    assert (row.reason, row.record) == (reason, None)
    assert detail in row.detail


def test_a_change_is_the_same_bare_or_wrapped(spark: SparkSession) -> None:
    bare, inside = decode(spark, CREATED, wrapped(CREATED))
    assert bare.record == inside.record
    assert (bare.reason, inside.reason, bare.record.op, bare.record.after.name, bare.record.before) == (
        None, None, "c", "a", None,
    )  # fmt: skip


@pytest.mark.parametrize("op", ["c", "u", "d", "r", "t"])
def test_each_operation_is_a_change(op: str) -> None:
    from lakehouse.contract.change import OPERATIONS

    assert op in OPERATIONS


def test_a_message_without_an_operation_is_no_change() -> None:
    plain: type[Schema] = type("Plain", (Schema,), {"__annotations__": {"id": Column[LongType]}})
    raw = type("Raw", (KafkaRecord,), {"__annotations__": {"record": Column[StructType[plain]]}})  # type: ignore[valid-type]
    payload = spec_of(table("bronze.plain")(raw)).column("record")
    with pytest.raises(ContractError, match="no change as Debezium writes it"):
        JsonDecoder(debezium=True).check(payload)

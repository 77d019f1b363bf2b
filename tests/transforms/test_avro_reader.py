"""What a schema has against what a contract wants: readable, or the field that is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from lakehouse.transforms.avro_reader import IncompatibleError, Reader
from lakehouse.transforms.avro_schema import AvroSchemaError, parse_avro
from tests.sources.avro_bytes import record

# A contract in words is read by Spark.
pytestmark = pytest.mark.usefixtures("spark")

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}


def struct(ddl: str) -> StructType:
    session = SparkSession.getActiveSession()
    assert session is not None
    return session.createDataFrame([], ddl).schema


def read(written: Any, wanted: str) -> Any:
    """Give the reader's type of one field ``x``."""
    writer = parse_avro(json.dumps(record("a.R", x=written)))
    schema = Reader(writer).schema(struct(f"x {wanted}"))
    return schema["fields"][0]["type"]


@pytest.mark.parametrize(
    ("written", "wanted", "reader"),
    [
        ("int", "bigint", "int"),
        ("float", "double", "float"),
        ("long", "double", "long"),
        (["null", "string"], "string", ["null", "string"]),
        (["string", "null"], "string", ["null", "string"]),
        (["null", "int", "long"], "bigint", ["null", "long"]),
        ({"type": "string", "logicalType": "uuid"}, "string", "string"),
        (MILLIS, "timestamp", MILLIS),
        (MILLIS, "bigint", "long"),
        (MONEY, "decimal(12,4)", MONEY),
        ("long", "decimal(20,0)", "long"),
        ({"type": "array", "items": "int"}, "array<bigint>", {"type": "array", "items": "int"}),
        ({"type": "map", "values": "int"}, "map<string,int>", {"type": "map", "values": "int"}),
        ("null", "string", ["null", "string"]),
    ],
)
def test_a_field_is_read_as_it_was_written(written: Any, wanted: str, reader: Any) -> None:
    assert read(written, wanted) == reader


@pytest.mark.parametrize(
    ("written", "wanted", "told"),
    [
        ("string", "bigint", "x: the schema has string, the contract bigint"),
        ("long", "int", "x: the schema has long, the contract int"),
        ("double", "float", "x: the schema has double, the contract float"),
        ("long", "timestamp", "x: the schema has long, the contract timestamp"),
        (MILLIS, "date", "x: the schema has long (timestamp-millis), the contract date"),
        (MONEY, "decimal(10,1)", "x: the schema has bytes (decimal), the contract decimal(10,1)"),
        (MONEY, "decimal(8,2)", "x: the schema has bytes (decimal), the contract decimal(8,2)"),
        (MONEY, "string", "x: the schema has bytes (decimal), the contract string"),
        (["null", "string", "int"], "string", "x: the schema has int, the contract string"),
        (["null", MONEY, "bytes"], "binary", "x: the schema has bytes (decimal), the contract binary"),
        ("string", "struct<a: int>", "x: the schema has string, the contract struct<a:int>"),
        (record("S", a="string"), "struct<a: int>", "x.a: the schema has string, the contract int"),
        ({"type": "array", "items": "string"}, "array<int>", "x[]: the schema has string, the contract int"),
        ({"type": "map", "values": "string"}, "map<string,int>", "x{}: the schema has string, the contract int"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(written: Any, wanted: str, told: str) -> None:
    with pytest.raises(IncompatibleError) as error:
        read(written, wanted)
    assert str(error.value) == told


@pytest.mark.parametrize("name", ["x", "X"])
def test_a_field_is_found_in_letters_of_another_case(name: str) -> None:
    writer = parse_avro(json.dumps(record("R", **{name: "int"})))
    assert Reader(writer).schema(struct("x int"))["fields"] == [{"name": name, "type": "int"}]


def test_a_renamed_field_is_found_by_the_alias_that_the_schema_tells() -> None:
    fields = [{"name": "full_name", "aliases": ["name"], "type": "string"}]
    writer = parse_avro(json.dumps({"type": "record", "name": "R", "fields": fields}))
    assert Reader(writer).schema(struct("name string"))["fields"][0]["name"] == "full_name"


@pytest.mark.parametrize(
    "text", ["", "{", '{"type": "record"}', '"Nobody"', '{"type": {}}', "[" * 5000, '{"type": "array"}', "12", "null"]
)
def test_what_is_no_schema_is_told(text: str) -> None:
    with pytest.raises(AvroSchemaError):
        parse_avro(text)


def test_a_schema_that_names_itself_is_read() -> None:
    tree = record("a.b.Node", x="int", next=["null", "Node"])
    written = json.loads(parse_avro(json.dumps(tree)).text())
    assert written["fields"][1]["type"] == ["null", "w.a.b.Node"]

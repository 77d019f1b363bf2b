from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import types as T

from lakehouse import Column, Schema, table
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.evolution import Evolution, LiveTable, evolve, unsaid
from lakehouse.contract.marks import Doc
from lakehouse.contract.partitioning import parse_partition_field
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.graph import discover
from tests.contract.tables import Orders, OrdersRaw

names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
types = st.sampled_from(
    [T.StringType(), T.LongType(), T.DecimalType(9, 2), T.BinaryType(), T.ArrayType(T.DateType()), T.TimestampType()]
)
docs = st.none() | st.builds(Doc, st.text(min_size=1), st.none() | st.just("EUR"))


@st.composite
def specs_of_columns(draw: st.DrawFn, depth: int = 2) -> tuple[ColumnSpec, ...]:
    """Columns, some of them structs of columns."""
    found = []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        inner = draw(specs_of_columns(depth - 1)) if depth and draw(st.integers(0, 3)) == 0 else ()
        kind = T.StructType([T.StructField(c.name, c.type) for c in inner]) if inner else draw(types)
        required = draw(st.booleans())
        found.append(ColumnSpec(name=name, type=kind, doc=draw(docs), required=required, fields=inner))
    return tuple(found)


@st.composite
def contracts(draw: st.DrawFn) -> TableSpec:
    """Any table; one column at least is optional."""
    columns = draw(specs_of_columns())
    columns = (*columns, ColumnSpec(name="z_optional", type=T.StringType()))
    partitioned_by = tuple(parse_partition_field(name) for name in draw(st.sets(st.sampled_from(["a", "days(b)"]))))
    return TableSpec(schema=Schema, name="silver.any", columns=columns, partitioned_by=partitioned_by)


def struct_of(
    columns: tuple[ColumnSpec, ...], *, without: str = "", types: dict[str, T.DataType] | None = None
) -> T.StructType:
    """The columns as the contract would have made them; fields of structs are never required by a table."""
    fields = []
    for column in columns:
        kind = struct_of(column.fields) if column.fields else column.type
        kind = (types or {}).get(column.name, kind)
        fields.append(T.StructField(column.name, kind, not column.required, {"comment": column.comment}))
    return T.StructType([f for f in fields if f.name != without])


def live(
    spec: TableSpec, *, without: str = "", types: dict[str, T.DataType] | None = None, **changed: Any
) -> LiveTable:
    """The table as the contract would have made it, with some differences."""
    struct = struct_of(spec.columns, without=without, types=types)
    made = {
        "struct": struct,
        "key": spec.identity,
        "partitioned_by": spec.partitioned_by,
        "sorted_by": spec.sorted_by,
        "properties": {**table_properties(spec), "comment": spec.comment},
    }
    return LiveTable(**{**made, **changed})


def change(types: dict[str, T.DataType] | None = None, **differences: Any) -> Evolution:
    return evolve(spec_of(Orders), live(spec_of(Orders), types=types, **differences), catalog="lake")


@table("silver.quiet")
class Quiet(Schema):
    name: Column[T.StringType]


@given(contracts())
def test_a_table_that_fits_is_left_alone(spec: TableSpec) -> None:
    assert evolve(spec, live(spec), catalog="lake") == Evolution()


@given(contracts(), st.data())
def test_a_column_that_is_missing_is_added_alone(spec: TableSpec, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from([c for c in spec.columns if not c.required]))
    found = evolve(spec, live(spec, without=column.name), catalog="lake")
    assert (found.refused, len(found.statements)) == ((), 1)
    assert found.statements[0].startswith(f"ALTER TABLE `lake`.`silver`.`any` ADD COLUMN `{column.name}` ")


@given(contracts())
def test_an_empty_table_is_given_each_column_once_or_refused_once(spec: TableSpec) -> None:
    found = evolve(spec, live(spec, struct=T.StructType()), catalog="lake")
    assert len(found.statements) + len(found.refused) == len(spec.columns)
    assert [r.split(":")[0] for r in found.refused] == [c.name for c in spec.columns if c.required]


@pytest.mark.parametrize(
    "spec", [spec_of(Orders), spec_of(OrdersRaw), *discover(["lakehouse.domains"]).tables.values()]
)
def test_a_declared_table_that_fits_is_left_alone(spec: TableSpec) -> None:
    assert evolve(spec, live(spec), catalog="lake") == Evolution()


def test_a_new_column_is_added_with_its_comment() -> None:
    assert change(without="amount").statements == (
        "ALTER TABLE `lake`.`silver`.`orders` ADD COLUMN `amount` decimal(12,2) COMMENT 'Sum with tax [EUR]'",
    )


def test_a_column_that_another_tool_spells_with_capitals_is_refused_with_the_statement_that_renames_it() -> None:
    spec, there = spec_of(Orders), live(spec_of(Orders))
    fields = [T.StructField("eMail", f.dataType) if f.name == "email" else f for f in there.struct.fields]
    found = evolve(spec, live(spec, struct=T.StructType(fields)), catalog="lake")
    (told,) = found.refused
    assert "email: in the table it is spelt 'eMail', and Glue and Athena know lower case alone" in told
    assert "RENAME COLUMN `eMail` TO `email`" in told
    assert [text for text in found.statements if "ADD COLUMN" in text] == []


def test_a_new_field_of_a_struct_is_added() -> None:
    narrow = T.StructType([T.StructField("sku", T.StringType())])
    found = change(types={"first_item": narrow}).statements
    assert (
        "ALTER TABLE `lake`.`silver`.`orders` ADD COLUMN `first_item`.`pieces` int COMMENT 'How many [pieces]'" in found
    )


def test_a_new_struct_is_added_whole_with_the_comments_of_its_fields() -> None:
    (added,) = change(without="first_item").statements
    assert added.endswith(
        "ADD COLUMN `first_item` struct<`sku`: string COMMENT 'Stock keeping unit', "
        "`pieces`: int COMMENT 'How many [pieces]'> COMMENT 'The first line'"
    )


def test_a_comment_that_changed_is_written_again() -> None:
    fields = [
        T.StructField(f.name, f.dataType, f.nullable, {} if f.name == "email" else f.metadata)
        for f in live(spec_of(Orders)).struct.fields
    ]
    assert change(struct=T.StructType(fields)).statements == (
        r"ALTER TABLE `lake`.`silver`.`orders` ALTER COLUMN `email` COMMENT 'The customer\'s address'",
    )


def test_a_comment_of_a_field_that_changed_is_written_again() -> None:
    old = T.StructType([T.StructField("sku", T.StringType()), T.StructField("pieces", T.IntegerType())])
    assert [s.split("orders` ")[1] for s in change(types={"first_item": old}).statements] == [
        "ALTER COLUMN `first_item`.`sku` COMMENT 'Stock keeping unit'",
        "ALTER COLUMN `first_item`.`pieces` COMMENT 'How many [pieces]'",
    ]


def nullability(name: str, nullable: bool) -> T.StructType:
    """The columns of orders, one of them with another nullability."""
    fields = live(spec_of(Orders)).struct.fields
    return T.StructType(
        [T.StructField(f.name, f.dataType, nullable if f.name == name else f.nullable, f.metadata) for f in fields]
    )


def test_an_optional_column_does_not_become_required() -> None:
    (refused,) = change(struct=nullability("order_id", True)).refused
    assert refused.startswith("order_id: declared required, found optional")


def test_a_required_column_becomes_optional() -> None:
    assert change(struct=nullability("email", False)).statements == (
        "ALTER TABLE `lake`.`silver`.`orders` ALTER COLUMN `email` DROP NOT NULL",
    )


@pytest.mark.parametrize(
    ("column", "narrow"), [("order_id", T.IntegerType()), ("discount", T.FloatType()), ("amount", T.DecimalType(8, 2))]
)
def test_a_type_that_only_grows_is_widened(column: str, narrow: T.DataType) -> None:
    found = change(types={column: narrow})
    assert (found.refused, len(found.statements)) == ((), 1)
    declared = spec_of(Orders).column(column).type.simpleString()
    assert found.statements[0].endswith(f"ALTER COLUMN `{column}` TYPE {declared}")


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("discount", T.StringType()),
        ("amount", T.DecimalType(14, 2)),
        ("amount", T.DecimalType(8, 3)),
        ("first_item", T.StringType()),
        ("items", T.ArrayType(T.StringType())),
    ],
)
def test_any_other_change_of_type_is_refused_with_both_types(column: str, other: T.DataType) -> None:
    (refused,) = change(types={column: other}).refused
    assert refused.startswith(f"{column}: declared ")
    assert f"found {other.simpleString()}" in refused


def test_a_column_that_the_contract_does_not_have_is_refused_with_the_way_out() -> None:
    fields = [*live(spec_of(Orders)).struct.fields, T.StructField("old", T.StringType())]
    (refused,) = change(struct=T.StructType(fields)).refused
    assert refused.startswith("old: in the table, not in the contract")
    assert refused.endswith("or ALTER TABLE `lake`.`silver`.`orders` DROP COLUMN `old`")


def test_a_type_is_never_narrowed() -> None:
    item = T.StructType([T.StructField("sku", T.StringType()), T.StructField("pieces", T.LongType())])
    (refused,) = change(types={"first_item": item}).refused
    assert refused.startswith("first_item.pieces: declared int, found bigint")


def test_columns_that_the_contract_does_not_have_are_listed_in_the_order_of_the_table() -> None:
    more = [T.StructField(name, T.StringType()) for name in ("zeta", "alpha", "mu", "beta")]
    found = change(struct=T.StructType([*live(spec_of(Orders)).struct.fields, *more]))
    assert [r.split(":")[0] for r in found.refused] == ["zeta", "alpha", "mu", "beta"]


def test_a_new_required_column_is_refused() -> None:
    assert "order_id: declared required" in change(without="order_id").refused[0]


def test_all_refusals_are_listed_at_once() -> None:
    fields = live(spec_of(Orders), without="order_id", types={"discount": T.StringType(), "email": T.LongType()})
    found = change(struct=T.StructType([*fields.struct.fields, T.StructField("old", T.StringType())]))
    assert [r.split(":")[0] for r in found.refused] == ["order_id", "discount", "email", "old"]


def test_another_partition_spec_is_made_by_dropping_and_adding_fields() -> None:
    found = change(
        partitioned_by=(parse_partition_field("months(ordered_on)"), parse_partition_field("bucket(8, order_id)"))
    )
    assert [s.split("orders` ")[1] for s in found.statements] == [
        "DROP PARTITION FIELD months(`ordered_on`)",
        "ADD PARTITION FIELD days(`ordered_on`)",
    ]


def test_a_docstring_a_key_and_an_order_that_changed_are_set_again() -> None:
    old = {**live(spec_of(Orders)).properties, "comment": "Orders"}
    found = change(properties=old, key=("ordered_on",), sorted_by=("`ordered_on` DESC NULLS LAST",)).statements
    assert [one.split("orders` ")[1] for one in found] == [
        "SET IDENTIFIER FIELDS `order_id`",
        "WRITE LOCALLY ORDERED BY `ordered_on`",
        r"SET TBLPROPERTIES ('comment' = 'One row per order; the customer\'s newest version.')",
    ]


def test_what_a_contract_is_silent_on_is_left_alone_and_listed() -> None:
    spec = spec_of(Quiet)
    struct = T.StructType([T.StructField("name", T.StringType(), True, {"comment": "Full name"})])
    found = live(
        spec, struct=struct, key=("name",), sorted_by=("name",), properties={**table_properties(spec), "a": "b"}
    )
    assert evolve(spec, found, catalog="lake") == Evolution()
    assert [one.split(":")[0] for one in unsaid(spec, found)] == ["key", "sorted_by", "name", "properties"]


def test_properties_that_drifted_are_set_again() -> None:
    found = change(properties={**live(spec_of(Orders)).properties, "format-version": "1", "owner": "me"})
    assert found.statements == ("ALTER TABLE `lake`.`silver`.`orders` SET TBLPROPERTIES ('format-version' = '2')",)


def test_a_stream_table_has_a_partition_of_dead_letters() -> None:
    assert spec_of(OrdersRaw).partitioned_by[0].column == "dead_letter.reason"

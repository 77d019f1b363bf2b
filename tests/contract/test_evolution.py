from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import types as T

from lakehouse.contract.ddl import table_properties
from lakehouse.contract.evolution import Evolution, LiveTable, evolve
from lakehouse.contract.partitioning import parse_partition_field
from lakehouse.contract.table import TableSpec, spec_of
from tests.contract.tables import Orders, OrdersRaw


def live(
    spec: TableSpec, *, without: str = "", types: dict[str, T.DataType] | None = None, **changed: Any
) -> LiveTable:
    """The table as the contract would have made it, with some differences."""
    fields = [
        T.StructField(c.name, (types or {}).get(c.name, c.type), not c.required, {"comment": c.comment})
        for c in spec.columns
        if c.name != without
    ]
    # Comments inside of structs are not compared here.
    made = {"struct": T.StructType(fields), "partitioned_by": spec.partitioned_by, "properties": table_properties(spec)}
    return LiveTable(**{**made, **changed})


def change(types: dict[str, T.DataType] | None = None, **differences: Any) -> Evolution:
    found = evolve(spec_of(Orders), live(spec_of(Orders), types=types, **differences), catalog="lake")
    return Evolution(statements=tuple(s for s in found.statements if "first_item." not in s), refused=found.refused)


def test_a_table_that_fits_is_left_alone() -> None:
    assert change() == Evolution()


def test_a_new_column_is_added_with_its_comment() -> None:
    assert change(without="amount").statements == (
        "ALTER TABLE `lake`.`silver`.`orders` ADD COLUMN amount decimal(12,2) COMMENT 'Sum with tax [EUR]'",
    )


def test_a_new_field_of_a_struct_is_added() -> None:
    narrow = T.StructType([T.StructField("sku", T.StringType())])
    found = evolve(spec_of(Orders), live(spec_of(Orders), types={"first_item": narrow}), catalog="lake")
    assert any("ADD COLUMN first_item.pieces int" in s for s in found.statements)


@pytest.mark.parametrize(
    ("column", "narrow"), [("order_id", T.IntegerType()), ("discount", T.FloatType()), ("amount", T.DecimalType(8, 2))]
)
def test_a_type_that_only_grows_is_widened(column: str, narrow: T.DataType) -> None:
    found = change(types={column: narrow})
    assert (found.refused, len(found.statements)) == ((), 1)
    assert f"ALTER COLUMN {column} TYPE" in found.statements[0]


@pytest.mark.parametrize(
    ("column", "other"),
    [("discount", T.StringType()), ("amount", T.DecimalType(14, 2)), ("amount", T.DecimalType(8, 3))],
)
def test_any_other_change_of_type_is_refused_with_both_types(column: str, other: T.DataType) -> None:
    (refused,) = change(types={column: other}).refused
    assert refused.startswith(f"{column}: declared ")
    assert f"found {other.simpleString()}" in refused


def test_a_column_that_the_contract_does_not_have_is_refused_with_the_way_out() -> None:
    fields = [*live(spec_of(Orders)).struct.fields, T.StructField("old", T.StringType())]
    (refused,) = change(struct=T.StructType(fields)).refused
    assert refused.startswith("old: in the table, not in the contract")
    assert "DROP COLUMN old" in refused


def test_a_new_required_column_is_refused() -> None:
    assert "order_id: declared required" in change(without="order_id").refused[0]


def test_all_refusals_are_listed_at_once() -> None:
    found = change(types={"discount": T.StringType(), "email": T.LongType()})
    assert [r.split(":")[0] for r in found.refused] == ["discount", "email"]


def test_another_partition_spec_is_made_by_dropping_and_adding_fields() -> None:
    found = change(
        partitioned_by=(parse_partition_field("months(ordered_on)"), parse_partition_field("bucket(8, order_id)"))
    )
    assert [s.split("orders` ")[1] for s in found.statements] == [
        "DROP PARTITION FIELD months(`ordered_on`)",
        "ADD PARTITION FIELD days(`ordered_on`)",
    ]


def test_properties_that_drifted_are_set_again() -> None:
    found = change(properties={**table_properties(spec_of(Orders)), "format-version": "1", "owner": "me"})
    assert found.statements == ("ALTER TABLE `lake`.`silver`.`orders` SET TBLPROPERTIES ('format-version' = '2')",)


def test_a_stream_table_has_a_partition_of_dead_letters() -> None:
    assert spec_of(OrdersRaw).partitioned_by[0].column == "dead_letter.reason"

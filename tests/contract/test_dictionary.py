from __future__ import annotations

from dataclasses import replace

from lakehouse.contract.dictionary import dictionary_json, dictionary_markdown
from lakehouse.contract.marks import Doc
from lakehouse.contract.table import spec_of
from tests.contract.tables import Orders, OrdersRaw


def test_the_page_has_a_row_for_every_column_and_field() -> None:
    page = dictionary_markdown([spec_of(Orders)])
    assert "| `first_item.pieces` | int |  |  | How many [pieces] |" in page
    assert "| `email` | string |  | contact | The customer's address |" in page


def test_the_data_form_names_key_and_partitioning() -> None:
    (found,) = dictionary_json([spec_of(Orders)])
    assert (found["key"], found["partitioned_by"]) == (["order_id"], ["days(ordered_on)", "bucket(8, order_id)"])


def test_the_data_form_says_all_of_a_column() -> None:
    (found,) = dictionary_json([spec_of(Orders)])
    by_name = {column["name"]: column for column in found["columns"]}
    assert by_name["order_id"] == {
        "name": "order_id", "type": "bigint", "required": True, "pii": None, "unit": None,
        "meaning": "Number of the order", "rules": [],
    }  # fmt: skip
    assert (by_name["amount"]["unit"], by_name["first_item"]["type"]) == ("EUR", "struct")


def test_tables_stand_in_the_order_in_which_they_are_given() -> None:
    page = dictionary_markdown([spec_of(OrdersRaw), spec_of(Orders)])
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## bronze.orders_raw",
        "## silver.orders",
    ]


def test_a_table_without_key_says_nothing_of_one() -> None:
    assert "key: " not in dictionary_markdown([spec_of(OrdersRaw)])


def test_the_type_of_an_array_is_not_read_as_a_tag_of_html() -> None:
    assert r"| array\<struct\<sku:string,pieces:int>> |" in dictionary_markdown([spec_of(Orders)])


def test_a_meaning_with_bars_and_line_breaks_stays_in_its_cell() -> None:
    spec = spec_of(Orders)
    column = replace(spec.column("email"), doc=Doc("a | b\nc"))
    assert r"| a \| b c |" in dictionary_markdown([replace(spec, columns=(column,))])

from __future__ import annotations

from lakehouse.contract.dictionary import dictionary_json, dictionary_markdown
from lakehouse.contract.table import spec_of
from tests.contract.tables import Orders


def test_the_page_has_a_row_for_every_column_and_field() -> None:
    page = dictionary_markdown([spec_of(Orders)])
    assert "| `first_item.pieces` | int |  |  | How many [pieces] |" in page
    assert "| `email` | string |  | contact | The customer's address |" in page


def test_the_data_form_names_key_and_partitioning() -> None:
    (found,) = dictionary_json([spec_of(Orders)])
    assert (found["key"], found["partitioned_by"]) == (["order_id"], ["days(ordered_on)", "bucket(8, order_id)"])

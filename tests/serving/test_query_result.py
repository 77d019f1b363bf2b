from __future__ import annotations

import csv
import io
import json

from lakehouse.serving.query_result import QueryResult, print_result

RESULT = QueryResult(columns=("name", "n"), rows=(("a,b", 1234), (None, None), ("x" * 60, 5)))


def printed(form: str, result: QueryResult = RESULT) -> str:
    out = io.StringIO()
    print_result(result, out, form=form)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_table_fits_into_80_columns_and_cuts_long_cells() -> None:
    lines = printed("table").splitlines()
    assert max(map(len, lines)) <= 80
    assert any("xxx…" in line for line in lines)


def test_numbers_stand_at_the_right_and_missing_values_are_said() -> None:
    lines = printed("table").splitlines()
    assert lines[1].rstrip().endswith("1,234")
    assert lines[2].split() == ["NULL", "NULL"]


def test_rows_that_were_cut_off_are_mentioned() -> None:
    assert "more were cut off" in printed("table", QueryResult(columns=("a",), rows=((1,),), more=True))


def test_csv_is_read_back_by_a_reader_of_csv() -> None:
    assert list(csv.reader(io.StringIO(printed("csv"))))[:2] == [["name", "n"], ["a,b", "1234"]]


def test_json_is_a_list_of_objects() -> None:
    assert json.loads(printed("json"))[1] == {"name": None, "n": None}

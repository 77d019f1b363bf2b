from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from lakehouse.quality import Gate, RuleScore, TableScore, decide
from lakehouse.quality.report import Report, render_report

counts = st.integers(0, 1000).flatmap(lambda assessed: st.tuples(st.integers(0, assessed), st.just(assessed)))


def rule(name: str, failed: int, assessed: int) -> RuleScore:
    return RuleScore(
        name=name,
        column=name,
        dimension="validity",
        severity="error",
        weight=len(name),
        failed=failed,
        assessed=assessed,
    )


def table(*found: tuple[int, int]) -> TableScore:
    rules = tuple(rule("r" * (n + 1), *pair) for n, pair in enumerate(found))
    return TableScore(table="t.x", rule_set="abc", rows=1000, rows_failed=0, rules=rules)


three = st.tuples(counts, counts, counts).map(lambda pairs: table(*pairs))


@given(three)
def test_a_score_is_none_or_between_0_and_1(found: TableScore) -> None:
    assert found.score is None or 0 <= found.score <= 1


@given(three)
def test_a_score_survives_the_summary_of_a_snapshot(found: TableScore) -> None:
    assert TableScore.from_json(found.to_json()) == found


@given(three, three, three)
def test_scores_of_parts_merge_in_any_order(a: TableScore, b: TableScore, c: TableScore) -> None:
    assert a.merged(b).merged(c) == a.merged(b.merged(c)) == c.merged(a).merged(b)


def test_a_rule_with_nothing_to_judge_is_left_out() -> None:
    assert table((0, 0), (5, 10)).score == 0.5


def test_a_dimension_that_was_not_judged_is_absent() -> None:
    assert table((0, 0)).by_dimension == {}


def test_a_table_without_rows_passes_the_gate() -> None:
    assert decide(table((0, 0)), Gate(minimum=1.0)).passed


def test_a_score_at_the_minimum_passes() -> None:
    assert decide(table((1, 10)), Gate(minimum=0.9)).passed
    assert not decide(table((2, 10)), Gate(minimum=0.9)).passed


def report(**changed: object) -> str:
    made: dict[str, object] = {
        "title": "Run", "finished_at": datetime(2026, 1, 1, tzinfo=UTC), "produced": 10, "bronze_rows": 8,
        "dead_letters": {"wrong_type": 2}, "tables": (table((1, 10)),), "gold": {"gold.x": 8}, "seconds": {"run": 1.0},
        "versions": {},
    }  # fmt: skip
    return render_report(Report(**{**made, **changed}))  # type: ignore[arg-type]


def test_the_report_escapes_what_came_from_data() -> None:
    assert "<script>" not in report(dead_letters={"<script>alert(1)</script>": 2})


def test_a_report_whose_counts_do_not_add_up_says_how_many_are_missing() -> None:
    assert "1 records are unaccounted for" in report(bronze_rows=7)
    assert "unaccounted" not in report()


def test_an_empty_report_says_so() -> None:
    page = report(tables=(), dead_letters={}, gold={}, produced=0, bronze_rows=0)
    assert "No table with rules was built." in page
    assert "every record could be decoded" in page


def test_a_share_that_is_not_whole_is_not_rounded_up_to_it() -> None:
    one_in_a_million = TableScore(table="t.x", rule_set="a", rows=1, rows_failed=1, rules=(rule("r", 1, 1_000_000),))
    assert "99.99 %" in report(tables=(one_in_a_million,))


def test_a_notebook_shows_the_score_the_weakest_rule_and_the_costliest_escaped() -> None:
    shown = dataclasses.replace(table((5, 10), (0, 10)), table="a<b")._repr_html_()
    assert "a&lt;b" in shown
    assert "weakest error rule r 50.00%" in shown
    assert "<td style='text-align:left'>r</td><td>5</td><td>10</td><td>50.00%</td>" in shown


def test_a_notebook_shows_that_there_was_nothing_to_assess() -> None:
    assert "nothing to assess in 1,000 rows" in table((0, 0))._repr_html_()

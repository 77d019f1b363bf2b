"""The report on one table, as a page and for machines."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from lakehouse.quality import Gate, Policy, RuleScore, ScoredAt, TableScore
from lakehouse.quality.bad_rows import BadRow, Cell
from lakehouse.quality.exports import report_json, report_junit, report_markdown
from lakehouse.quality.profile import ColumnProfile, Profile
from lakehouse.quality.table_report import TableReport, render_table_report

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def rule(name: str, failed: int, assessed: int = 100, **more: str) -> RuleScore:
    common = {"column": "c", "dimension": "validity", "severity": "error"} | more
    return RuleScore(name=name, weight=1.0, failed=failed, assessed=assessed, **common)


SCORE = TableScore(
    table="silver.t",
    rule_set="abc",
    rows=100,
    rows_failed=30,
    rules=(rule("small", 1), rule("large", 30, because="<b>because</b> & why"), rule("unjudged", 0, 0)),
)
REPORT = TableReport(
    table="silver.t",
    comment="Things | of <i>some</i> kind",
    made_at=NOON,
    score=SCORE,
    gate=Gate(minimum=0.9, rules={"small": 0.5, "unjudged": 1.0}),
    history=tuple(
        ScoredAt(score=SCORE, measured_at=NOON - timedelta(days=at), run_id=f"r{at}", snapshot_id=at) for at in range(3)
    ),
    bad_rows=(BadRow(cells=(Cell(column="c", text="<script>x</script>", bad=True),), failed=("large",)),),
    version="0.1.0",
)
PROFILE = Profile(
    rows=100,
    sampled=50,
    columns=(
        ColumnProfile(
            name="c", type="string", nulls=7, distinct=3, shortest=1, longest=9, top=(("<a>", 40),), commonest=40
        ),
        ColumnProfile(name="secret", type="string", hidden=True, distinct=90, shortest=3, longest=4, commonest=2),
        ColumnProfile(name="n", type="int", distinct=100, minimum="-5", maximum="6", top=(("1", 1),), commonest=1),
    ),
)
EMPTY = dataclasses.replace(
    REPORT, score=TableScore(table="silver.t", rule_set="", rows=0, rows_failed=0, rules=()), gate=None, history=(),
    bad_rows=(),
)  # fmt: skip


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = render_table_report(REPORT)
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_what_comes_from_data_and_contracts_is_escaped() -> None:
    page = render_table_report(REPORT)
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "&lt;b&gt;because&lt;/b&gt; &amp; why" in page
    assert "<i>some</i>" not in page


def test_a_profile_shows_each_column_and_no_value_of_a_hidden_one() -> None:
    page = render_table_report(dataclasses.replace(REPORT, profile=PROFILE))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page[page.index("<h2>Profile") :]))
    assert "c string 7.00 % 3 1 … 9 characters &lt;a&gt; 40" in text
    assert "secret string 0.00 % 90 3 … 4 characters hidden" in text
    assert "n int 0.00 % 100 -5 … 6 each once" in text
    assert "<h2>Profile" not in render_table_report(REPORT)


def test_rules_stand_in_the_order_of_their_harm() -> None:
    assert [one.name for one in REPORT.rules] == ["large", "small", "unjudged"]


def test_each_demand_holds_is_broken_or_could_not_be_judged() -> None:
    assert [(one.what, one.state) for one in REPORT.demands] == [
        ("score of the table", "broken"),
        ("rule small", "holds"),
        ("rule unjudged", "not judged"),
    ]


def test_the_trend_has_a_point_for_each_publish_and_a_line_for_the_minimum() -> None:
    page = render_table_report(REPORT)
    wide = page[page.index('class="trend wide"') : page.index('class="trend thin"')]
    assert wide.count('class="dot s0"') == 3
    assert "minimum 90 %" in wide


@pytest.mark.parametrize(
    "said",
    ["there is no trend yet", "Nothing was assessed", "Nothing is demanded", "No row of the table failed a rule"],
)
def test_what_is_not_there_is_said(said: str) -> None:
    assert said in render_table_report(EMPTY)


def test_rows_that_went_to_quarantine_are_not_looked_for_in_the_table() -> None:
    aside = dataclasses.replace(REPORT, gate=Gate(policy=Policy.QUARANTINE), bad_rows=())
    assert "The rows that failed are not in the table" in render_table_report(aside)


def test_json_has_the_score_the_demands_and_the_history() -> None:
    data = json.loads(report_json(REPORT))
    assert (data["score"], data["passed"], data["weakest"]) == (pytest.approx(0.845), False, "large")
    assert [one["run_id"] for one in data["history"]] == ["r0", "r1", "r2"]
    assert data["bad_rows"][0]["cells"][0] == {"column": "c", "text": "<script>x</script>", "bad": True}


def test_junit_fails_what_the_gate_demands_and_skips_what_was_not_judged() -> None:
    suite = ET.fromstring(report_junit(REPORT))[0]
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    skipped = [case.get("name") for case in suite if case.find("skipped") is not None]
    assert (failed, skipped) == (["score of the table"], ["rule unjudged", "unjudged"])
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "6", "failures": "1", "skipped": "2",
    }  # fmt: skip


def test_junit_is_valid_xml_whatever_a_text_holds() -> None:
    strange = dataclasses.replace(SCORE, rules=(rule("r", 1, because="\x00 \x0b <&> \ud800"),))
    assert ET.fromstring(report_junit(dataclasses.replace(REPORT, score=strange)))


def test_markdown_keeps_texts_in_their_cells() -> None:
    text = report_markdown(REPORT)
    assert r"Things \| of \<i\>some\</i\> kind" in text
    assert "| large | 30 | 100 | 0 | 70.00 % | error |" in text


@pytest.mark.parametrize("write", [report_json, report_junit, report_markdown, render_table_report])
def test_a_table_without_rows_has_a_report_in_every_form(write: object) -> None:
    assert "silver.t" in write(EMPTY)  # type: ignore[operator]

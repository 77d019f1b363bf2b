"""What is told of a publish that is not like those before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.quality import RuleScore, ScoredAt, TableScore
from lakehouse.quality.anomalies import RelativeChange, RobustZ, Seasonal, find_anomalies

START = datetime(2026, 5, 1, 6, tzinfo=UTC)


def history(*counts: tuple[int, int], every: timedelta = timedelta(days=1), rules: str = "same") -> list[ScoredAt]:
    """Publishes, oldest first as given, newest first as returned; each of some rows of which some fail."""
    found = []
    for at, (rows, failed) in enumerate(counts):
        rule = RuleScore(
            name="r", column="c", dimension="d", severity="error", weight=1.0, failed=failed, assessed=rows
        )
        score = TableScore(table="t", rule_set=rules, rows=rows, rows_failed=failed, rules=(rule,))
        found.append(ScoredAt(score=score, measured_at=START + at * every, run_id=str(at), snapshot_id=at))
    return found[::-1]


STEADY = [(1000, 10), (1010, 11), (990, 9), (1005, 10), (995, 10), (1002, 11)]


def test_a_publish_like_those_before_it_is_usual() -> None:
    assert find_anomalies(history(*STEADY, (1003, 10)), [RobustZ(), RelativeChange()]) == ()


def test_a_jump_is_told_with_what_was_expected_and_from_what() -> None:
    rows, score, share = find_anomalies(history(*STEADY, (200, 100)), [RobustZ()])
    assert rows.line.startswith("rows: 200, expected 1,001 (")
    assert rows.line.endswith("from the median of the last 6")
    assert (score.what, share.what) == ("score", "r failed, share")


def test_one_outlier_in_the_past_does_not_move_what_is_expected() -> None:
    assert [one.what for one in find_anomalies(history(*STEADY, (9, 0), (1003, 10)), [RobustZ()])] == []


def test_too_few_publishes_say_nothing() -> None:
    assert find_anomalies(history((1000, 0), (1, 0)), [RobustZ(), Seasonal()]) == ()


def test_a_monday_is_held_against_mondays() -> None:
    week = [(1000, 0)] * 6 + [(100, 0)]
    sunday, monday = history(*(week * 4)), history(*(week * 4)[:-1])
    detector = Seasonal()
    assert find_anomalies(sunday, [detector]) == ()
    assert find_anomalies(monday, [detector]) == ()
    (found,) = find_anomalies(history(*(week * 4)[:-1], (1000, 0)), [detector])
    assert "from the median of the same time of 7 days, the last 3" in found.line


def test_other_rules_are_no_past_for_scores_but_for_rows() -> None:
    past = history(*STEADY, rules="other")
    newest = history(*STEADY, (10, 10))[:1]
    assert [one.what for one in find_anomalies([*newest, *past], [RobustZ()])] == ["rows"]


def test_the_change_since_the_last_publish_has_a_limit() -> None:
    (found, *_) = find_anomalies(history((1000, 0), (400, 0)), [RelativeChange(at_most=0.5)])
    assert (found.expected.low, found.expected.high, found.detector) == (500, 1500, "RelativeChange")


@given(st.lists(st.integers(1, 10_000), min_size=6, max_size=20))
def test_the_middle_of_the_past_is_always_usual(rows: list[int]) -> None:
    middle = sorted(rows)[len(rows) // 2]
    found = find_anomalies(history(*((count, 0) for count in [*rows, middle])), [RobustZ(floor=1.0)])
    assert "score" not in {one.what for one in found}


@pytest.mark.parametrize("found", [[], history((1, 0))])
def test_without_a_past_nothing_is_unusual(found: list[ScoredAt]) -> None:
    assert find_anomalies(found, [RobustZ(), Seasonal(), RelativeChange()]) == ()

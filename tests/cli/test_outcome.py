"""The facts of a quickstart."""

from __future__ import annotations

from lakehouse.cli.outcome import Outcome


def test_the_balance_is_over_all_topics() -> None:
    outcome = Outcome(produced_by_topic={"users": 6, "orders": 5}, bronze_rows=9, dead_letters={"malformed_json": 2})
    assert (outcome.produced, outcome.balanced) == (11, True)
    outcome.bronze_rows -= 1
    assert not outcome.balanced


def test_a_replayed_dead_letter_counts_once() -> None:
    assert Outcome(produced_by_topic={"users": 2}, bronze_rows=2, dead_letters={"empty": 1}, replayed=1).balanced

"""How long a build will take, from how long it took."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.pipeline.past_runs import PastRun, estimate_seconds

MB = 1_000_000


def runs(*pairs: tuple[int, float]) -> list[PastRun]:
    return [PastRun(bytes_read=size, seconds=seconds) for size, seconds in pairs]


def test_without_past_runs_nothing_is_estimated() -> None:
    assert estimate_seconds([], 1_000) is None


def test_what_is_on_a_line_is_estimated_by_it() -> None:
    assert estimate_seconds(runs((0, 5.0), (100 * MB, 6.0), (1_000 * MB, 15.0)), 500 * MB) == pytest.approx(10.0)


def test_one_run_on_a_busy_cluster_does_not_bend_the_line() -> None:
    usual = [(size * MB, 5.0 + size / 100) for size in range(0, 1_000, 100)]
    assert estimate_seconds(runs(*usual, (500 * MB, 900.0)), 2_000 * MB) == pytest.approx(25.0, rel=0.05)


def test_runs_of_one_size_are_scaled_but_for_a_fixed_part() -> None:
    past = runs((1_000 * MB, 12.0), (1_000 * MB, 12.0))
    found = [estimate_seconds(past, size * MB) for size in (0, 1_000, 2_000)]
    assert found == pytest.approx([2.0, 12.0, 22.0])


@pytest.mark.parametrize("past", [[(1_000, 90.0)], [(1_000, 80.0), (1_001, 90.0)]])
def test_slow_runs_that_read_little_say_nothing_of_the_time_for_a_byte(past: list[tuple[int, float]]) -> None:
    assert estimate_seconds(runs(*past), 10 * MB) == pytest.approx(90.0, abs=5)


def test_where_the_bytes_are_not_known_yet_the_usual_time_is_given() -> None:
    assert estimate_seconds(runs((1, 3.0), (2, 90.0), (3, 4.0)), None) == 4.0


@given(st.lists(st.tuples(st.integers(0, 10**12), st.floats(0, 10**6)), min_size=1, max_size=8), st.integers(0, 10**15))
def test_an_estimate_is_never_negative_and_grows_with_the_bytes(pairs: list[tuple[int, float]], size: int) -> None:
    less, more = (estimate_seconds(runs(*pairs), one) for one in (size, 2 * size))
    assert less is not None
    assert more is not None
    assert 0 <= less <= more

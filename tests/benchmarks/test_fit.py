"""The line that is drawn through the seconds of several sizes."""

from __future__ import annotations

import pytest
from benchmarks.fit import Line
from hypothesis import given
from hypothesis import strategies as st


@given(fixed=st.floats(0.1, 60), each=st.floats(1e-6, 1e-3))
def test_seconds_that_lie_on_a_line_are_not_off_it(fixed: float, each: float) -> None:
    line = Line.through({rows: fixed + each * rows for rows in (100_000, 300_000, 1_000_000)})

    assert line.fixed == pytest.approx(fixed, rel=1e-3)
    assert line.each == pytest.approx(each, rel=1e-3)
    assert line.off == pytest.approx((0, 0, 0), abs=1e-6)


def test_a_size_counts_by_its_share_and_not_by_its_seconds() -> None:
    line = Line.through({1: 2.0, 2: 3.0, 100: 111.0})

    # By seconds alone the great one would draw the line to itself, and the small ones would be off by a third.
    assert max(map(abs, line.off)) < 0.1

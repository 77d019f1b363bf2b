"""What of a batch is new to a table: laws of the arithmetic that keeps records from being lost or doubled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakehouse.catalog.offsets import Ranges, Span, extended, remainder, spans_of

OFFSET = st.integers(0, 50)


def one(first: int, next_: int) -> Ranges:
    return {"t": {"0": (first, next_)}}


def new_offsets(start: int, end: int, held: Ranges) -> set[int]:
    found = remainder({"t": {"0": start}}, {"t": {"0": end}}, held)
    return {offset for span in spans_of(found.fresh) for offset in range(span.first, span.next)}


@given(OFFSET, OFFSET, OFFSET, OFFSET)
def test_no_offset_that_a_table_holds_is_new_to_it(first: int, length: int, start: int, size: int) -> None:
    held = one(first, first + length)
    assert not new_offsets(start, start + size, held) & set(range(first, first + length))


@given(OFFSET, OFFSET, OFFSET, OFFSET)
def test_each_offset_behind_the_table_is_new_or_told_as_a_gap(first: int, length: int, start: int, size: int) -> None:
    found = remainder({"t": {"0": start}}, {"t": {"0": start + size}}, one(first, first + length))
    told = {offset for gap in found.gaps for offset in range(gap.first, gap.next)}
    new = {offset for span in spans_of(found.fresh) for offset in range(span.first, span.next)}
    assert told | new == set(range(first + length, start + size)) | told
    assert not told & new


@given(st.lists(st.integers(1, 20), min_size=1, max_size=10), st.data())
def test_batches_given_in_any_cut_and_again_make_each_offset_once(sizes: list[int], data: st.DataObject) -> None:
    held: Ranges = {}
    taken: list[int] = []
    begin = 0
    for size in sizes:
        again = data.draw(st.integers(0, begin))
        found = remainder({"t": {"0": again}}, {"t": {"0": begin + size}}, held)
        taken += [offset for span in spans_of(found.fresh) for offset in range(span.first, span.next)]
        held = extended(held, found.fresh)
        begin += size
    assert taken == list(range(begin))
    assert held == one(0, begin)


def test_a_partition_that_came_later_begins_at_its_first_record() -> None:
    found = remainder({"t": {"0": 5}}, {"t": {"0": 5, "1": 3}}, one(0, 5))
    assert list(spans_of(found.fresh)) == [Span(topic="t", partition="1", first=0, next=3)]


def test_a_batch_is_whole_when_the_table_holds_nothing_of_it() -> None:
    assert remainder({"t": {"0": 5}}, {"t": {"0": 7}}, one(0, 5)).whole
    assert not remainder({"t": {"0": 4}}, {"t": {"0": 7}}, one(0, 5)).whole

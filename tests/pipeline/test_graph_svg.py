"""The graph of a lake as an SVG, and how its tables are laid out."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.pipeline.graph import FilledBy, discover
from lakehouse.pipeline.graph_drawing import Drawing, drawing_of
from lakehouse.pipeline.graph_drawing_layout import Stop, layout_of
from lakehouse.pipeline.graph_drawing_svg import svg
from tests.pipeline.test_graph_drawing import PARCELS, drawing

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def lakes(draw: st.DrawFn) -> Drawing:
    """Give lakes of up to twelve tables, each built from any of those before it."""
    tables: dict[str, FilledBy | list[str]] = {}
    for number in range(draw(st.integers(1, 12))):
        reads = draw(st.lists(st.sampled_from([*tables]), unique=True, max_size=4)) if tables else []
        tables[f"lake.t{number}"] = reads if reads else FilledBy.STREAM
    return drawing(tables)


def boxes(drawn: Drawing) -> dict[str, tuple[float, float, float, float]]:
    """Give left, top, right and bottom of each table."""
    found = {}
    for group in ElementTree.fromstring(svg(drawn)).iter(f"{SVG}g"):
        left, top = map(float, re.findall(r"[\d.]+", group.attrib["transform"]))
        rect, name = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        assert rect is not None
        assert name is not None
        width, height = float(rect.attrib["width"]), float(rect.attrib["height"])
        found[str(name.text)] = (left, top, left + width, top + height)
    return found


@settings(deadline=None, max_examples=50)
@given(lakes())
def test_every_table_has_a_box_inside_of_the_picture_and_apart_from_the_others(drawn: Drawing) -> None:
    root, found = ElementTree.fromstring(svg(drawn)), boxes(drawn)
    assert set(found) == {node.table for node in drawn.nodes}
    assert min(min(left, top) for left, top, _, _ in found.values()) >= 0
    assert max(right for _, _, right, _ in found.values()) <= float(root.attrib["width"])
    assert max(bottom for _, _, _, bottom in found.values()) <= float(root.attrib["height"])
    several = sorted(found.values())
    assert all(b[0] >= a[2] or b[1] >= a[3] for a, b in pairwise(several)), several


@settings(deadline=None, max_examples=50)
@given(lakes())
def test_every_edge_goes_from_column_to_column_until_its_table(drawn: Drawing) -> None:
    links, depths = set(layout_of(drawn).links), {node.table: node.depth for node in drawn.nodes}
    for read, made in drawn.edges:
        passed = [Stop(read, depth, passing=True) for depth in range(depths[read] + 1, depths[made])]
        assert set(pairwise([Stop(read, depths[read]), *passed, Stop(made, depths[made])])) <= links


@settings(deadline=None, max_examples=50)
@given(lakes())
def test_stops_of_a_column_leave_room_between_them(drawn: Drawing) -> None:
    layout = layout_of(drawn)
    for column in layout.columns:
        for above, below in pairwise(column):
            room = layout.middles[below] - layout.middles[above] - (above.height + below.height) / 2
            assert room > 17


def test_tables_stand_in_the_order_in_which_their_edges_do_not_cross() -> None:
    crossed = drawing({"b.x": FilledBy.STREAM, "b.y": FilledBy.STREAM, "s.y": ["b.y"], "s.x": ["b.x"]})
    first, second = (tuple(stop.table[-1] for stop in column) for column in layout_of(crossed).columns)
    assert first == second


def test_a_chain_is_drawn_as_a_straight_line() -> None:
    chain = drawing({"a.a": FilledBy.STREAM, "a.b": ["a.a"], "a.c": ["a.b"]})
    assert len({top for _, top, _, _ in boxes(chain).values()}) == 1


def test_a_table_stands_level_with_the_one_that_it_is_built_from_where_there_is_room() -> None:
    sources: dict[str, FilledBy | list[str]] = {f"a.source{n}": FilledBy.STREAM for n in range(3)}
    tops = {name: top for name, (_, top, _, _) in boxes(drawing({**sources, "b.last": ["a.source2"]})).items()}
    assert tops["b.last"] == tops["a.source2"] > tops["a.source1"]


def test_an_arrow_ends_at_each_table_that_is_built_from_another() -> None:
    assert svg(PARCELS).count("marker-end") == len(PARCELS.edges)


def test_a_box_says_what_fills_its_table_and_where_on_pointing_at_it() -> None:
    text = svg(drawing_of(discover(["lakehouse.domains"]), ["bronze.users_raw", "silver.users"]))
    assert "stream · 7 columns" in text
    assert "<title>silver.users: lakehouse.domains.users.silver:" in text


def test_what_no_build_or_stream_of_the_lake_fills_looks_different() -> None:
    kinds = [group.attrib["class"] for group in ElementTree.fromstring(svg(PARCELS)).iter(f"{SVG}g")]
    assert kinds == ["stream", "external", "build", "build", "build", "nothing"]


@pytest.mark.parametrize("outside", ["<script", "href", "@import", "http"])
def test_the_picture_needs_nothing_else(outside: str) -> None:
    assert outside not in svg(PARCELS).replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_the_picture_has_colours_for_dark_pages() -> None:
    assert "@media (prefers-color-scheme: dark)" in svg(PARCELS)


def test_the_same_lake_gives_the_same_picture() -> None:
    again = drawing({node.table: list(node.reads) or node.filled_by for node in PARCELS.nodes})
    assert svg(again) == svg(PARCELS)


def test_a_lake_without_tables_is_an_empty_picture() -> None:
    assert ElementTree.fromstring(svg(drawing({}))).findall(f".//{SVG}g") == []

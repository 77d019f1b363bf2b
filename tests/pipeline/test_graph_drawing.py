"""What is drawn of a lake: the tables and edges, as plain data, as Mermaid and as a tree in a terminal."""

from __future__ import annotations

import json

import pytest
from pyspark.sql.types import StringType

from lakehouse import Column, DataSet, Schema, build, table
from lakehouse.pipeline.graph import FilledBy, discover
from lakehouse.pipeline.graph_drawing import Drawing, Node, as_data, drawing_of, mermaid
from lakehouse.pipeline.graph_drawing_tree import tree


def drawing(tables: dict[str, FilledBy | list[str]]) -> Drawing:
    """Give a drawing of tables, each with what fills it or what it is built from; silver.a is built in lake.silver."""
    nodes: dict[str, Node] = {}
    for name, given in tables.items():
        reads = given if isinstance(given, list) else []
        nodes[name] = Node(
            table=name,
            filled_by=FilledBy.BUILD if isinstance(given, list) else given,
            columns=3,
            reads=tuple(reads),
            depth=max((nodes[read].depth + 1 for read in reads if read in nodes), default=0),
            build="make" if isinstance(given, list) else None,
            source=f"lake.{name}:7" if isinstance(given, list) else None,
        )
    return Drawing(nodes=tuple(nodes.values()))


PARCELS = drawing(
    {
        "bronze.scans": FilledBy.STREAM,
        "other.depots": FilledBy.EXTERNAL,
        "silver.parcels": ["bronze.scans", "other.depots"],
        "silver.routes": ["silver.parcels"],
        "gold.load": ["silver.parcels", "silver.routes"],
        "gold.later": FilledBy.NOTHING,
    }
)


@table("lake.source", external=True)
class Source(Schema):
    name: Column[StringType]


@table("lake.far")
class Far(Schema):
    name: Column[StringType]


@table("lake.near")
class Near(Schema):
    name: Column[StringType]


@build
def far(source: DataSet[Source], near: DataSet[Near]) -> DataSet[Far]:
    raise AssertionError


@build
def near(source: DataSet[Source]) -> DataSet[Near]:
    raise AssertionError


def test_a_table_is_as_deep_as_its_longest_way_from_a_source_and_comes_after_what_it_is_built_from() -> None:
    graph = discover([__name__])
    found = [(node.table, node.depth) for node in drawing_of(graph, graph.tables).nodes]
    assert found == [("lake.source", 0), ("lake.near", 1), ("lake.far", 2)]


def test_a_part_of_the_lake_has_the_edges_between_its_tables_and_starts_at_depth_0() -> None:
    tables = ["silver.user_changes", "silver.users", "gold.geo_distribution"]
    found = drawing_of(discover(["lakehouse.domains"]), tables)
    assert found.edges == (("silver.user_changes", "silver.users"), ("silver.users", "gold.geo_distribution"))
    assert [node.depth for node in found.nodes] == [0, 1, 2]


def test_plain_data_says_what_fills_a_table_and_where_in_words_of_no_machine() -> None:
    found = as_data(drawing_of(discover(["lakehouse.domains"]), ["bronze.users_raw", "silver.user_changes"]))
    raw, changes = found["nodes"]
    assert raw == {"table": "bronze.users_raw", "kind": "stream", "build": None, "source": None, "columns": 7}
    assert (changes["kind"], changes["build"]) == ("build", "user_changes")
    assert changes["source"].rpartition(":")[0] == "lakehouse.domains.users.silver"
    assert found["edges"] == [{"from": "bronze.users_raw", "to": "silver.user_changes"}]
    assert "/" not in json.dumps(found)


def test_mermaid_has_a_frame_per_namespace_a_shape_per_filler_and_an_arrow_per_edge() -> None:
    assert mermaid(PARCELS).splitlines() == [
        "flowchart LR",
        '  subgraph ns_bronze["bronze"]',
        '    t_bronze_scans(["bronze.scans"])',
        "  end",
        '  subgraph ns_other["other"]',
        '    t_other_depots[/"other.depots"/]',
        "  end",
        '  subgraph ns_silver["silver"]',
        '    t_silver_parcels["silver.parcels"]',
        '    t_silver_routes["silver.routes"]',
        "  end",
        '  subgraph ns_gold["gold"]',
        '    t_gold_load["gold.load"]',
        '    t_gold_later["gold.later (nothing fills it)"]',
        "  end",
        "  t_bronze_scans --> t_silver_parcels",
        "  t_other_depots --> t_silver_parcels",
        "  t_silver_parcels --> t_silver_routes",
        "  t_silver_parcels --> t_gold_load",
        "  t_silver_routes --> t_gold_load",
    ]


def test_names_that_differ_in_where_the_dot_is_are_two_nodes_in_mermaid() -> None:
    text = mermaid(drawing({"a_b.c": FilledBy.STREAM, "a.b_c": ["a_b.c"], "a_.b_c": ["a.b_c"]}))
    assert "  t_a__b_c --> t_a_b__c\n  t_a_b__c --> t_a___b__c\n" in text


def test_the_tree_has_each_table_once_under_its_deepest_input_and_names_the_others() -> None:
    assert tree(PARCELS, width=80).plain.splitlines() == [
        "bronze.scans          filled by a stream",
        "└─ silver.parcels     lake.silver.parcels:7",
        "   │                  also reads other.depots",
        "   │                  also feeds gold.load",
        "   └─ silver.routes   lake.silver.routes:7",
        "      └─ gold.load    lake.gold.load:7",
        "                      also reads silver.parcels",
        "other.depots          filled from outside of the lake",
        "                      also feeds silver.parcels",
        "gold.later            nothing fills it",
    ]


def test_guides_go_on_beside_the_tables_between_two_branches() -> None:
    forks = drawing({"a.a": FilledBy.STREAM, "a.b": ["a.a"], "a.c": ["a.b"], "a.d": ["a.a"]})
    assert [line.split("   lake")[0].rstrip() for line in tree(forks, width=80).plain.splitlines()[1:]] == [
        "├─ a.b",
        "│  └─ a.c",
        "└─ a.d",
    ]


def test_what_a_table_reads_outside_of_the_drawing_is_in_its_note() -> None:
    assert tree(drawing({"gold.load": ["silver.parcels"]}), width=80).plain.splitlines() == [
        "gold.load   lake.gold.load:7",
        "            reads silver.parcels",
    ]


def test_without_room_beside_the_names_the_notes_stand_under_them() -> None:
    assert tree(PARCELS, width=40).plain.splitlines()[:4] == [
        "bronze.scans",
        "│  filled by a stream",
        "└─ silver.parcels",
        "   │  lake.silver.parcels:7",
    ]


@pytest.mark.parametrize("width", [44, 60, 80, 200])
def test_no_line_of_a_tree_is_wider_than_the_terminal(width: int) -> None:
    sources: dict[str, FilledBy | list[str]] = {f"bronze.source_number_{n}": FilledBy.STREAM for n in range(9)}
    lines = tree(drawing({**sources, "silver.joined": list(sources)}), width=width).plain.splitlines()
    assert max(map(len, lines)) <= width


def test_a_chain_longer_than_python_calls_is_drawn() -> None:
    chain: dict[str, FilledBy | list[str]] = {"a.t0": FilledBy.STREAM}
    chain |= {f"a.t{n}": [f"a.t{n - 1}"] for n in range(1, 1100)}
    assert "└─ a.t1099" in tree(drawing(chain), width=80).plain


def test_a_lake_without_tables_is_an_empty_drawing() -> None:
    empty = drawing({})
    assert (tree(empty, width=80).plain, mermaid(empty), as_data(empty)) == (
        "",
        "flowchart LR\n",
        {"nodes": [], "edges": []},
    )

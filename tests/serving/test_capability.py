"""What a reader cannot take is told before it is published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyiceberg import types as iceberg
from pyiceberg.catalog import load_catalog
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot, Summary

from lakehouse.errors import ServingError
from lakehouse.serving.capability import LIMITS, Feature, Verdict, features, lint, refuse

GUIDE = Path(__file__).parent.parent.parent / "docs" / "snowflake.md"
Make = Callable[..., Table]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    catalog = load_catalog("lake", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/wh")
    catalog.create_namespace("gold")

    def made(**columns: iceberg.IcebergType) -> Table:
        fields = (
            iceberg.NestedField(n, name, kind, required=False) for n, (name, kind) in enumerate(columns.items(), 1)
        )
        return catalog.create_table("gold.made", Schema(*fields))

    return made


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"a": iceberg.LongType()}, set()),
        ({"A": iceberg.LongType()}, {Feature.MIXED_CASE}),
        ({"a": iceberg.LongType(), "A": iceberg.LongType()}, {Feature.MIXED_CASE, Feature.SAME_IN_UPPER_CASE}),
        ({"a": iceberg.TimestampType()}, {Feature.LOCAL_TIMESTAMPS}),
        ({"a": iceberg.ListType(2, iceberg.TimestampType())}, {Feature.LOCAL_TIMESTAMPS}),
        ({"a": iceberg.MapType(2, iceberg.DateType(), 3, iceberg.LongType())}, {Feature.MAP_KEYS}),
        (
            {"a": iceberg.TimeType(), "b": iceberg.FixedType(2), "c": iceberg.UUIDType()},
            {Feature.TIMES, Feature.FIXED, Feature.UUIDS},
        ),
        ({"a": iceberg.MapType(2, iceberg.StringType(), 3, iceberg.LongType())}, set()),
    ],
)
def test_what_a_schema_has_is_found(make: Make, columns: dict[str, iceberg.IcebergType], found: set[Feature]) -> None:
    assert set(features(make(**columns))) == found


def with_equality_deletes() -> Any:
    # No writer of ours makes them; Flink does.
    summary = Summary(Operation.DELETE, **{"total-equality-deletes": "7"})
    head = Snapshot(snapshot_id=1, manifest_list="m", timestamp_ms=1, summary=summary)
    return SimpleNamespace(current_snapshot=lambda: head, format_version=3, schema=Schema)


def test_equality_deletes_are_refused_for_snowflake_with_what_to_do() -> None:
    findings = lint(with_equality_deletes(), name="silver.x", engine="snowflake")
    with pytest.raises(ServingError, match=r"silver\.x: snowflake, equality deletes.*\n.*lakehouse maintain"):
        refuse(findings)


def test_what_is_only_warned_of_is_not_refused() -> None:
    found = [one for one in lint(with_equality_deletes(), name="t", engine="snowflake") if "version 3" in str(one)]
    assert [one.limit.verdict for one in found] == [Verdict.WARNED]
    refuse(found)


@pytest.mark.parametrize(("engine", "refused"), [("athena", 2), ("redshift", 3), ("snowflake", 0), ("duckdb", 0)])
def test_a_type_that_a_reader_does_not_have_is_refused_for_that_reader(make: Make, engine: str, refused: int) -> None:
    table = make(a=iceberg.TimeType(), b=iceberg.FixedType(2), c=iceberg.UUIDType())
    found = [one for one in lint(table, name="gold.made", engine=engine) if one.limit.verdict is Verdict.REFUSED]
    assert len(found) == refused


def test_the_guide_shows_each_limit_of_each_reader() -> None:
    engines = list(dict.fromkeys(one.engine for one in LIMITS))
    cells = {(one.feature, one.engine): f"{one.verdict}: {one.why}" for one in LIMITS}
    lines = [f"| a table has | {' | '.join(engines)} |", "|---" * (1 + len(engines)) + "|"]
    for feature in dict.fromkeys(one.feature for one in LIMITS):
        lines.append(f"| {feature} | {' | '.join(cells.get((feature, one), '') for one in engines)} |")
    assert "\n".join(lines) in GUIDE.read_text()


def test_each_limit_has_its_source() -> None:
    assert [one for one in LIMITS if "docs" not in one.source] == []

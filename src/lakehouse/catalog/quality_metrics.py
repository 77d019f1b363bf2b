"""``quality.metrics``: the scores of tables, with their snapshots, so that they outlive those."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyspark.sql.types import DoubleType, LongType, StringType, TimestampType

from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake, find_table
from lakehouse.catalog.log_table import Rows, add_to_log
from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table
from lakehouse.quality.table_score import RuleScore, ScoredAt, TableScore


@table("quality.metrics", partitioned_by=("table_name",), external=True)
class QualityMetrics(Schema):
    """One row per score and rule, and one, without a rule, for the score itself."""

    table_name: Annotated[Column[StringType], required, doc("Table that was scored")]
    snapshot_id: Annotated[Column[LongType], required, doc("Snapshot that was scored")]
    run_id: Annotated[Column[StringType], required, doc("Run that scored it")]
    measured_at: Annotated[Column[TimestampType], required, doc("Instant of that run", unit="UTC")]
    rule_set: Annotated[Column[StringType], doc("Fingerprint of the rules")]
    rule: Annotated[Column[StringType], doc("Rule; null for the table as a whole")]
    dimension: Annotated[Column[StringType], doc("Dimension of the rule")]
    severity: Annotated[Column[StringType], doc("error or warn")]
    failed: Annotated[Column[LongType], required, doc("Rows that fail; of the table: that fail an error rule")]
    assessed: Annotated[Column[LongType], required, doc("Rows that could be judged; of the table: all")]
    score: Annotated[Column[DoubleType], doc("0 to 1; null when nothing could be judged")]
    details: Annotated[Column[StringType], doc("What else is known of the rule, as JSON")]


def record(lake: Lake, name: str) -> int:
    """Copy the scores of a table's publishes that are not in ``quality.metrics`` yet; gives how many publishes.

    It can be run at any time and any number of times. Cost: the metrics of the table are read, and one small append.
    """
    added = 0

    def new_rows(target: Table) -> Rows:
        nonlocal added
        there = set(_read(target, name, "run_id")["run_id"].to_pylist())
        new = [one for one in _published(lake.table(name)) if one.run_id not in there]
        added = len(new)
        return [row for one in new for row in _rows(one)]

    add_to_log(lake, spec_of(QualityMetrics), new_rows)
    return added


def save(lake: Lake, scored: ScoredAt) -> None:
    """Keep the score of a snapshot that was not made by a publish. Cost: one small append."""
    add_to_log(lake, spec_of(QualityMetrics), lambda _: list(_rows(scored)))


def past_scores(catalog: Catalog, name: str, *, most: int = 100) -> list[ScoredAt]:
    """Give the scores of a table, newest first, from the table of metrics and from the ledger of its publishes.

    Cost: metadata, and the table's part of the metrics; no session.
    """
    found: dict[tuple[int, str], ScoredAt] = {}
    live, metrics = find_table(catalog, name), find_table(catalog, spec_of(QualityMetrics).name)
    if metrics is not None:
        found |= {(one.snapshot_id, one.run_id): one for one in _from_rows(name, _read(metrics, name).to_pylist())}
    found |= {(one.snapshot_id, one.run_id): one for one in (_published(live) if live else ())}
    return sorted(found.values(), key=lambda one: one.measured_at, reverse=True)[:most]


def _read(metrics: Table, name: str, *columns: str) -> pa.Table:
    return metrics.scan(row_filter=f"table_name == '{name}'", selected_fields=columns or ("*",)).to_arrow()


def _published(table: Table) -> Iterator[ScoredAt]:
    """Give the scores that the ledger of a table has."""
    for entry in ledger.history(table):
        if entry.table_score is not None and entry.snapshot_id is not None and not entry.is_part:
            yield ScoredAt(
                score=entry.table_score,
                measured_at=entry.published_at,
                run_id=entry.run_id,
                snapshot_id=entry.snapshot_id,
            )


def _rows(scored: ScoredAt) -> Iterator[dict[str, Any]]:
    found = scored.score
    common = {
        "table_name": found.table,
        "snapshot_id": scored.snapshot_id,
        "run_id": scored.run_id,
        "measured_at": scored.measured_at,
        "rule_set": found.rule_set,
    }
    yield common | {"failed": found.rows_failed, "assessed": found.rows, "score": found.score}
    for rule in found.rules:
        yield common | {
            "rule": rule.name,
            "dimension": rule.dimension,
            "severity": rule.severity,
            "failed": rule.failed,
            "assessed": rule.assessed,
            "score": rule.score,
            "details": json.dumps(asdict(rule), ensure_ascii=False),
        }


def _from_rows(name: str, rows: list[dict[str, Any]]) -> Iterator[ScoredAt]:
    rules: dict[tuple[int, str], list[RuleScore]] = {}
    for row in rows:
        if row["rule"] is not None:
            at = (row["snapshot_id"], row["run_id"])
            rules.setdefault(at, []).append(RuleScore(**json.loads(row["details"])))
    for row in rows:
        if row["rule"] is None:
            score = TableScore(
                table=name,
                rule_set=row["rule_set"],
                rows=row["assessed"],
                rows_failed=row["failed"],
                rules=tuple(rules.get((row["snapshot_id"], row["run_id"]), ())),
            )
            yield ScoredAt(
                score=score, measured_at=row["measured_at"], run_id=row["run_id"], snapshot_id=row["snapshot_id"]
            )

"""Scores of tables as they stand: only what changed is scanned again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import pytest
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, KafkaRecord, Schema, StructType, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.quality_metrics import past_scores, save
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.score_table import Scoring, score_table
from lakehouse.quality import Between, Holds, NotNull, RuleSet, TableScore, Unique, rule_set

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Parcel(Schema):
    """Parcels."""

    code: Annotated[Column[StringType], NotNull()]
    weight: Annotated[Column[IntegerType], Between(0, 100)]


@dataclasses.dataclass
class Parcels:
    """A table of parcels under test."""

    lake: Lake
    spec: TableSpec
    runs: int = 0

    @property
    def rules(self) -> RuleSet:
        return rule_set(self.spec)

    def append(self, *rows: tuple[str | None, int]) -> None:
        self.lake.refresh(self.spec.name)
        df = self.lake.spark.createDataFrame(list(rows), "code string, weight int")
        df.writeTo(full_name(self.spec, catalog=self.lake.name)).append()

    def sql(self, statement: str) -> None:
        self.lake.spark.sql(statement.format(table=full_name(self.spec, catalog=self.lake.name)))

    def score(self, rules: RuleSet | None = None, *, full: bool = False, keep: bool = True) -> Scoring:
        self.runs += 1
        run_id = f"run{self.runs}"
        return score_table(
            self.lake, self.spec, rules or self.rules, run_id=run_id, instant=NOW.replace(minute=self.runs), full=full,
            keep=keep,
        )  # fmt: skip

    def pretend_a_million_rows(self) -> None:
        """Exchange the newest score for one that no scan of the table could give."""
        newest = past_scores(self.lake.catalog, self.spec.name)[0]
        rules = [dataclasses.replace(one, assessed=one.assessed + 1_000_000) for one in newest.score.rules]
        score = dataclasses.replace(newest.score, rows=newest.score.rows + 1_000_000, rules=tuple(rules))
        moved = newest.measured_at.replace(hour=13)
        save(self.lake, dataclasses.replace(newest, score=score, measured_at=moved, run_id="pretended"))


@pytest.fixture
def parcels(lake: Lake, unique: str) -> Parcels:
    fresh = type("Fresh", (Parcel,), {"__annotations__": {}})
    spec = spec_of(table(f"silver.{unique}", rules=(Unique("code"),))(fresh))
    lake.ensure(spec)
    found = Parcels(lake, spec)
    found.append(("a", 1), ("b", 2), (None, 500))
    return found


def counts(score: TableScore) -> Sequence[tuple[str, int, int]]:
    return [(one.name, one.failed, one.assessed) for one in score.rules]


def test_appended_rows_are_counted_in_addition_to_the_score_before(parcels: Parcels) -> None:
    first = parcels.score()
    parcels.append(("c", 3), (None, -1))
    second = parcels.score()
    assert second.added_to == first.snapshot_id
    assert second.score == parcels.score(full=True, keep=False).score
    assert (second.score.rows, second.score.rows_failed) == (5, 2)


def test_rows_that_were_scored_are_not_scanned_again(parcels: Parcels) -> None:
    parcels.score()
    parcels.pretend_a_million_rows()
    parcels.append(("c", 3), ("d", -1))
    assert (parcels.score().score.rows, parcels.score(full=True).score.rows) == (1_000_005, 5)


def test_a_compaction_keeps_the_counts(parcels: Parcels) -> None:
    parcels.append(("c", 3))
    parcels.score()
    parcels.pretend_a_million_rows()
    parcels.sql("CALL lake.system.rewrite_data_files(table => '{table}', options => map('rewrite-all', 'true'))")
    parcels.append(("d", 4))
    assert parcels.score().score.rows == 1_000_005


def test_counts_of_rows_that_went_are_subtracted(parcels: Parcels) -> None:
    parcels.append(("c", -3), ("d", 4))
    first = parcels.score()
    parcels.sql("DELETE FROM {table} WHERE code = 'c'")
    second = parcels.score()
    assert second.added_to == first.snapshot_id
    assert second.score == parcels.score(full=True, keep=False).score
    assert (second.score.rows, second.score.rows_failed) == (4, 1)


def test_a_change_of_rows_is_counted_as_one_that_went_and_one_that_came(parcels: Parcels) -> None:
    parcels.append(("c", -3), ("d", 4))
    parcels.score()
    parcels.sql("UPDATE {table} SET weight = 5 WHERE code = 'c'")
    found = parcels.score()
    assert (found.added_to is not None, found.score.rows, found.score.rows_failed) == (True, 5, 1)


def test_a_change_of_every_row_brings_a_scan_of_all(parcels: Parcels) -> None:
    parcels.score()
    parcels.sql("UPDATE {table} SET weight = 1")
    found = parcels.score()
    assert (found.added_to, found.score.rows_failed) == (None, 1)


def test_other_rules_bring_a_scan_of_all(parcels: Parcels) -> None:
    parcels.score()
    found = parcels.score(rule_set(parcels.spec, more=[("", Holds("light", "weight < 2"))]))
    assert (found.added_to, found.score.rules[-2].name) == (None, "light")


def test_table_rules_see_the_rows_before_too(parcels: Parcels) -> None:
    parcels.score()
    parcels.append(("a", 7))
    found = parcels.score()
    assert counts(found.score)[-1] == ("code_unique", 2, 3)
    assert found.added_to is not None


def test_a_score_that_is_not_kept_is_no_start_for_the_next(parcels: Parcels) -> None:
    parcels.score(keep=False)
    assert parcels.score().added_to is None


def test_dead_letters_of_a_bronze_table_are_not_scored(lake: Lake, unique: str) -> None:
    raw = type("Raw", (KafkaRecord,), {"__annotations__": {"record": Column[StructType[Parcel]]}})
    rules = (Holds("has_code", "record.code IS NOT NULL"),)
    spec = spec_of(table(f"bronze.{unique}", partitioned_by=("dead_letter.reason",), rules=rules)(raw))
    lake.ensure(spec)
    good = "named_struct('code', 'a', 'weight', 1)"
    fields = ("detail", "key", "value", "headers", "schema_id", "library_version")
    empty = ", ".join(f"'{name}', null" for name in fields)
    dead = f"named_struct('reason', 'empty', {empty})"
    columns = "topic, partition, offset, kafka_timestamp, ingested_at, record, dead_letter"
    for record, letter in ((good, "null"), ("null", dead)):
        values = f"SELECT 't', 0, 0, now(), now(), {record}, {letter}"
        lake.spark.sql(f"INSERT INTO {full_name(spec, catalog='lake')} ({columns}) {values}")
    found = score_table(lake, spec, rule_set(spec), run_id="r", instant=NOW, keep=False)
    assert (found.score.rows, found.score.rows_failed) == (1, 0)

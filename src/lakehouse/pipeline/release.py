"""Repair rows that were set aside and put them back, once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.catalog.quality_metrics import record
from lakehouse.catalog.retention import Retention
from lakehouse.contract.conform import conform
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError
from lakehouse.pipeline.quarantine import mark_repaired, put_back, quarantine_spec, released_rows
from lakehouse.pipeline.scored_write import branch_rows
from lakehouse.quality import RuleSet, measure, with_quality
from lakehouse.quality.mask import failed_any


@dataclass(frozen=True, kw_only=True)
class Released:
    """What a release did: rows that were chosen, those that hold the rules now, and those that were put back.

    Fewer are put back than hold where the table has a row of the same key by now: the newer one stays.
    """

    chosen: int
    repaired: int
    put_back: int
    still_failing: Mapping[str, int] = field(default_factory=dict)


def release(
    lake: Lake,
    spec: TableSpec,
    *,
    rules: RuleSet,
    repairs: Mapping[str, str],
    where: str | None,
    run_id: str,
    retention: Retention | None = None,
    dry_run: bool = False,
) -> Released:
    """Repair rows in quarantine and put those that hold all error rules back into their table, in one publish.

    It can be killed and started again: what was repaired is kept in the quarantine first, and a row goes back only
    where its key is not there. Cost: the quarantine and the table's keys are read.

    Args:
        rules: Those of the table, with what files add.
        repairs: Column → SQL over the row's columns, such as ``{"email": "lower(trim(email))"}``; none takes the rows
            as they are, for when a rule was changed.
        where: SQL over the row's columns that chooses rows; None takes all that wait.
        retention: Which publishes of the table are kept; without it all are, for as long as by default.
        dry_run: Count only.

    Raises:
        ConfigError: A repair names no column of the table, or is no SQL over its columns.
        TableNotFoundError: Nothing was ever set aside.
        PublishConflictError: Another run published the table in between; start it again.
    """
    lake.table(quarantine_spec(spec).name, todo=f"no row of {spec.name} was set aside so far")
    instant = datetime.now(UTC)
    repaired = with_quality(_repaired(lake, spec, repairs, where), rules)
    good = repaired.where(~failed_any(rules))
    judged = repaired.groupBy(failed_any(rules).alias("failing"), "failed_rules").count().collect()
    chosen = sum(row["count"] for row in judged)
    holding = sum(row["count"] for row in judged if row["failing"] is False)
    still: Counter[str] = Counter()
    for row in judged:
        still.update(dict.fromkeys(row["failed_rules"], row["count"]) if row["failing"] else {})
    if dry_run:
        return Released(chosen=chosen, repaired=holding, put_back=0, still_failing=still)
    if holding:
        own = [column.name for column in spec.columns if not column.generated]
        mark_repaired(lake, spec, good.select("row_id", F.struct(*own).alias("repaired")), instant)
    before = ledger.latest(lake.table(spec.name))
    waiting = released_rows(lake, spec, lake.rows(spec)).count()
    if waiting and before:
        audit = open_audit(lake, spec, run_id=run_id)
        put_back(audit, rules)
        found = measure(branch_rows(audit), rules)
        entry = dataclasses.replace(
            before, run_id=run_id, published_at=instant, score=found.to_json(), strategy="", bytes_read=0, seconds=0.0
        )
        publish(audit, entry, retention)
        record(lake, spec.name)
    return Released(chosen=chosen, repaired=holding, put_back=waiting if before else 0, still_failing=still)


def _repaired(lake: Lake, spec: TableSpec, repairs: Mapping[str, str], where: str | None) -> DataFrame:
    own = [column.name for column in spec.columns if not column.generated]
    unknown = [name for name in repairs if name not in own]
    if unknown:
        raise ConfigError(f"{spec.name} has no column {', '.join(unknown)} to repair; it has {', '.join(own)}")
    waiting = lake.rows(quarantine_spec(spec)).where(F.col("released_at").isNull()).select("row_id", "row.*")
    try:
        chosen = waiting.where(where) if where else waiting
        fixed = chosen.select("row_id", *(F.expr(repairs.get(name, f"`{name}`")).alias(name) for name in own))
        conform(fixed, spec.schema)
    except (AnalysisException, ParseException) as error:
        raise ConfigError(f"the release of {spec.name} cannot be read as SQL: {str(error).splitlines()[0]}") from error
    return fixed

"""Rows that fail an error rule, set aside in a table of their own; and put back once they are repaired.

The table of quarantine is that of the rows with its name's end ``_quarantine``. A whole build replaces it: what the
build does not give any more is gone from it. A repair stays with its row, so the next build puts it back again.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry, summed
from lakehouse.catalog.publish import Audit
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.marks import Doc
from lakehouse.contract.schema import Schema
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError
from lakehouse.pipeline.scored_write import branch_rows
from lakehouse.quality.mask import FAILED, MASK, MORE, RULES, failed_any, failed_any_sql, with_quality
from lakehouse.quality.rule_set import RuleSet

_TEXT, _TIME, _LONG = spark_types.StringType(), spark_types.TimestampType(), spark_types.LongType()


def quarantine_spec(spec: TableSpec) -> TableSpec:
    """Give the table that a table's bad rows are set aside in.

    Raises:
        ContractError: The table keeps no mask, or has no key to tell its rows by.
    """
    if MASK not in spec.struct.names or not spec.key:
        raise ContractError(f"{spec.name} cannot have a quarantine: make its class a Scored and give it a key")
    own = tuple(column for column in spec.columns if not column.generated)
    row = spark_types.StructType([spark_types.StructField(column.name, column.type) for column in own])
    columns = (
        _column("row_id", _TEXT, "Hash of the row, and a number where several are equal", required=True),
        _column("row", row, "The row as the build gave it", fields=own),
        _column("failed_rules", spark_types.ArrayType(_TEXT), "Names of the rules that failed"),
        _column(MASK, _LONG, "Bit i is set when rule i of the rule set failed"),
        _column(MORE, spark_types.ArrayType(_LONG), "Rules 63 and up, 63 a word"),
        _column(RULES, _TEXT, "Fingerprint of the rule set"),
        _column("run_id", _TEXT, "Run that set it aside"),
        _column("inputs", _TEXT, "Input table → snapshot that it came from, as JSON"),
        _column("set_aside_at", _TIME, "Instant of that run [UTC]"),
        _column("repaired", row, "The row as it was released; null while it waits", fields=own),
        _column("released_at", _TIME, "Instant of its release [UTC]"),
    )
    comment = f"Rows of {spec.name} that failed an error rule, with the reasons and where they came from."
    return TableSpec(schema=Schema, name=f"{spec.name}_quarantine", columns=columns, key=("row_id",), comment=comment)


def set_aside(audit: Audit, rules: RuleSet, entry: LedgerEntry, *, failing: int) -> None:
    """Move the branch's rows that fail an error rule to quarantine, and put in their place those that were repaired.

    The rows are in quarantine before they leave the branch, and the branch is not yet published: a run that dies in
    between is done again from the start. Cost: the mask is read; then the bad rows alone. Metadata where no row of the
    branch is ``failing`` and none is in quarantine.
    """
    lake, spec = audit.lake, quarantine_spec(audit.spec)
    lake.ensure(spec)
    if not failing and not summed(lake.table(spec.name).current_snapshot(), "total-records"):
        return
    bad = branch_rows(audit).where(failed_any(rules))
    found = _with_ids(bad, spec).withColumns(
        {
            "run_id": F.lit(entry.run_id),
            "inputs": F.lit(json.dumps(dict(entry.inputs), sort_keys=True)),
            "set_aside_at": F.lit(entry.published_at),
            "repaired": F.lit(None).cast(spec.column("repaired").type),
            "released_at": F.lit(None).cast("timestamp"),
        }
    )
    _merge(
        lake,
        spec,
        found,
        "WHEN MATCHED THEN UPDATE SET "
        + ", ".join(f"t.{name} = s.{name}" for name in (FAILED, MASK, MORE, RULES, "run_id", "inputs"))
        + " WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE THEN DELETE",
    )
    lake.spark.sql(f"DELETE FROM {audit.target} WHERE {failed_any_sql(rules)}")
    put_back(audit, rules)


def put_back(audit: Audit, rules: RuleSet) -> None:
    """Append the repaired rows to the branch whose keys it has not; so none is there twice, however often this runs."""
    repaired = released_rows(audit.lake, audit.spec, branch_rows(audit))
    if not repaired.isEmpty():
        columns = [column.name for column in audit.spec.columns]
        with_quality(repaired, rules).select(*columns).writeTo(audit.target).append()
        audit.lake.refresh(audit.spec.name)


def released_rows(lake: Lake, spec: TableSpec, there: DataFrame) -> DataFrame:
    """Give the repaired rows of a table whose keys are not among the rows that are there."""
    rows = lake.rows(quarantine_spec(spec)).where(F.col("released_at").isNotNull()).select("repaired.*")
    return rows.join(there.select(*spec.key), list(spec.key), "left_anti")


def mark_repaired(lake: Lake, spec: TableSpec, repaired: DataFrame, instant: datetime) -> None:
    """Keep the repaired form of rows in quarantine: ``row_id`` and ``repaired``. This decides that they go back."""
    found = repaired.select("row_id", "repaired", F.lit(instant).alias("released_at"))
    update = "WHEN MATCHED THEN UPDATE SET t.repaired = s.repaired, t.released_at = s.released_at"
    _merge(lake, quarantine_spec(spec), found, update)


def _with_ids(bad: DataFrame, spec: TableSpec) -> DataFrame:
    own = [column.name for column in spec.column("row").fields]
    shaped = bad.select(F.struct(*own).alias("row"), FAILED, MASK, MORE, RULES).withColumn("text", F.to_json("row"))
    # Rows that are equal in all columns are numbered, so that none of them is lost.
    number = F.row_number().over(Window.partitionBy("text").orderBy("text")).cast("string")
    return shaped.withColumn("row_id", F.concat_ws("-", F.sha2("text", 256), number)).drop("text")


def _merge(lake: Lake, spec: TableSpec, source: DataFrame, clauses: str) -> None:
    lake.refresh(spec.name)
    view = f"quarantine_{uuid.uuid4().hex[:12]}"
    source.createOrReplaceTempView(view)
    try:
        target = lake.target_name(spec.name)
        lake.spark.sql(f"MERGE INTO {target} t USING {view} s ON t.row_id = s.row_id {clauses}")
    finally:
        lake.spark.catalog.dropTempView(view)
    lake.refresh(spec.name)


def _column(
    name: str,
    data_type: spark_types.DataType,
    text: str,
    *,
    required: bool = False,
    fields: tuple[ColumnSpec, ...] = (),
) -> ColumnSpec:
    return ColumnSpec(name=name, type=data_type, doc=Doc(text), required=required, fields=fields)

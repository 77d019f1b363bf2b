"""An append that is made only if no row was added to the table since a snapshot: compare and set, in one commit.

Spark's ``append`` always succeeds, also beside another writer that has just written the same records. An overwrite of
no row at all is an append too, and Iceberg checks it: with serializable isolation it refuses when data files came in
since the snapshot that it is validated from. Compactions in between do not disturb it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.conflicts import conflict_of
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.table import TableSpec


class AppendConflictError(Exception):
    """Someone else was at the table since the snapshot that was looked at, or the catalog did not say whether it
    committed. Look again, at one's own commit too, and decide."""


def append_once(
    lake: Lake, spec: TableSpec, rows: DataFrame | None, *, since: int | None, summary: Mapping[str, str]
) -> None:
    """Append rows, if nobody has added any since snapshot ``since`` (None: since the table was made).

    Cost: one job and one commit, as an append. The snapshot carries ``summary``. Without rows (None) it is a commit
    alone: Spark would make an overwrite of nothing, at which readers of appends stumble.

    Raises:
        AppendConflictError: Someone has, or may have, and nothing was written; or the catalog did not say.
    """
    if rows is None:
        _append_nothing(lake, spec, since, summary)
        return
    options = {f"snapshot-property.{name}": value for name, value in summary.items()}
    options["isolation-level"] = "serializable"
    if since is not None:
        options["validate-from-snapshot-id"] = str(since)
    writer = rows.writeTo(lake.target_name(spec.name))
    for name, value in options.items():
        writer = writer.option(name, value)
    try:
        writer.overwrite(F.lit(False))
    except Exception as error:
        if conflict_of(error):
            raise AppendConflictError(f"{spec.name} has moved on since snapshot {since}") from error
        raise


def _append_nothing(lake: Lake, spec: TableSpec, since: int | None, summary: Mapping[str, str]) -> None:
    table = lake.table(spec.name)
    head = table.current_snapshot()
    try:
        if (head.snapshot_id if head else None) != since:
            raise AppendConflictError(f"{spec.name} has moved on since snapshot {since}")
        table.append(table.schema().as_arrow().empty_table(), snapshot_properties=dict(summary))
    except Exception as error:
        if conflict_of(error):
            raise AppendConflictError(f"{spec.name} has moved on since snapshot {since}") from error
        raise

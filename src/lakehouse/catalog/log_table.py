"""Tables of the library's own, such as ``ops.data_loss``: a few rows are added at a time, through PyIceberg."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from lakehouse.catalog.conflicts import commit_marked
from lakehouse.catalog.environment import claim
from lakehouse.catalog.iceberg import Lake, find_table
from lakehouse.catalog.iceberg_schema import create_table
from lakehouse.contract.table import TableSpec

Rows = Sequence[Mapping[str, object]]


def add_to_log(lake: Lake, spec: TableSpec, new_rows: Callable[[Table], Rows]) -> int:
    """Append what ``new_rows`` gives for the table as it stands, in one commit; the table is made if it is not there.

    A commit that another writer was ahead of is tried again, and ``new_rows`` asked again. Gives how many were added.
    """
    claim(lake.catalog, spec.name)
    if lake.find(spec.name) is None:
        lake.ensure(spec)
    added = 0

    def add(target: Table, mark: Mapping[str, str]) -> None:
        nonlocal added
        rows = new_rows(target)
        added = len(rows)
        append_rows(target, rows, mark)

    commit_marked(lake.catalog, spec.name, add)
    return added


def append_rows(target: Table, rows: Rows, summary: Mapping[str, str] | None = None) -> None:
    """Append rows in one commit, whose snapshot carries ``summary``; none without rows."""
    if rows:
        table = pa.Table.from_pylist(list(rows), schema=target.schema().as_arrow())
        target.append(table, snapshot_properties=dict(summary or {}))


def find_or_create(catalog: Catalog, spec: TableSpec) -> Table:
    """Load a table of the library's own; it is made if it is not there. Starts no session."""
    claim(catalog, spec.name)
    return find_table(catalog, spec.name) or create_table(catalog, spec)

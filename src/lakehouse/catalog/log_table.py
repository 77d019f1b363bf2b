"""Tables of the library's own, such as ``ops.data_loss``: a few rows are added at a time, through PyIceberg."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
from pyiceberg.table import Table

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import commit
from lakehouse.contract.table import TableSpec

Rows = Sequence[Mapping[str, object]]


def add_to_log(lake: Lake, spec: TableSpec, new_rows: Callable[[Table], Rows]) -> int:
    """Append what ``new_rows`` gives for the table as it stands, in one commit; the table is made if it is not there.

    A commit that another writer was ahead of is tried again, and ``new_rows`` asked again. Gives how many were added.
    """
    if lake.find(spec.name) is None:
        lake.ensure(spec)
    added = 0

    def add(target: Table) -> None:
        nonlocal added
        rows = new_rows(target)
        append_rows(target, rows)
        added = len(rows)

    commit(lake.catalog, spec.name, add)
    return added


def append_rows(target: Table, rows: Rows) -> None:
    """Append rows in one commit; none without rows."""
    if rows:
        target.append(pa.Table.from_pylist(list(rows), schema=target.schema().as_arrow()))

"""Tables of chosen files (``catalog.file_subset``) that killed runs have left: they are dropped, no data with them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import Table

from lakehouse.catalog.file_subset import PREFIX, SCRATCH
from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.time_travel import instant_of

_LEFT = timedelta(days=1)


def left_over(catalog: Catalog, *, now: datetime) -> list[Table]:
    """Give the scratch tables that are older than a day. Cost: a list of tables, and the metadata of each scratch."""
    try:
        names = [".".join(one) for one in catalog.list_tables(SCRATCH) if one[-1].startswith(PREFIX)]
    except NoSuchNamespaceError:
        return []
    # One may be dropped by its run while this looks.
    found = [table for name in names if (table := find_table(catalog, name)) is not None]
    return [one for one in found if now - instant_of(one.metadata.last_updated_ms) > _LEFT]


def drop(catalog: Catalog, table: Table) -> None:
    """Drop a scratch table, and the metadata that were written for it. The files that it names are another table's."""
    own = [table.metadata_location, *_manifests(table)]
    with suppress(NoSuchTableError):
        catalog.drop_table(table.name())
    folder = table.location().rstrip("/")
    for path in own:
        if path.startswith(f"{folder}/"):
            with suppress(OSError):
                table.io.delete(path)
    # A store of objects has no folders; on disk, it is empty now.
    with suppress(OSError):
        Path(folder.removeprefix("file://")).rmdir()


def _manifests(table: Table) -> list[str]:
    head = table.current_snapshot()
    if head is None:
        return []
    return [head.manifest_list, *(one.manifest_path for one in head.manifests(table.io))]

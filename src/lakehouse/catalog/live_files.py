"""Which files of a table differ between two snapshots, from manifests alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
)
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

_FILE_PATH = 2147483546
"""Field id of ``file_path`` in a file of position deletes."""

Entries = Mapping[str, ManifestEntry]


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """Data files, by path, that are live at the end alone, at the start alone, or at both with other deletes.

    ``deletes_added`` and ``deletes_removed`` are the delete files that differ, of which each record stands for one row
    at most where ``one_row_each``; ``deletes_before`` and ``deletes_after`` are all that may apply to the files above.
    """

    added: Entries
    removed: Entries
    touched: Entries
    deletes_added: Entries
    deletes_removed: Entries
    deletes_before: Entries
    deletes_after: Entries
    one_row_each: bool

    @property
    def bytes(self) -> int:
        """Size of the data files that have to be read to tell which rows changed, twice where both sides are."""
        files = (*self.added.values(), *self.removed.values(), *self.touched.values())
        return sum(one.data_file.file_size_in_bytes for one in files)

    @property
    def rows(self) -> int:
        """Rows that came or went, at most: those of added and removed files, and what the delete files name.

        Equality deletes by other columns than the key may take any number, so that all rows of touched files count.
        """
        named = (self.deletes_added, self.deletes_removed) if self.one_row_each else (self.touched,)
        files = (self.added, self.removed, *named)
        return sum(one.data_file.record_count for which in files for one in which.values())

    @property
    def only_position_deletes_added(self) -> bool:
        """Whether rows of the touched files were only taken away, and the new delete files name them."""
        found = (one.data_file.content for one in self.deletes_added.values())
        return not self.deletes_removed and all(content == DataFileContent.POSITION_DELETES for content in found)


def compare_files(table: Table, start: Snapshot, end: Snapshot) -> FileChange:
    """Compare the live files of two snapshots; neither has to be an ancestor of the other.

    Cost: the manifests that are not in both; all, where delete files differ.
    """
    before, after = ({one.manifest_path: one for one in which.manifests(table.io)} for which in (start, end))
    own_before = _live(table, (one for path, one in before.items() if path not in after))
    own_after = _live(table, (one for path, one in after.items() if path not in before))
    shared = [one for path, one in before.items() if path in after]
    deletes_removed = _minus(own_before.deletes, own_after.deletes)
    deletes_added = _minus(own_after.deletes, own_before.deletes)
    both = {path: one for path, one in own_after.data.items() if path in own_before.data}
    differ = [*deletes_added.values(), *deletes_removed.values()]
    touched: Entries = {}
    if differ:
        shared_data = (one for one in shared if one.content == ManifestContent.DATA)
        everywhere = both | _live(table, shared_data).data
        touched = _reached(everywhere, differ)
    shared_deletes = _live(table, (one for one in shared if one.content == ManifestContent.DELETES)).deletes
    return FileChange(
        added=_minus(own_after.data, own_before.data),
        removed=_minus(own_before.data, own_after.data),
        touched=touched,
        deletes_added=deletes_added,
        deletes_removed=deletes_removed,
        deletes_before=shared_deletes | own_before.deletes,
        deletes_after=shared_deletes | own_after.deletes,
        one_row_each=all(_names_one_row(one.data_file, table.schema().identifier_field_ids) for one in differ),
    )


def live_data_files(table: Table, snapshot: Snapshot) -> list[DataFile]:
    """Give the data files of a snapshot. Cost: its manifests."""
    manifests = (one for one in snapshot.manifests(table.io) if one.content == ManifestContent.DATA)
    return [one.data_file for one in _live(table, manifests).data.values()]


def added_files(table: Table, snapshot: Snapshot) -> list[DataFile]:
    """Give the data files that a commit added, as it was made. Cost: its own manifests alone."""
    own = [one for one in snapshot.manifests(table.io) if one.added_snapshot_id == snapshot.snapshot_id]
    return [
        entry.data_file
        for manifest in own
        if manifest.content == ManifestContent.DATA
        for entry in manifest.fetch_manifest_entry(table.io)
        # Now and then a commit also joins the manifests of earlier ones into its own.
        if entry.status == ManifestEntryStatus.ADDED
    ]


@dataclass(frozen=True)
class _Live:
    data: dict[str, ManifestEntry]
    deletes: dict[str, ManifestEntry]


def _live(table: Table, manifests: Iterable[ManifestFile]) -> _Live:
    found = _Live({}, {})
    for manifest in manifests:
        kept = found.data if manifest.content == ManifestContent.DATA else found.deletes
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            kept[entry.data_file.file_path] = entry
    return found


def _minus(some: Entries, others: Entries) -> dict[str, ManifestEntry]:
    return {path: one for path, one in some.items() if path not in others}


def _reached(data: Entries, deletes: Iterable[ManifestEntry]) -> Entries:
    """Give the data files that some delete files may apply to."""
    found: dict[str, ManifestEntry] = {}
    by_partition: dict[tuple[int, str], dict[str, ManifestEntry]] = {}
    for path, entry in data.items():
        by_partition.setdefault(partition_of(entry.data_file), {})[path] = entry
    for one in deletes:
        target = only_target(one.data_file)
        if target is not None:
            found |= {target: data[target]} if target in data else {}
        elif one.data_file.content == DataFileContent.EQUALITY_DELETES and not len(one.data_file.partition):
            return data
        else:
            found |= by_partition.get(partition_of(one.data_file), {})
    return found


def _names_one_row(delete: DataFile, key: Sequence[int]) -> bool:
    """Tell whether a record of a delete file is a place, or has all columns of the table's key."""
    if delete.content == DataFileContent.POSITION_DELETES:
        return True
    return bool(key) and set(key) <= set(delete.equality_ids or ())


def partition_of(file: DataFile) -> tuple[int, str]:
    """Give the partition of a file, to be compared with those of others."""
    return file.spec_id, repr(file.partition)


def only_target(delete: DataFile) -> str | None:
    """Give the one data file whose rows a file of position deletes names; None where there may be several."""
    if delete.content != DataFileContent.POSITION_DELETES:
        return None
    first, last = ((bounds or {}).get(_FILE_PATH) for bounds in (delete.lower_bounds, delete.upper_bounds))
    return first.decode() if first is not None and first == last else None

"""Some of the files of a snapshot as a table of their own, so that an engine reads these and no others.

A filter on ``_file`` is not pushed into a scan, and bare Parquet files know nothing of deletes, of field ids and of
types that were widened. So metadata are written that name the chosen files alone, as they stand in the snapshot, and
registered under a name of their own for as long as someone reads them. No data are copied.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    ManifestContent,
    ManifestEntry,
    ManifestFile,
    ManifestWriterV2,
    manifest_entry_schema_with_data_file,
    write_manifest_list,
)
from pyiceberg.schema import Schema
from pyiceberg.serializers import ToOutputFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import SnapshotRef, SnapshotRefType
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.typedef import TableVersion
from pyiceberg.types import IntegerType, ListType, NestedField, StructType

from lakehouse.catalog.namespaces import make_namespace

SCRATCH = "ops"
"""Namespace of such tables; ``lakehouse maintain`` drops those that a killed run has left."""
PREFIX = "files_of_"
_EQUALITY_IDS = NestedField(
    135, "equality_ids", ListType(element_id=136, element_type=IntegerType(), element_required=True), required=False
)


@contextmanager
def file_subset(
    catalog: Catalog,
    table: Table,
    snapshot: Snapshot,
    *,
    data: Sequence[ManifestEntry],
    deletes: Sequence[ManifestEntry],
) -> Iterator[str]:
    """Register a table of these data and delete files, read by the newest schema; gives ``namespace.table``.

    Cost: some small metadata files and two catalog commits.
    """
    number = uuid.uuid4().hex
    folder = f"{table.location()}/metadata/{PREFIX}{number}"
    written: list[str] = []
    name = f"{SCRATCH}.{PREFIX}{number}"
    try:
        manifests = [
            _write(table, snapshot, entries, _DeletesWriter if content else _DataWriter, _new(folder, written))
            for content, chosen in enumerate((data, deletes))
            for entries in _by_spec(chosen)
        ]
        listed = _new(folder, written)
        with write_manifest_list(
            format_version=2,
            output_file=table.io.new_output(listed),
            snapshot_id=snapshot.snapshot_id,
            parent_snapshot_id=None,
            sequence_number=snapshot.sequence_number,
            avro_compression="deflate",
        ) as manifest_list:
            manifest_list.add_manifests(manifests)
        described = _new(folder, written, "00000-{}.metadata.json")
        ToOutputFile.table_metadata(_metadata(table, snapshot, listed, folder), table.io.new_output(described))
        make_namespace(catalog, SCRATCH)
        catalog.register_table(name, described)
        yield name
    finally:
        with suppress(NoSuchTableError):
            catalog.drop_table(name)
        _remove(table.io, written)


class _DataWriter(ManifestWriterV2):
    """Writes manifests of data files."""


class _DeletesWriter(ManifestWriterV2):
    """Writes manifests of delete files, which PyIceberg only reads."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}

    def _with_partition(self, format_version: TableVersion) -> Schema:
        # Iceberg's specification says int. PyIceberg 0.12 says long, and Java throws where there are equality deletes:
        # https://github.com/apache/iceberg-python/issues/3840
        entry = super()._with_partition(format_version)
        data_file = entry.find_type("data_file")
        assert isinstance(data_file, StructType), "a field of every entry"
        fields = (_EQUALITY_IDS if one.field_id == _EQUALITY_IDS.field_id else one for one in data_file.fields)
        return manifest_entry_schema_with_data_file(format_version, StructType(*fields))


def _by_spec(entries: Iterable[ManifestEntry]) -> Iterator[list[ManifestEntry]]:
    # A manifest is of one partition spec.
    found: dict[int, list[ManifestEntry]] = defaultdict(list)
    for entry in entries:
        found[entry.data_file.spec_id].append(entry)
    yield from found.values()


def _write(
    table: Table, snapshot: Snapshot, entries: list[ManifestEntry], writer: type[ManifestWriterV2], path: str
) -> ManifestFile:
    spec = table.specs()[entries[0].data_file.spec_id]
    with writer(spec, table.schema(), table.io.new_output(path), snapshot.snapshot_id, "deflate") as manifest:
        for entry in entries:
            manifest.existing(entry)
    return manifest.to_manifest_file()


def _metadata(table: Table, snapshot: Snapshot, manifest_list: str, folder: str) -> TableMetadata:
    only = Snapshot(
        snapshot_id=snapshot.snapshot_id,
        parent_snapshot_id=None,
        sequence_number=snapshot.sequence_number,
        timestamp_ms=snapshot.timestamp_ms,
        manifest_list=manifest_list,
        summary=Summary(Operation.APPEND),
        schema_id=table.schema().schema_id,
    )
    return table.metadata.model_copy(
        update={
            "location": folder,
            "table_uuid": uuid.uuid4(),
            # By which ``lakehouse maintain`` tells one that is left over from one that is being read.
            "last_updated_ms": time.time_ns() // 1_000_000,
            # The files are the table's: nobody may clean up after this one.
            "properties": {"gc.enabled": "false"} | _mapping_of_names(table),
            "snapshots": [only],
            "current_snapshot_id": snapshot.snapshot_id,
            "refs": {"main": _branch(snapshot)},
            "snapshot_log": [],
            "metadata_log": [],
            "statistics": [],
            "partition_statistics": [],
        }
    )


def _branch(head: Snapshot) -> SnapshotRef:
    return SnapshotRef(
        snapshot_id=head.snapshot_id,
        snapshot_ref_type=SnapshotRefType.BRANCH,
        min_snapshots_to_keep=None,
        max_snapshot_age_ms=None,
        max_ref_age_ms=None,
    )


def _mapping_of_names(table: Table) -> dict[str, str]:
    key = "schema.name-mapping.default"
    return {key: table.properties[key]} if key in table.properties else {}


def _new(folder: str, written: list[str], name: str = "{}.avro") -> str:
    written.append(f"{folder}/{name.format(uuid.uuid4())}")
    return written[-1]


def _remove(io: FileIO, paths: Iterable[str]) -> None:
    for path in paths:
        # What was not written yet, or is gone: nobody refers to it.
        with suppress(OSError):
            io.delete(path)

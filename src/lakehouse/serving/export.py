"""A published snapshot as partitioned Parquet with a manifest, for readers that know no Iceberg; swapped in one write.

Each export is a folder of its own, ``gold/sales/snapshot=7/``. ``current.json`` beside it names the newest whole one:
it is written when all files and the manifest are there, so a reader that follows it never sees half of an export.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table

from lakehouse.catalog.iceberg_schema import partition_name
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.protocol import ServedTable

POINTER, MANIFEST = "current.json", "manifest.json"
_FORMATS = {"years": "%Y", "months": "%Y-%m", "days": "%Y-%m-%d", "hours": "%Y-%m-%d-%H"}


@dataclass(frozen=True, kw_only=True)
class Export:
    """One export. ``folder`` and ``files`` are below the root; ``rows`` are those of the snapshot."""

    table: str
    snapshot_id: int
    folder: str
    rows: int
    files: tuple[str, ...]


def folders_of(spec: TableSpec) -> dict[str, tuple[str, str]]:
    """Give the levels of folders: name → column and strftime format, which is empty where it is the value itself.

    Those of the contract's partitioning that a person can read: buckets and beginnings of texts are none.
    """
    top = {column.name for column in spec.columns}
    return {
        partition_name(one): (one.column, _FORMATS.get(one.transform, ""))
        for one in spec.partitioned_by
        if one.column in top and (one.transform == "identity" or one.transform in _FORMATS)
    }


def export(table: ServedTable, root: str, *, keep: int = 3) -> Export:
    """Write the newest snapshot of a table below ``root``, a folder or s3:// prefix, and point to it.

    A snapshot that is exported already is left as it is; what a run that died has left is written anew. The newest
    ``keep`` exports stay, for readers that have begun with an older one. Cost: one pass over the table, by Arrow.

    Raises:
        ServingError: The table has no snapshot, or a value of a folder has a slash in it.
    """
    live, spec = table.live, table.spec
    head = live.current_snapshot() if live else None
    if live is None or head is None:
        raise ServingError(f"{spec.name} has no snapshot to export: `lakehouse run {spec.name}` first")
    there = current_export(live, spec, root)
    if there and there.snapshot_id == head.snapshot_id:
        return there
    files, base = _place(live, root)
    own = spec.name.replace(".", "/")
    folder = f"{own}/snapshot={head.snapshot_id}/"
    # Without a manifest it is half of one.
    files.create_dir(base + folder, recursive=True)
    files.delete_dir_contents(base + folder)
    paths, rows = _write(live, spec, files, base + folder, head.snapshot_id)
    made = Export(
        table=spec.name,
        snapshot_id=head.snapshot_id,
        folder=folder,
        rows=rows,
        files=tuple(sorted(path.removeprefix(base) for path in paths)),
    )
    for name in (folder + MANIFEST, f"{own}/{POINTER}"):
        _put(files, base + name, json.dumps(asdict(made), indent=2))
    _drop_old(files, f"{base}{own}", keep=keep, current=f"snapshot={head.snapshot_id}")
    return made


def current_export(live: Table, spec: TableSpec, root: str) -> Export | None:
    """Give the export that the pointer names; None: there is none yet."""
    files, base = _place(live, root)
    path = f"{base}{spec.name.replace('.', '/')}/{POINTER}"
    if files.get_file_info(path).type is not fs.FileType.File:
        return None
    with files.open_input_stream(path) as stream:
        found = json.loads(stream.read())
    return Export(**{**found, "files": tuple(found["files"])})


def _place(live: Table, root: str) -> tuple[fs.FileSystem, str]:
    """Give the files of the catalog, with its credentials, and where the root is in them."""
    io = live.io if isinstance(live.io, PyArrowFileIO) else PyArrowFileIO(live.io.properties)
    scheme, place, path = io.parse_location(root)
    return io.fs_by_scheme(scheme, place), path.rstrip("/") + "/"


def _write(live: Table, spec: TableSpec, files: fs.FileSystem, folder: str, snapshot_id: int) -> tuple[list[str], int]:
    reader = live.scan(snapshot_id=snapshot_id).to_arrow_batch_reader()
    levels = folders_of(spec)
    fields = [
        pa.field(name, pa.string() if text else reader.schema.field(column).type)
        for name, (column, text) in levels.items()
    ]
    schema = pa.schema([*(one for one in reader.schema if one.name not in levels), *fields])
    paths: list[str] = []
    rows = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in reader:
            rows += batch.num_rows
            yield _with_folders(batch, spec, schema)

    ds.write_dataset(
        pa.RecordBatchReader.from_batches(schema, batches()),
        folder.rstrip("/"),
        filesystem=files,
        format="parquet",
        # Snowflake cuts the value out of the path as it stands there.
        partitioning=ds.HivePartitioning(pa.schema(fields), segment_encoding="none") if fields else None,
        existing_data_behavior="overwrite_or_ignore",
        file_visitor=lambda written: paths.append(written.path),
    )
    return paths, rows


def _with_folders(batch: pa.RecordBatch, spec: TableSpec, schema: pa.Schema) -> pa.RecordBatch:
    columns: dict[str, Any] = {name: batch.column(name) for name in batch.schema.names}
    for name, (column, text) in folders_of(spec).items():
        columns[name] = pc.strftime(columns[column], format=text) if text else columns[column]
        if pa.types.is_string(columns[name].type) or pa.types.is_large_string(columns[name].type):
            slashed = columns[name].filter(pc.match_substring(columns[name], "/"))
            if len(slashed):
                raise ServingError(
                    f"{spec.name} cannot be exported: {column} is the name of a folder, and has a slash in "
                    f"{slashed[0].as_py()!r}; partition the contract by another column"
                )
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _put(files: fs.FileSystem, path: str, text: str) -> None:
    # An object of S3 is there whole or not at all; a local file is when it is renamed.
    local = isinstance(files, fs.LocalFileSystem)
    with files.open_output_stream(path + ".new" if local else path) as stream:
        stream.write(text.encode())
    if local:
        files.move(path + ".new", path)


def _drop_old(files: fs.FileSystem, folder: str, *, keep: int, current: str) -> None:
    found = files.get_file_info(fs.FileSelector(folder, recursive=True))
    manifests = [one for one in found if one.base_name == MANIFEST and f"/{current}/" not in one.path]
    for old in sorted(manifests, key=lambda one: one.mtime_ns, reverse=True)[keep - 1 :]:
        files.delete_dir(old.path.removesuffix(f"/{MANIFEST}"))

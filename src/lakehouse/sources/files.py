"""Files of a folder or object store as a source: CSV, JSON lines, JSON documents and Parquet, packed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from itertools import zip_longest
from pathlib import PurePosixPath

import pyarrow as pa
from pyspark.sql import SparkSession

from lakehouse.catalog.file_ledger import Held
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import DeadLetterReason
from lakehouse.errors import ConfigError, SourceError
from lakehouse.sources.date_pattern import DoubtError
from lakehouse.sources.dialect import HEAD_BYTES, UnreadableError, check_options, find_dialect
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.file_portions import read_csv, read_documents, read_json_lines, read_parquet
from lakehouse.sources.protocol import LeftOut, Piece, Portion, SourceBatch, Unreadable
from lakehouse.sources.small_files import SMALL_BYTES, count_records, is_glued, is_small
from lakehouse.sources.text_lines import BOM
from lakehouse.transforms.csv_dialect import CsvDialect

_PACKED = (".gz", ".bz2", ".zst")
_READERS = 16
_GLUED = (
    "its objects follow each other without a line break, which small files alone may have; put one behind each "
    "(Firehose: AppendDelimiterToRecord), or take fewer files at once: --batch-files"
)
_NO_FILE_SYSTEM = re.compile(r"No FileSystem for scheme:? \"?(\w+)")
_SAMPLE = 200
"""Records of JSON at most in which fields are looked for that the contract does not have."""
_SAMPLED = 20
"""Files of a batch whose records are looked at for that."""
_MOST_PORTIONS = 32
"""Ways of writing in a batch at most: Spark plans each by itself."""


class FileFormat(StrEnum):
    """How records stand in a file."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    JSON = "json"
    PARQUET = "parquet"


_SUFFIXES = {
    ".csv": FileFormat.CSV, ".tsv": FileFormat.CSV, ".txt": FileFormat.CSV, ".jsonl": FileFormat.JSON_LINES,
    ".ndjson": FileFormat.JSON_LINES, ".json": FileFormat.JSON, ".parquet": FileFormat.PARQUET,
}  # fmt: skip


class Changed(StrEnum):
    """What becomes of a file that was taken and is another one now."""

    LEAVE = "leave"
    TAKE = "take"


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What the beginning of a file says: its format, and how it is written."""

    piece: Piece
    format: FileFormat
    dialect: CsvDialect | None = None
    schema: str = ""
    records: int | None = None
    glued: bool = False
    sample: Sequence[bytes] = ()

    @property
    def alike(self) -> str:
        how = self.dialect.to_json() if self.dialect else self.schema
        return f"{self.format} {self.records is None} {self.glued} {how}"


@dataclass(kw_only=True)
class FileSource:
    """The files of a folder, each taken once; a batch takes so many of them.

    Args:
        folder: Where they are.
        format: Of all of them; None: each by its suffix, and those of an unknown one are left out.
        options: Of the dialect, over what is found out; ``records`` of JSON documents: where in them the records are,
            as in ``$.results``.
        changed: What becomes of a file that was taken and is another one now.
        retry_unreadable: Whether files that could not be read are tried once more.
        max_files: Of a batch.
        max_bytes: Of a batch; one file is taken however large it is.
    """

    folder: Folder
    format: FileFormat | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    changed: Changed = Changed.LEAVE
    retry_unreadable: bool = False
    max_files: int = 10_000
    max_bytes: int = 8 * 1024**3
    left_out: list[LeftOut] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_options({name: value for name, value in self.options.items() if name != "records"})
        if self.max_files < 1 or self.max_bytes < 1:
            raise ConfigError("a batch takes at least one file")

    @property
    def name(self) -> str:
        """The folder."""
        return self.folder.location

    def batches(self, spark: SparkSession, payload: ColumnSpec, held: Held) -> Iterator[SourceBatch]:
        """Give the files that a table does not hold, in the order of their paths. Cost: see ``Folder.files``.

        Of each new file the beginning is read here; Spark reads the files.
        """
        new = self.new_files(held)
        at = 0
        while at < len(new):
            looked, unreadable, at = self._looked(new, at, payload)
            portions = [one for one in self._portions(spark, payload, looked, unreadable) if one is not None]
            if portions or unreadable:
                yield SourceBatch(portions=portions, unreadable=unreadable)

    def new_files(self, held: Held) -> list[Piece]:
        """Give the files that a table has not taken, or has taken in another state if that is wanted; reads none."""
        there, self.left_out = self.folder.files()
        taken, new = held.newest(), []
        for piece in there:
            before = taken.get(piece.source)
            again = before is not None and before.unreadable is not None and self.retry_unreadable
            if before is None or again or (before.version != piece.version and self.changed is Changed.TAKE):
                new.append(piece)
            elif before.version != piece.version:
                why = "it was taken, and has changed since; --changed take takes it as a file of its own"
                self.left_out.append(LeftOut(source=piece.source, why=why))
        return new

    def _looked(
        self, new: Sequence[Piece], at: int, payload: ColumnSpec
    ) -> tuple[dict[str, list[_Look]], list[Unreadable], int]:
        """Look at the files of the next batch; gives those that are written alike together, and where it ends."""
        chosen: list[Piece] = []
        size = 0
        for piece in new[at : at + self.max_files]:
            if chosen and size + piece.size > self.max_bytes:
                break
            chosen.append(piece)
            size += piece.size
        alike: dict[str, list[_Look]] = {}
        unreadable: list[Unreadable] = []
        look = partial(self._look, payload=payload, count=is_small(chosen))
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            for count, found in enumerate(pool.map(look, chosen)):
                if isinstance(found, _Look):
                    if found.alike not in alike and len(alike) == _MOST_PORTIONS:
                        return alike, unreadable, at + count
                    group = alike.setdefault(found.alike, [])
                    # Of a few files is enough; of all of them it would be their beginnings in memory.
                    group.append(found if len(group) < _SAMPLED else replace(found, sample=()))
                elif isinstance(found, Unreadable):
                    unreadable.append(found)
                else:
                    self.left_out.append(found)
        return alike, unreadable, at + len(chosen)

    def _look(self, piece: Piece, payload: ColumnSpec, *, count: bool) -> _Look | Unreadable | LeftOut:
        kind = self.format or _format_of(piece.source)
        if kind is None:
            why = f"its suffix is none of {', '.join(_SUFFIXES)}; --format says what it is, --pattern leaves it out"
            return LeftOut(source=piece.source, why=why)
        try:
            return self._opened(piece, kind, payload, count=count and piece.size <= SMALL_BYTES)
        except UnreadableError as error:
            return Unreadable(piece=piece, reason=error.reason, detail=error.detail)
        except DoubtError as error:
            return LeftOut(source=piece.source, why=str(error))
        except FileNotFoundError:
            return LeftOut(source=piece.source, why="it was there a moment ago, and is gone")
        except (OSError, EOFError, pa.ArrowInvalid) as error:
            return Unreadable(piece=piece, reason=DeadLetterReason.UNREADABLE_FILE, detail=_in_one_line(error))

    def _opened(self, piece: Piece, kind: FileFormat, payload: ColumnSpec, *, count: bool) -> _Look:
        if kind is FileFormat.PARQUET:
            return _Look(piece=piece, format=kind, schema=self._parquet_schema(piece))
        with self.folder.open(piece) as stream:
            read = stream.read(HEAD_BYTES + 1)
            head, whole = read[:HEAD_BYTES], len(read) <= HEAD_BYTES
            glued = kind in (FileFormat.JSON, FileFormat.JSON_LINES) and is_glued(head)
            lines = kind is FileFormat.JSON and "records" not in self.options and (glued or _is_lines(head))
            # Of a file without anything in it any format is right, and lines need no header.
            if lines or kind is FileFormat.JSON_LINES or not head.strip():
                records = count_records(read, stream, glued=glued) if count else None
                if glued and records is None:
                    raise UnreadableError(DeadLetterReason.UNREADABLE_FILE, _GLUED)
                sample = _sample(head, whole=whole)
                found = _Look(piece=piece, format=FileFormat.JSON_LINES, records=records)
                return replace(found, glued=glued, sample=() if glued else sample)
            if kind is not FileFormat.CSV:
                return _Look(piece=piece, format=kind)
            dialect = find_dialect(head, payload, self.options, whole=whole)
            records = count_records(read, stream, header=dialect.header, quote=dialect.open_quote) if count else None
            return _Look(piece=piece, format=kind, dialect=dialect, records=records)

    def _parquet_schema(self, piece: Piece) -> str:
        import pyarrow.parquet as pq

        with self.folder.open_file(piece) as file:
            return str(pq.ParquetFile(file).schema_arrow.remove_metadata())

    def _portions(
        self, spark: SparkSession, payload: ColumnSpec, looked: Mapping[str, list[_Look]], unreadable: list[Unreadable]
    ) -> Iterator[Portion | None]:
        for alike in looked.values():
            pieces = [one.piece for one in alike]
            try:
                yield self._portion(spark, payload, alike)
            except SourceError:
                raise
            except Exception as error:
                if missing := _NO_FILE_SYSTEM.search(str(error)):
                    raise SourceError(_no_file_system(self.name, missing[1])) from error
                # Spark stops at the first file that is broken further in, and does not always say which it is.
                broken = self._broken(pieces)
                if not broken:
                    raise SourceError(f"{self.name} could not be read: {_in_one_line(error)}") from error
                unreadable.extend(broken)
                gone = {one.piece.source for one in broken}
                left = [one for one in alike if one.piece.source not in gone]
                yield self._portion(spark, payload, left) if left else None

    def _portion(self, spark: SparkSession, payload: ColumnSpec, alike: Sequence[_Look]) -> Portion:
        pieces, look = [one.piece for one in alike], alike[0]
        counts = {one.piece.source: one.records for one in alike if one.records is not None} or None
        if look.dialect is not None:
            return read_csv(spark, pieces, look.dialect, payload, counts)
        if look.format is FileFormat.JSON:
            return read_documents(spark, pieces, self.options.get("records", ""))
        if look.format is FileFormat.PARQUET:
            return read_parquet(spark, pieces, payload)
        sample = [one for rank in zip_longest(*(one.sample for one in alike[:_SAMPLED])) for one in rank if one]
        return read_json_lines(spark, pieces, counts, sample[:_SAMPLE], glued=look.glued)

    def _broken(self, pieces: Sequence[Piece]) -> list[Unreadable]:
        """Read files to their end, to find those of which that fails. Cost: they are read once more, here."""

        def read(piece: Piece) -> Unreadable | None:
            try:
                with self.folder.open(piece) as stream:
                    while stream.read(8 * 1024**2):
                        pass
            except (OSError, EOFError, pa.ArrowInvalid) as error:
                return Unreadable(piece=piece, reason=DeadLetterReason.UNREADABLE_FILE, detail=_in_one_line(error))
            return None

        with ThreadPoolExecutor(max_workers=2) as pool:
            return [one for one in pool.map(read, pieces) if one is not None]


def _format_of(source: str) -> FileFormat | None:
    name = PurePosixPath(source.lower())
    return _SUFFIXES.get(PurePosixPath(name.stem).suffix if name.suffix in _PACKED else name.suffix)


def _is_lines(head: bytes) -> bool:
    """Tell whether a file of JSON has an object on each line, as many that are called ``.json`` have."""
    lines = [line.strip() for line in head.removeprefix(BOM).splitlines() if line.strip()]
    return len(lines) > 1 and all(line[:1] == b"{" and line[-1:] == b"}" for line in lines[:2])


def _no_file_system(name: str, scheme: str) -> str:
    return (
        f"{name} is there, but Spark has no file system for {scheme}://, and it is Spark that reads the data. On EMR "
        "and Glue it has one. Elsewhere give the session one (hadoop-aws of Spark's own Hadoop version in session.conf "
        f"spark.jars.packages, and spark.hadoop.fs.{scheme}.impl=org.apache.hadoop.fs.s3a.S3AFileSystem), or copy the "
        "files to a folder of this machine first"
    )


def _sample(head: bytes, *, whole: bool) -> Sequence[bytes]:
    lines = head.removeprefix(BOM).splitlines()[: _SAMPLE if whole else -1]
    return [line for line in lines[:_SAMPLE] if line.strip()]


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__

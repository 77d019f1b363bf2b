"""Prove that a table holds each record of its files once: from metadata alone, or by its rows as well."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pyiceberg.catalog import Catalog
from pyspark.sql import functions as F

from lakehouse.catalog.file_ledger import FileStamp, Held, TakenFile, file_stamps, read_held
from lakehouse.catalog.iceberg import Lake, load_table
from lakehouse.catalog.ledger import ancestors, row_count
from lakehouse.catalog.stream_ledger import Problem, ProblemKind, rows_removed
from lakehouse.contract.file_record import FILE_PLACE
from lakehouse.contract.table import TableSpec
from lakehouse.errors import SourceError

_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class FileProof:
    """What a table says of its files: how many, their records, rows of replays, its rows, and what does not fit."""

    table: str
    commits: int
    files: int
    unreadable: int
    records: int
    replayed: int
    rows: int
    problems: tuple[Problem, ...]


def verify_files(catalog: Catalog, spec: TableSpec) -> FileProof:
    """Hold each commit of a table against the files that it says it took. Cost: metadata, and rows of ``ops.files``.

    Records were counted in the files before the commit, by another reading than the one that made rows of them. Commits
    that have expired are in the sum alone.

    Raises:
        SourceError: It has taken no file yet, or ``ops.files`` has lost some.
        TableNotFoundError: It does not exist.
    """
    table, held = load_table(catalog, spec.name), read_held(catalog, spec.name)
    if held.stamp is None:
        raise SourceError(f"{spec.name} has taken no file: run `lakehouse ingest PATH --into {spec.name}` first")
    stamps, rows = list(file_stamps(table)), row_count(table)
    records = sum(one.records for batch in held.batches.values() for one in batch)
    problems = [*_commits(stamps, held), *rows_removed(list(ancestors(table))[::-1]), *_twice(held)]
    wanted = records + held.stamp.replayed_so_far
    if rows != wanted and not problems:
        kind = ProblemKind.TOO_MANY_ROWS if rows > wanted else ProblemKind.TOO_FEW_ROWS
        problems.append(Problem(kind=kind, text=f"{rows:,} rows are there of {wanted:,} records and replays"))
    newest = held.newest().values()
    return FileProof(
        table=spec.name,
        commits=len(stamps),
        files=sum(map(len, held.batches.values())),
        unreadable=sum(1 for one in newest if one.unreadable is not None),
        records=records,
        replayed=held.stamp.replayed_so_far,
        rows=rows,
        problems=tuple(problems),
    )


def verify_files_deep(lake: Lake, spec: TableSpec, proof: FileProof) -> FileProof:
    """Add what the rows say: each file as many as it holds, no place twice. Cost: the places of all rows, shuffled."""
    held = read_held(lake.catalog, spec.name)
    taken = [(one.source, one.version, one.records) for batch in held.batches.values() for one in batch]
    wanted = Counter({(source, version): 0 for source, version, _ in taken})
    for source, version, records in taken:
        wanted[source, version] += records
    lake.refresh(spec.name)
    places = lake.rows(spec).select(*FILE_PLACE, F.col("dead_letter.reason").isNotNull().alias("dead"))
    by_place = places.groupBy(*FILE_PLACE).agg(
        F.count_if(~F.col("dead")).alias("good"), F.count_if(F.col("dead")).alias("dead")
    )
    # A dead letter and the good row that a replay has made of it are one record.
    counted = by_place.groupBy("source", "source_version").agg(
        F.count(F.lit(1)).alias("records"), F.count_if((F.col("good") > 1) | (F.col("dead") > 1)).alias("twice")
    )
    found = {(row["source"], row["source_version"]): (row["records"], row["twice"]) for row in counted.collect()}
    return dataclasses.replace(proof, problems=(*proof.problems, *_of_rows(wanted, found)))


def _of_rows(wanted: Counter[tuple[str, str]], found: dict[tuple[str, str], tuple[int, int]]) -> list[Problem]:
    problems = []
    for place in sorted({*wanted, *found}):
        (records, twice), name = found.get(place, (0, 0)), f"{place[0]} ({place[1]})"
        if twice:
            problems.append(Problem(kind=ProblemKind.DOUBLED, text=f"{name}: {twice:,} records are there twice"))
        if records != wanted[place]:
            kind = ProblemKind.LOST if records < wanted[place] else ProblemKind.TOO_MANY_ROWS
            problems.append(Problem(kind=kind, text=f"{name}: {records:,} records of {wanted[place]:,}"))
    return problems[:_SHOWN]


def _commits(stamps: list[FileStamp], held: Held) -> Iterator[Problem]:
    for stamp in stamps:
        if stamp.is_replay:
            continue
        batch = held.batches.get(stamp.batch, ())
        records = sum(one.records for one in batch)
        if not (len(batch) == stamp.files and records == stamp.records == stamp.added):
            text = (
                f"the commit of batch {stamp.batch} added {stamp.added or 0:,} rows; it took {stamp.files:,} files "
                f"with {stamp.records:,} records, and ops.files has {len(batch):,} with {records:,}"
            )
            kind = ProblemKind.TOO_FEW_ROWS if (stamp.added or 0) < records else ProblemKind.TOO_MANY_ROWS
            yield Problem(kind=kind, text=text)


def _twice(held: Held) -> Iterator[Problem]:
    readable = [one for batch in held.batches.values() for one in batch if one.unreadable is None]
    for (source, version), count in Counter(map(_state, readable)).items():
        if count > 1:
            yield Problem(kind=ProblemKind.OVERLAP, text=f"{source} ({version}) was taken {count} times")


def _state(file: TakenFile) -> tuple[str, str]:
    return file.source, file.version

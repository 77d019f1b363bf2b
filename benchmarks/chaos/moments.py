"""Moments of a batch, seen from outside: by the files of warehouse and checkpoint, and by where the catalog points."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.place import MERGED, ROUTED, TABLE, Place

_POINTERS = "SELECT metadata_location FROM iceberg_tables"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Which files there are, the metadata files that the catalog points to, and the newest batches of the checkpoint.

    ``planned`` and ``done`` are -1 where there is none yet.
    """

    data: frozenset[str]
    manifests: frozenset[str]
    heads: frozenset[str]
    planned: int
    done: int

    @property
    def in_flight(self) -> bool:
        """Whether a batch is planned and not noted as done."""
        return self.planned > self.done


def look(place: Place) -> Sight:
    """Look at the folders. Cost: one listing of each, some milliseconds."""
    names: list[str] = []
    for folder, _, files in os.walk(place.warehouse):
        # Files whose names begin with a point are checksums.
        names += [os.path.relpath(f"{folder}/{name}", place.warehouse) for name in files if not name.startswith(".")]
    return Sight(
        data=frozenset(name for name in names if name.endswith(".parquet")),
        manifests=frozenset(name for name in names if name.endswith(".avro")),
        heads=frozenset(os.path.relpath(name, place.warehouse) for name in _heads(place.folder / "catalog.db")),
        planned=_newest(place.checkpoint / "offsets"),
        done=_newest(place.checkpoint / "commits"),
    )


# From a sight of before the batch and one of now.
Moment = Callable[[Sight, Sight], bool]

MOMENTS: dict[str, Moment] = {
    "a batch is planned": lambda was, now: now.planned > was.planned,
    "data files are written": lambda was, now: now.in_flight and bool(now.data - was.data),
    "data files are there, the commit is not": lambda was, now: (
        now.in_flight and bool(now.manifests - was.manifests) and now.heads == was.heads
    ),
    "the table is committed, the checkpoint is not": lambda was, now: (
        now.in_flight and bool(_of(TABLE, now.heads - was.heads))
    ),
    "the checkpoint has noted the batch": lambda was, now: now.done > was.done,
}

ROUTED_MOMENTS: dict[str, Moment] = {
    "the first table is committed, the second is not": lambda was, now: (
        now.in_flight and bool(_of(TABLE, now.heads - was.heads)) and not _of(ROUTED, now.heads - was.heads)
    ),
    "both tables are committed, the merge is not": lambda was, now: (
        now.in_flight and bool(_of(ROUTED, now.heads - was.heads)) and not _of(MERGED, now.heads - was.heads)
    ),
    "a merge is written on its branch": lambda was, now: now.in_flight and bool(_of(MERGED, now.data - was.data)),
}

RANDOM = "a random instant"


def moments_of(place: Place) -> dict[str, Moment]:
    """Give the moments that a stream has."""
    return MOMENTS | ROUTED_MOMENTS if place.routed else MOMENTS


def _of(table: str, names: frozenset[str]) -> list[str]:
    return [name for name in names if name.startswith(table.replace(".", "/") + "/")]


def _heads(catalog: Path) -> list[str]:
    for _ in range(20):
        try:
            with closing(sqlite3.connect(f"file:{catalog}?mode=rw", uri=True)) as database:
                return [row[0].removeprefix("file:") for row in database.execute(_POINTERS)]
        except sqlite3.OperationalError:
            # Not there yet, or locked by a writer.
            if not catalog.exists():
                return []
            time.sleep(0.005)
    return []


def _newest(folder: Path) -> int:
    try:
        return max((int(file.name) for file in folder.iterdir() if file.name.isdigit()), default=-1)
    except FileNotFoundError:
        return -1

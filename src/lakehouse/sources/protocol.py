"""What every source gives: records as bytes with the place where each came from, in pieces that are taken once.

A source of one's own is one class with ``name``, ``batches`` and ``left_out``. It reads; which pieces a table has taken
already, decoding, dead letters and the commit are the same for all, in ``pipeline.take``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog.file_ledger import Held, TakenFile
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import DeadLetterReason
from lakehouse.transforms.decoder import Decoder

RECORD = (
    "source string, source_version string, line bigint, key binary, value binary, "
    "headers array<struct<key: string, value: binary>>"
)
"""Columns of records as a source gives them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """What is taken as a whole and once: a file, or an answer of a server.

    Args:
        source: Its path or address.
        version: Changes when its content does.
        size: Bytes.
    """

    source: str
    version: str
    size: int = 0

    def taken(self, records: int, unreadable: str | None = None) -> TakenFile:
        """Give it as a table's ledger has it."""
        return TakenFile(
            source=self.source, version=self.version, size=self.size, records=records, unreadable=unreadable
        )


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A piece of which no record can be told from another: it becomes one dead letter."""

    piece: Piece
    reason: DeadLetterReason
    detail: str


@dataclass(frozen=True, kw_only=True)
class Portion:
    """Pieces whose records are decoded alike.

    Args:
        pieces: What they came from.
        records: Frame of ``RECORD``; it may be read several times, and gives the same each time.
        counts: How many records each piece holds, by ``source``.
        decoder: What makes rows of them.
        undeclared: Fields that the contract does not have and that the source knows of beforehand, with their kind.
        sample: Some of the records, where they were at hand: what else is not declared is looked for in them.
        notes: What was found out about the pieces, to be shown to a person.
    """

    pieces: Sequence[Piece]
    records: DataFrame
    counts: Mapping[str, int]
    decoder: Decoder
    undeclared: Mapping[str, str]
    sample: Sequence[bytes] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class SourceBatch:
    """What one commit takes. ``cursor`` is where a source of answers goes on after it, in its own words."""

    portions: Sequence[Portion] = ()
    unreadable: Sequence[Unreadable] = ()
    cursor: str = ""

    @property
    def pieces(self) -> Sequence[Piece]:
        """All pieces of the batch."""
        return [*(one for part in self.portions for one in part.pieces), *(one.piece for one in self.unreadable)]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A piece that is there and is not taken, and why."""

    source: str
    why: str


class Source(Protocol):
    """Something outside that records come from."""

    @property
    def name(self) -> str:
        """What people call it: a folder, an address."""

    @property
    def left_out(self) -> Sequence[LeftOut]:
        """What the last call of ``batches`` has found and does not give."""

    def batches(self, spark: SparkSession, payload: ColumnSpec, held: Held) -> Iterator[SourceBatch]:
        """Give what a table does not hold yet, a commit at a time; the next one is asked for after its commit.

        Raises:
            SourceError: It cannot be read.
        """

"""Some rows that differ between two states of a table, as text that may be shown: personal values are masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.scored import Scored
from lakehouse.contract.table import TableSpec
from lakehouse.pipeline.row_pairs import Kind
from lakehouse.quality.personal_text import shown_text, why_personal

_QUALITY = frozenset(Scored.__annotations__)
_LONGEST = 60
_LOOKED_AT = 2000
_CONTEXT = 15
"""Characters that are the same, before the first that differ, of values too long to be shown."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A column of a row at two states, as text; None is null, or no row. Long values are cut to where they differ."""

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class DiffRow:
    """A row that differs: its key, and the cells in which it does.

    Of an added or removed row these are all that have a value, but for the key and the quality columns; there may
    be several such ``rows`` where the table has no key, or they share it.
    """

    kind: Kind
    key: Mapping[str, str | None]
    cells: tuple[Cell, ...]
    rows: int


def sample_rows(pairs: DataFrame, spec: TableSpec, *, most: int, kinds: Sequence[Kind]) -> tuple[DiffRow, ...]:
    """Give some rows of each kind, the first by key, or by what is shown of them; a personal key has no order.

    Rows: at most ``most`` of a kind. Cost: a job for each kind; only the sample comes to the driver.

    Args:
        pairs: Rows ``before`` and ``after``, and how many of each kind they stand for.
    """
    return tuple(row for kind in kinds for row in _of_kind(pairs, spec, kind, most))


def _of_kind(pairs: DataFrame, spec: TableSpec, kind: Kind, most: int) -> list[DiffRow]:
    side = "before" if kind is Kind.REMOVED else "after"
    shown = [F.col(kind).alias("rows")]
    for at, column in enumerate(spec.columns):
        was, now = (F.col(f"{one}.{column.name}") for one in ("before", "after"))
        shown += [_text(column, was).alias(f"before_{at}"), _text(column, now).alias(f"after_{at}")]
        shown.append((~was.eqNullSafe(now)).alias(f"differs_{at}"))
    # What rows are ordered by comes to the driver too, so personal keys are left out.
    open_keys = [name for name in spec.identity if not _why(spec.column(name))]
    order = [F.col(f"{side}.{name}").alias(f"order_{at}") for at, name in enumerate(open_keys)]
    found = pairs.where(F.col(kind) > 0).select(*order, *shown)
    return [_row(row, spec, kind) for row in found.orderBy(*found.columns).limit(most).collect()]


def _row(row: Row, spec: TableSpec, kind: Kind) -> DiffRow:
    key: dict[str, str | None] = {}
    cells = []
    for at, column in enumerate(spec.columns):
        was = None if kind is Kind.ADDED else row[f"before_{at}"]
        now = None if kind is Kind.REMOVED else row[f"after_{at}"]
        if column.name in spec.identity:
            key[column.name] = _cut(was if kind is Kind.REMOVED else now)
        elif row[f"differs_{at}"] if kind is Kind.CHANGED else _tells(column, was, now):
            start = _start(was, now)
            cells.append(Cell(column=column.name, before=_cut(was, start), after=_cut(now, start)))
    return DiffRow(kind=kind, key={name: key[name] for name in spec.identity}, cells=tuple(cells), rows=row["rows"])


def _tells(column: ColumnSpec, before: str | None, after: str | None) -> bool:
    return column.name not in _QUALITY and (before, after) != (None, None)


def _start(before: str | None, after: str | None) -> int:
    """Tell where to begin with two long values, so that what differs is seen."""
    if before is None or after is None or max(len(before), len(after)) <= _LONGEST:
        return 0
    same = next((at for at, (was, now) in enumerate(zip(before, after, strict=False)) if was != now), len(before))
    return max(0, min(same, len(before), len(after)) - _CONTEXT)


def _cut(text: str | None, start: int = 0) -> str | None:
    if text is None:
        return None
    begin = "…" if start else ""
    return begin + text[start : start + _LONGEST - 2] + "…" if len(text) > start + _LONGEST else begin + text[start:]


def _text(column: ColumnSpec, value: Column) -> Column:
    """Give a value as text; of a personal one no more than its length, and that leaves the executors."""
    return F.left(shown_text(value, column.type, why=_why(column)), F.lit(_LOOKED_AT))


def _why(column: ColumnSpec) -> str:
    return why_personal(one for _, one in column.walk())

"""Some rows that failed a rule, to look at: their keys, the values at fault, and never a personal one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.table import TableSpec
from lakehouse.quality.mask import BITS, MASK, MORE, failed_any
from lakehouse.quality.personal_text import shown_text, why_personal
from lakehouse.quality.rule_set import BoundRule, RuleSet

_LONGEST = 60
_WIDEST = 8


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value as text, None for null, and whether a rule that failed judges it. Personal values are masked."""

    column: str
    text: str | None
    bad: bool


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row that failed rules: its key and the columns at fault in any row of the sample, and the rules' names."""

    cells: tuple[Cell, ...]
    failed: tuple[str, ...]


def sample_bad_rows(masked: DataFrame, spec: TableSpec, rules: RuleSet, *, most: int = 20) -> tuple[BadRow, ...]:
    """Give some rows that failed a rule on rows, those that failed an error rule first, then by key as it is shown.

    Personal values, by the contract's ``Pii``, are masked in the query already: they do not leave the executors, and
    those of the key have no say in the order.

    Rows: at most ``most``, the same ones for the same data. Columns: the key, and what failed rules judge in some row
    of the sample; at most 8, those most often at fault. Long values are cut. Cost: one job, a scan of the key, the mask
    and the columns with rules; no shuffle of rows.

    Args:
        masked: Rows with the mask of these rules, see ``with_quality``.
        spec: The contract of the table.
        rules: Its rules.
        most: How many rows at most.
    """
    if not rules.rules or most < 1:
        return ()
    paths = _candidates(spec, rules)
    shown = [_text(spec, path).alias(f"v{at}") for at, path in enumerate(paths)]
    rank = F.when(failed_any(rules), 0).otherwise(1).alias("rank")
    # What rows are ordered by comes to the driver too.
    key = [(_text(spec, one) if _why(spec, one) else F.col(one)).alias(f"k{at}") for at, one in enumerate(spec.key)]
    found = masked.where(_failed_sql(rules)).select(rank, *key, *shown, MASK, MORE)
    # Rows that are alike in all of these look alike in the sample too, so it does not matter which of them is taken.
    order = [name for name in found.columns if name != MORE] + [F.col(MORE)]
    rows = found.orderBy(*order).limit(most).collect()
    return _bad_rows(rows, paths, spec, rules)


def _bad_rows(rows: Sequence[Row], paths: Sequence[str], spec: TableSpec, rules: RuleSet) -> tuple[BadRow, ...]:
    failed = [tuple(_failed(row, rules)) for row in rows]
    judged = [{column for one in found for column in _judged(one)} for found in failed]
    counts = Counter(column for columns in judged for column in columns)
    often = sorted((p for p in paths if counts[p] and p not in spec.key), key=lambda path: -counts[path])
    chosen = {*spec.key, *often[: max(0, _WIDEST - len(spec.key))]}
    columns = [(at, path) for at, path in enumerate(paths) if path in chosen][:_WIDEST]
    return tuple(
        BadRow(
            cells=tuple(Cell(column=path, text=row[f"v{at}"], bad=path in bad) for at, path in columns),
            failed=tuple(one.name for one in found),
        )
        for row, found, bad in zip(rows, failed, judged, strict=True)
    )


def _candidates(spec: TableSpec, rules: RuleSet) -> list[str]:
    """Give the columns that may be shown: the key, then those that rules judge, in the order of the contract."""
    judged = {column for one in rules.rules for column in _judged(one)}
    declared = [path for column in spec.columns for path in column.paths()]
    return [*spec.key, *(path for path in declared if path in judged and path not in spec.key)]


def _judged(one: BoundRule) -> tuple[str, ...]:
    """Give the columns that a rule judges; none for a condition in SQL, which only the engine can read."""
    return (one.column,) if one.column else tuple(getattr(one.rule, "columns", ()))


def _failed(row: Row, rules: RuleSet) -> Iterator[BoundRule]:
    words = [row[MASK], *(row[MORE] or ())]
    for bit, one in enumerate(rules.rules):
        if words[bit // BITS] >> bit % BITS & 1:
            yield one


def _failed_sql(rules: RuleSet) -> str:
    more = [f"get({MORE}, {word})" for word in range((len(rules.rules) - 1) // BITS)]
    return " OR ".join(f"{word} != 0" for word in [MASK, *more])


def _text(spec: TableSpec, path: str) -> Column:
    """Give a value as text that may be shown: masked where it is personal, cut where it is long; null stays null."""
    kind = next(column.type for name, column in _walk(spec) if name == path)
    text = shown_text(F.col(path), kind, why=_why(spec, path))
    cut = F.concat(F.substring(text, 1, _LONGEST - 1), F.lit("…"))
    return F.when(F.length(text) > _LONGEST, cut).otherwise(text)


def _why(spec: TableSpec, path: str) -> str:
    """Tell why a value is personal, empty when it is not: what it is in counts, and what is inside of it."""
    return why_personal(
        column
        for name, column in _walk(spec)
        if path == name or path.startswith(f"{name}.") or name.startswith(f"{path}.")
    )


def _walk(spec: TableSpec) -> Iterator[tuple[str, ColumnSpec]]:
    for column in spec.columns:
        yield from column.walk()

"""Try whether a build keeps what it declares: the same rows for the same input, in any order, and by what changed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.follows import Keys, Rows
from lakehouse.contract.schema import DataSet
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.build_call import call_with
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.pipeline.near_values import rows_of_values
from lakehouse.testing.made import NOW, the_build

_SHOWN = 5

Inputs = Mapping[str, DataFrame]


def assert_build_laws(function: Callable[..., DataSet[Any]], *, now: datetime = NOW, **inputs: DataFrame) -> None:
    """Try a build on rows that you give: each law that an incremental run relies on.

    The same rows give the same result, twice and in another order. Then each input is changed in turn: rows are taken
    away and added, and moved between the keys or groups that it says it follows; what a run would do with that change
    has to give what a build of all rows gives.

    Cost: some small jobs for each change; the rows are collected. Give ten to a hundred, with several of each group.

    Args:
        function: A function declared with ``@build``.
        now: The instant that the build takes.
        inputs: Its parameters.

    Raises:
        AssertionError: A law is broken; the rows that differ are shown.
        TypeError: It is no build, or the inputs are not its parameters.
    """
    build = the_build(function, inputs)
    tried = _Tried(build, now, next(iter(inputs.values())).sparkSession)
    # Local copies: each is read many times.
    held = {name: conform(inputs[name], schema).collect() for name, schema in build.inputs}
    given = {name: tried.frame(name, rows) for name, rows in held.items()}
    made = tried.rows(given)
    _assert_same(build, "the same rows a second time", tried.rows(given), made)
    shuffled = {name: rows.repartition(3).orderBy(F.rand(7)) for name, rows in given.items()}
    _assert_same(build, "the same rows in another order", tried.rows(shuffled), made)
    for name, rows in held.items():
        for what, changed in _changes(build, name, rows):
            found = tried.by_change(given, name, _Change(rows, changed), made)
            if found is not None:
                after = tried.rows({**given, name: tried.frame(name, changed)})
                _assert_same(build, f"{what} in {name}", found, after)


@dataclass(frozen=True)
class _Change:
    """The rows of an input before and after a change."""

    before: list[Row]
    after: list[Row]

    @property
    def added(self) -> list[Row]:
        return _minus(self.after, self.before)

    @property
    def removed(self) -> list[Row]:
        return _minus(self.before, self.after)


class _Tried:
    """Calls a build with some rows, and with those of a change alone, as an incremental run does."""

    def __init__(self, build: BuildSpec, now: datetime, spark: SparkSession) -> None:
        self.build, self.now, self.spark = build, now, spark
        self.schemas = dict(build.inputs)

    def frame(self, name: str, rows: Sequence[Any]) -> DataFrame:
        schema = self.schemas[name]
        return conform(self.spark.createDataFrame(list(rows), spec_of(schema).struct), schema)

    def made(self, inputs: Inputs) -> DataFrame:
        return conform(call_with(self.build, inputs, instant=self.now), self.build.output)

    def rows(self, inputs: Inputs) -> list[Row]:
        return kept_rows(self.build.table, self.made(inputs)).collect()

    def by_change(self, before: Inputs, name: str, change: _Change, stored: list[Row]) -> list[Row] | None:
        """Give what an incremental run leaves in the table; None where it would build it whole."""
        follows, added, removed = self.build.follows, change.added, change.removed
        if isinstance(follows, Rows) and name == follows.input:
            if self.build.table.history:
                return self._by_history(before, name, change.after, [*added, *removed], stored)
            return self._by_rows(before, name, added, removed, stored)
        of = follows.of_input(name, before[name].columns) if isinstance(follows, Keys) else None
        if not isinstance(follows, Keys) or of is None:
            return None
        both = self.frame(name, [*added, *removed])
        touched = both.select(*(F.expr(of[key]).alias(key) for key in follows.columns)).distinct().collect()
        gone = {tuple(one) for one in touched}
        kept = [row for row in stored if tuple(row[key] for key in follows.columns) not in gone]
        return [*kept, *self.rows(self._only({**before, name: self.frame(name, change.after)}, touched, follows))]

    def _by_rows(
        self, before: Inputs, name: str, added: list[Row], removed: list[Row], stored: list[Row]
    ) -> list[Row] | None:
        target = self.build.table
        came, went = (self.made({**before, name: self.frame(name, rows)}) for rows in (added, removed))
        if target.newest_by:
            there = self.spark.createDataFrame(stored, target.struct)
            return None if removed else kept_rows(target, there.unionByName(came)).collect()
        return [*_minus(stored, went.collect()), *came.collect()]

    def _by_history(
        self, before: Inputs, name: str, changed: list[Row], differing: list[Row], stored: list[Row]
    ) -> list[Row]:
        def key(row: Row) -> tuple[Any, ...]:
            return tuple(row[column] for column in self.build.table.key)

        touched = {key(row) for row in self.made({**before, name: self.frame(name, differing)}).collect()}
        again = self.rows({**before, name: self.frame(name, changed)})
        return [*(row for row in stored if key(row) not in touched), *(row for row in again if key(row) in touched)]

    def _only(self, inputs: Inputs, touched: list[Row], follows: Keys) -> dict[str, DataFrame]:
        found = dict(inputs)
        for name, schema in self.build.inputs:
            of = follows.of_input(name, spec_of(schema).struct.names)
            if of is not None:
                types = inputs[name].select(*(F.expr(of[key]).alias(key) for key in follows.columns)).schema
                found[name] = rows_of_values(inputs[name], self.spark.createDataFrame(touched, types), of)
        return found


def _changes(build: BuildSpec, name: str, rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Change an input: its first rows come once more, they go, and values move to the row before."""
    half = max(1, len(rows) // 2)
    yield "rows added", [*rows, *rows[:half]]
    yield "rows taken away", rows[half:]
    columns = list(dict(build.inputs)[name].get_structtype().names)
    for at, column in enumerate(columns):
        if column in _moved(build, name, columns):
            values = [row[at] for row in rows]
            moved = zip(rows, [*values[1:], *values[:1]], strict=True)
            yield f"values of {column} moved to other rows", [Row(*row[:at], one, *row[at + 1 :]) for row, one in moved]


def _moved(build: BuildSpec, name: str, columns: list[str]) -> list[str]:
    follows = build.follows
    if not isinstance(follows, Keys):
        return columns[:1] if isinstance(follows, Rows) else []
    words = {word for sql in (follows.of_input(name, columns) or {}).values() for word in re.findall(r"\w+", sql)}
    return [column for column in columns if column in words]


def _minus(some: list[Row], others: list[Row]) -> list[Row]:
    """Give the rows of one list that another does not have, as often as they are more."""
    left = Counter(map(_text, others))
    found = []
    for row in some:
        text = _text(row)
        if left[text]:
            left[text] -= 1
        else:
            found.append(row)
    return found


def _text(row: Row) -> str:
    return json.dumps(row, default=str)


def _assert_same(build: BuildSpec, what: str, found: list[Row], expected: list[Row]) -> None:
    more, fewer = _minus(found, expected), _minus(expected, found)
    if more or fewer:
        lines = [f"  + {row}" for row in more[:_SHOWN]] + [f"  - {row}" for row in fewer[:_SHOWN]]
        raise AssertionError(
            f"the build of {build.table.name} ({build.source}) is declared with follows={build.follows}; with {what}, "
            f"{len(more)} rows come that a build of all does not give (+), and {len(fewer)} do not that it gives (-):\n"
            + "\n".join(lines)
        )

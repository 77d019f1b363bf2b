"""What a build makes of some rows: as the table will hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame

from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.conform import conform
from lakehouse.contract.schema import DataSet
from lakehouse.errors import MissingExtraError
from lakehouse.pipeline.build_call import call_with
from lakehouse.pipeline.kept_rows import kept_rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def build_rows(function: Callable[..., DataSet[Any]], *, now: datetime = NOW, **inputs: DataFrame) -> DataSet[Any]:
    """Give the rows that the table of a build holds when these are its inputs.

    Rows: those of the build; of a table with ``newest_by`` the newest of each key, or its versions. Columns: those of
    the contract; what the library fills is null. Reads nothing until an action.

    Args:
        function: A function declared with ``@build``.
        now: The instant that the build takes.
        inputs: Its parameters.

    Raises:
        TypeError: It is no build, or the inputs are not its parameters.
        SchemaMismatchError: The build gives other columns than it declares.
    """
    build = the_build(function, inputs)
    return conform(kept_rows(build.table, call_with(build, inputs, instant=now)), build.output)


def assert_build(
    function: Callable[..., DataSet[Any]],
    expected: Iterable[Mapping[str, Any]],
    *,
    now: datetime = NOW,
    **inputs: DataFrame,
) -> None:
    """Hold what a build makes against the rows that you expect, in any order, by the columns that you name.

    Raises:
        AssertionError: They differ; both are shown, side by side.
        ValueError: The expected rows do not all name the same columns of the table.
        MissingExtraError: chispa is not installed.
    """
    try:
        from chispa import assert_df_equality
    except ImportError as error:
        raise MissingExtraError(extra="testing", needed_for="assert_build") from error
    rows = list(expected)
    made = build_rows(function, now=now, **inputs)
    columns = list(rows[0]) if rows else made.columns
    if any(list(row) != columns for row in rows) or not set(columns) <= set(made.columns):
        raise ValueError(f"each expected row names the same columns of {', '.join(made.columns)}; found {columns}")
    chosen = made.select(*columns)
    wanted = made.sparkSession.createDataFrame([tuple(row.values()) for row in rows], chosen.schema)
    assert_df_equality(chosen, wanted, ignore_row_order=True, ignore_nullable=True)


def the_build(function: Callable[..., DataSet[Any]], inputs: Mapping[str, DataFrame]) -> BuildSpec:
    """Give what ``@build`` declared of a function, when these are its inputs.

    Raises:
        TypeError: It is no build, or they are not.
    """
    build = build_of(function)
    if build is None:
        raise TypeError(f"{getattr(function, '__name__', function)} is not declared with @build")
    names = [name for name, _ in build.inputs]
    if set(inputs) != set(names):
        raise TypeError(f"{build.source} takes {', '.join(names)}; given were {', '.join(inputs) or 'none'}")
    return build

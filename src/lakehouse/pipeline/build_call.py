"""Call a build: its inputs read as they stood when the run began, and its instant."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

from lakehouse.catalog.conflicts import conflict_of
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.table import spec_of
from lakehouse.errors import BuildError, LakehouseError
from lakehouse.pipeline.spark_errors import SPARK_ERRORS, root_cause


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The inputs of a build, each at the snapshot that the run has pinned (table → its id), and the run's instant."""

    lake: Lake
    build: BuildSpec
    pinned: Mapping[str, int]
    instant: datetime

    def read(self, parameter: str) -> DataFrame:
        """Read an input whole."""
        schema = dict(self.build.inputs)[parameter]
        return self.lake.read(schema, snapshot_id=self.pinned[spec_of(schema).name] or None)


def call(build: BuildSpec, inputs: Inputs, instead: Mapping[str, DataFrame] | None = None) -> DataFrame:
    """Call a build with its inputs, of which some may be given by parameter ``instead``. Reads nothing yet.

    Raises:
        BuildError: The build raises something, or gives nothing.
    """
    given = instead or {}
    rows = {name: given[name] if name in given else inputs.read(name) for name, _ in build.inputs}
    try:
        made = call_with(build, rows, instant=inputs.instant)
    except LakehouseError:
        raise
    except Exception as error:  # a build is code of others: whatever it raises
        why = f"raised {in_words(error, build)}"
        raise BuildError(table=build.table.name, source=build.source, why=why) from error
    if made is None:
        why = f"gives nothing, and its signature says DataSet[{build.output.__name__}]; a return is missing"
        raise BuildError(table=build.table.name, source=build.source, why=why)
    return made


@contextmanager
def while_written(build: BuildSpec) -> Iterator[None]:
    """Tell of what Spark finds in a value while it writes the rows of a build, by the build; a conflict stays one.

    Raises:
        BuildError: It found something.
    """
    try:
        yield
    except SPARK_ERRORS as error:
        if conflict_of(error) is not None:
            raise
        why = f"gives rows that Spark could not write: {in_words(error, build)}"
        raise BuildError(table=build.table.name, source=build.source, why=why) from error


def in_words(error: Exception, build: BuildSpec) -> str:
    """Say an error in a line: what Spark prints of its plans is left out, and so is the trace."""
    first = root_cause(error) if str(error).strip() else ""
    spark = re.match(r"(?:[\w.$]+: )?\[[A-Z][\w.]+\] ", first)
    said = first[spark.end() :].split(" SQLSTATE")[0] if spark else f"{type(error).__name__}: {first}"
    file, line = build.source.rsplit(":", 1)
    lines = [str(one.lineno) for one in traceback.extract_tb(error.__traceback__) if one.filename == file]
    return f"{said} (line {lines[-1]})" if lines and lines[-1] != line else said


def call_with(build: BuildSpec, rows: Mapping[str, DataFrame], *, instant: datetime) -> DataFrame:
    """Call a build with rows for each of its parameters; they have to fit the contracts."""
    arguments: dict[str, object] = {name: conform(rows[name], schema) for name, schema in build.inputs}
    if build.instant:
        arguments[build.instant] = instant
    return build.function(**arguments)

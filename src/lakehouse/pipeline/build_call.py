"""Call a build: its inputs read as they stood when the run began, and its instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.table import spec_of


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
    """Call a build with its inputs, of which some may be given by parameter ``instead``. Reads nothing yet."""
    given = instead or {}
    rows = {name: given[name] if name in given else inputs.read(name) for name, _ in build.inputs}
    return call_with(build, rows, instant=inputs.instant)


def call_with(build: BuildSpec, rows: Mapping[str, DataFrame], *, instant: datetime) -> DataFrame:
    """Call a build with rows for each of its parameters; they have to fit the contracts."""
    arguments: dict[str, object] = {name: conform(rows[name], schema) for name, schema in build.inputs}
    if build.instant:
        arguments[build.instant] = instant
    return build.function(**arguments)

"""Whether a build gives what its contract declares: it is called with empty inputs, so nothing is read."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.engine import Engine
from lakehouse.contract.follows import Keys
from lakehouse.contract.table import spec_of
from lakehouse.errors import LakehouseError, SchemaMismatchError
from lakehouse.pipeline.build_call import call_with
from lakehouse.pipeline.engine_check import refused
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.quality import RuleSet, with_quality


def check_build(lake: Lake, build: BuildSpec, rules: RuleSet, *, instant: datetime) -> tuple[str, ...]:
    """List what is wrong with a build; empty when its rows, its rules and what it follows fit its contract.

    Cost: Spark analyses the build's plan. No job, and no table is looked at.
    """
    empty = {name: lake.spark.createDataFrame([], spec_of(schema).struct) for name, schema in build.inputs}
    wrong = (*_of_rows(build, rules, empty, instant), *_of_follows(build, empty))
    if wrong or lake.engine is Engine.SPARK:
        return wrong
    return tuple(f"{lake.engine}: {what}" for what in refused(lake, build, rules, instant=instant))


def _of_rows(build: BuildSpec, rules: RuleSet, empty: dict[str, DataFrame], instant: datetime) -> Iterator[str]:
    spec = build.table
    try:
        made = call_with(build, empty, instant=instant)
        if made is None:
            yield f"gives nothing, and its signature says DataSet[{build.output.__name__}]; a return is missing"
            return
        # By its schema alone: on top of all that the build does, the rules would be analysed for longer. Each schema is
        # asked for because a session of Spark Connect analyses no earlier.
        rows = kept_rows(spec, made.sparkSession.createDataFrame([], made.schema))
        _ = (with_quality(rows, rules) if rules.rules else rows).schema
    except SchemaMismatchError as error:
        of = "" if error.table == spec.name else f"{error.table}."
        yield from (f"{of}{difference}" for difference in error.differences)
    except LakehouseError as error:
        yield str(error)
    except Exception as error:  # a build is code of others: whatever it raises is told, and the next one is checked
        yield _in_words(error, build)


def _of_follows(build: BuildSpec, empty: dict[str, DataFrame]) -> Iterator[str]:
    if not isinstance(build.follows, Keys):
        return
    for name, frame in empty.items():
        for column, sql in (build.follows.of_input(name, frame.columns) or {}).items():
            try:
                _ = frame.select(F.expr(sql)).schema
            except Exception as error:  # by what Spark's parser and analyser raise, which differ by version
                yield f"{type(build.follows).__name__} takes {column} of {name} as {sql}: {_in_words(error, build)}"


def _in_words(error: Exception, build: BuildSpec) -> str:
    """Say an error in a line: what Spark prints of its plans is left out, and so is the trace."""
    first = next(iter(str(error).strip().splitlines()), "")
    spark = re.match(r"\[[A-Z][\w.]+\] ", first)
    said = first[spark.end() :].split(" SQLSTATE")[0] if spark else f"{type(error).__name__}: {first}"
    file, line = build.source.rsplit(":", 1)
    lines = [str(one.lineno) for one in traceback.extract_tb(error.__traceback__) if one.filename == file]
    return f"{said} (line {lines[-1]})" if lines and lines[-1] != line else said

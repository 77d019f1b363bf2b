"""Whether a build gives what its contract declares: it is called with empty inputs, so nothing is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from typedspark import DataSet

from lakehouse.contract.build import BuildSpec
from lakehouse.contract.conform import require_fit
from lakehouse.contract.ddl import type_sql
from lakehouse.contract.follows import Keys
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.schema import Schema
from lakehouse.contract.table import spec_of
from lakehouse.errors import LakehouseError, SchemaMismatchError
from lakehouse.pipeline.build_call import call_with, in_words
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.quality import RuleSet, with_quality


def check_build(
    build: BuildSpec, rules: RuleSet, *, instant: datetime, empty: EmptyTables, published: bool = False
) -> tuple[str, ...]:
    """List what is wrong with a build; empty when its rows, its rules and what it follows fit its contract.

    Cost: Spark analyses the build's plan. No job, and no table is looked at.

    Args:
        empty: Gives tables without rows, of its inputs and of what it gives.
        published: Its newest publish was of the same sources and rules, so its rows and rules are known to fit: only
            what it follows is looked at.
    """
    if published:
        return tuple(_of_follows(build, empty))
    inputs = _distinct(build, empty)
    return (*_of_rows(build, rules, inputs, instant, empty), *_of_follows(build, empty))


class EmptyTables:
    """Tables without rows, made when they are asked for; by whichever thread, one of each is given."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark, self._made = spark, dict[type[Schema], DataFrame]()

    def __getitem__(self, schema: type[Schema]) -> DataFrame:
        """By SQL: to make a DataFrame of no rows from Python takes Spark as long as to analyse a small build."""
        if schema not in self._made:
            made = DataSet[schema](self._spark.sql(_no_rows(schema)))  # type: ignore[valid-type]
            return self._made.setdefault(schema, made)
        return self._made[schema]


def _distinct(build: BuildSpec, empty: EmptyTables) -> dict[str, DataFrame]:
    """Give the inputs of a build; of a table that it takes twice, columns that Spark can tell from each other."""
    inputs: dict[str, DataFrame] = {}
    for name, schema in build.inputs:
        rows = empty[schema]
        again = any(rows is other for other in inputs.values())
        inputs[name] = (
            rows.selectExpr(*(f"{quote_name(c)} AS {quote_name(c)}" for c in rows.columns)) if again else rows
        )
    return inputs


def _no_rows(schema: type[Schema]) -> str:
    columns = (f"CAST(NULL AS {type_sql(c.type, c.fields)}) AS {quote_name(c.name)}" for c in spec_of(schema).columns)
    return f"SELECT {', '.join(columns)} WHERE false"


def _of_rows(
    build: BuildSpec, rules: RuleSet, inputs: dict[str, DataFrame], instant: datetime, empty: EmptyTables
) -> Iterator[str]:
    spec = build.table
    try:
        made = call_with(build, inputs, instant=instant)
        if made is None:
            yield f"gives nothing, and its signature says DataSet[{build.output.__name__}]; a return is missing"
            return
        require_fit(made, build.output)
        # Of rows that fit, as if they were another's: on top of all that the build does, what the table keeps and its
        # rules would be analysed for longer. The schema is asked for because Spark Connect analyses no earlier.
        rows = kept_rows(spec, empty[build.output])
        _ = (with_quality(rows, rules) if rules.rules else rows).schema
    except SchemaMismatchError as error:
        of = "" if error.table == spec.name else f"{error.table}."
        yield from (f"{of}{difference}" for difference in error.differences)
    except LakehouseError as error:
        yield str(error)
    except Exception as error:  # a build is code of others: whatever it raises is told, and the next one is checked
        yield in_words(error, build)


def _of_follows(build: BuildSpec, empty: EmptyTables) -> Iterator[str]:
    if not isinstance(build.follows, Keys):
        return
    for name, schema in build.inputs:
        columns = spec_of(schema).struct.names
        for column, sql in (build.follows.of_input(name, columns) or {}).items():
            if sql in {quote_name(one) for one in columns}:
                continue
            try:
                _ = empty[schema].select(F.expr(sql)).schema
            except Exception as error:  # by what Spark's parser and analyser raise, which differ by version
                yield f"{type(build.follows).__name__} takes {column} of {name} as {sql}: {in_words(error, build)}"

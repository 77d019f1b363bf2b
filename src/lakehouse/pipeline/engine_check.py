"""Whether an engine builds a table as Spark does: told by name before anything is read, for what is silent later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pyiceberg.table import Table
from pyspark.errors import UnsupportedOperationException
from pyspark.sql import DataFrame

from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.engine import Engine, building_on
from lakehouse.contract.table import spec_of
from lakehouse.engines.sail_plan import unlike_spark
from lakehouse.errors import EngineRefusedError
from lakehouse.pipeline.build_call import call_with
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.quality import Policy, RuleSet
from lakehouse.quality.rule_set import BoundRule

_NO_POLICY = {Policy.QUARANTINE: "its gate says quarantine, whose rows are merged into a table of their own"}


def require_engine(lake: Lake, build: BuildSpec, rules: RuleSet, *, instant: datetime) -> None:
    """Refuse to build a table where the engine would, or might, make other rows than Spark.

    Cost: with Spark none. Else the build is called with empty inputs and its plan is read; no job.

    Raises:
        EngineRefusedError: It lists each transform, function and rule that was not tried on the engine.
    """
    if lake.engine is not Engine.SPARK and (what := refused(lake, build, rules, instant=instant)):
        raise EngineRefusedError(engine=lake.engine, what=what, table=build.table.name)


def refused(lake: Lake, build: BuildSpec, rules: RuleSet, *, instant: datetime) -> tuple[str, ...]:
    """List what an engine other than Spark does not do, or was not tried with, of a build and its rules."""
    table = lake.find(build.table.name)
    left = left_behind(table) if table else ()
    return (*left, *_of_build(lake, build, instant), *_of_rules(lake, build, rules))


def left_behind(table: Table) -> tuple[str, ...]:
    """List what of a table would stay when PyIceberg replaces its rows: deletes, which would be counted further."""
    files = ledger.summed(table.current_snapshot(), "total-delete-files")
    todo = f"`lakehouse maintain {'.'.join(table.name())}` writes its files anew without them"
    return (f"taking position deletes away, of which it has {files:,} files; {todo}",) if files else ()


def _of_build(lake: Lake, build: BuildSpec, instant: datetime) -> Iterator[str]:
    if build.engines is not None:
        # Its author has tried it as a whole, which is more than its parts tell.
        if lake.engine not in build.engines:
            yield f"the build says engines={tuple(str(one) for one in build.engines)}"
        return
    try:
        with building_on(lake.engine):
            made = call_with(build, _empty(lake, build), instant=instant)
            kept_rows(build.table, made)
    except EngineRefusedError as error:
        yield from (f"the transform {name}, which does not run there" for name in error.what)
        return
    except UnsupportedOperationException as error:
        yield f"{next(iter(str(error).splitlines()), 'something')}, which it does not have"
        return
    yield from unlike_spark(made)


def _of_rules(lake: Lake, build: BuildSpec, rules: RuleSet) -> Iterator[str]:
    if rules.rules and rules.gate.policy in _NO_POLICY:
        yield _NO_POLICY[rules.gate.policy]
    if rules.gate.segments:
        yield "its gate names segments, whose values are made text"
    declared = [one for one in (*rules.rules, *rules.table_rules) if lake.engine in one.rule.engines]
    yield from (
        f"the rule {one.name} ({type(one.rule).__name__}), which does not run there"
        for one in (*rules.rules, *rules.table_rules)
        if one not in declared
    )
    rows = lake.spark.createDataFrame([], build.table.struct)
    yield from (why for one in declared if one in rules.rules for why in _of_rule(rows, one))


def _of_rule(rows: DataFrame, bound: BoundRule) -> Iterator[str]:
    """Look into what a rule was given: its pattern, its SQL."""
    (violated,) = RuleSet(table="", rules=(bound,)).violated
    yield from (f"the rule {bound.name}: {why}" for why in unlike_spark(rows.select(violated)))


def _empty(lake: Lake, build: BuildSpec) -> dict[str, DataFrame]:
    return {name: lake.spark.createDataFrame([], spec_of(schema).struct) for name, schema in build.inputs}

"""What a build has to do to bring its table up to date, and why: from the ledger and from metadata, before any data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pyiceberg.table import Table

from lakehouse.catalog import ledger
from lakehouse.catalog.changes import ChangePlan, Method, plan_change
from lakehouse.catalog.iceberg import Tables, find_table, load_table
from lakehouse.catalog.publish import main_of
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.ddl import create_table_sql
from lakehouse.contract.engine import Engine
from lakehouse.contract.follows import Keys, Rows
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.cost import COSTS, Costs, Work
from lakehouse.pipeline.expired_rows import expired_rows
from lakehouse.pipeline.since import changes_since
from lakehouse.quality import Policy, RuleSet


class Strategy(StrEnum):
    """How new rows get into a table."""

    NOTHING = "up to date"
    WHOLE = "replace all"
    APPEND = "append"
    MERGE = "merge, newest wins"
    REPLACE = "replace changed"
    SLICE = "replace slice"


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """How one table is brought up to date: the strategy, why it is that one, and what changed in each input.

    ``changes`` are by parameter, against what the newest publish had read; ``inputs`` are the snapshots that are read,
    by table; ``code`` is the fingerprint of the build; ``base`` is where ``main`` of its table was. ``expired`` are the
    rows, by input, that are gone from it and not made rows of; ``newly_expired`` those of which rows in the table were
    made that this plan would take away.
    """

    build: BuildSpec
    strategy: Strategy
    reason: str
    changes: Mapping[str, ChangePlan] = field(default_factory=dict)
    inputs: Mapping[str, int] = field(default_factory=dict)
    code: str = ""
    base: int | None = None
    expired: Mapping[str, int] = field(default_factory=dict)
    newly_expired: Mapping[str, int] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.build.table.name

    @property
    def bytes_to_read(self) -> int:
        """Size of the files of its inputs that are read, at most."""
        return work_of(self.build, self.strategy, self.changes, target_bytes=0).read


def plan_build(
    catalog: Tables,
    build: BuildSpec,
    rules: RuleSet,
    *,
    instant: datetime,
    full: bool = False,
    since: str = "",
    costs: Costs = COSTS,
    pinned: Mapping[str, int] | None = None,
    engine: Engine = Engine.SPARK,
) -> BuildPlan:
    """Decide how to bring a table up to date. Cost: metadata of the table and its inputs.

    Args:
        instant: That of the run; a build that takes it is built anew each day.
        full: Build it whole in any case.
        since: Make again what changed since then, be it another code that made it; see ``changes_since``.
        costs: By what the cheaper strategy is chosen.
        pinned: Inputs that are read at a snapshot, by table; of the others it is the one that ``main`` is at.
        engine: What will build it.

    Raises:
        TableNotFoundError: An input does not exist yet.
        TimeTravelError: Nothing is known of ``since``.
    """
    target, code = find_table(catalog, build.table.name), fingerprint(build, instant)
    newest = ledger.latest(target) if target else None
    tables = {name: _input(catalog, spec_of(schema).name) for name, schema in build.inputs}
    read = newest.inputs if newest else {}
    heads = {_name(one): main_of(one) for one in tables.values()} | dict(pinned or {})
    if since and target and newest and not full:
        changes = changes_since(build, target, tables, since, read=read, heads=heads)
    else:
        changes = {
            name: plan_change(one, since=read.get(_name(one)), until=heads[_name(one)]) for name, one in tables.items()
        }

    # Not of a table that a stream merges into: a row that was replaced there has not expired.
    records = [tables[name] for name, schema in build.inputs if issubclass(schema, KafkaRecord)]
    gone = {_name(one): count for one in records if (count := expired_rows(one))}
    known = newest.expired if newest else gone
    newly = {one: count for one, count in gone.items() if count > known.get(one, 0)}

    def plan(strategy: Strategy, reason: str) -> BuildPlan:
        anew = _made_anew(build, strategy)
        return BuildPlan(
            build=build,
            strategy=strategy,
            reason=reason,
            changes=changes,
            inputs={_name(one): heads[_name(one)] or 0 for one in tables.values()},
            code=code,
            base=main_of(target) if target else None,
            expired=gone if anew else known,
            newly_expired=newly if anew else {},
        )

    for applies, reason in (
        (newest is None, "it was never built"),
        (full, "it was asked for"),
        (newest and newest.code != code and newest.backfill, "a backfill has left rows of earlier code"),
        (newest and newest.code != code and not since, "its code, its contract or its day changed"),
        (newest and newest.rules != rules.id, "its rules changed"),
    ):
        if applies:
            return plan(Strategy.WHOLE, reason)
    strategy, reason = strategy_on(engine, changes, *strategy_for(build, rules, changes, again=bool(since)))
    if strategy is Strategy.NOTHING and newest and newest.code != code:
        return plan(Strategy.APPEND, f"its code changed, and no row of its inputs since {since}")
    reason += f" since {since}" if since and strategy is not Strategy.NOTHING else ""
    size = ledger.summed(target.current_snapshot(), "total-files-size") if target else 0
    times = times_as_dear(strategy, build, changes, target_bytes=size, costs=costs, engine=engine)
    # To build it whole would lose rows, whatever it costs to follow.
    if strategy is not Strategy.NOTHING and times > 1 and not newly:
        return plan(Strategy.WHOLE, f"{reason}, and to {strategy} would cost {times:.1f} times as much")
    return plan(strategy, reason)


def fingerprint(build: BuildSpec, instant: datetime) -> str:
    """Hash what decides a build's result beside its inputs: its code, the contract, and the day of its instant.

    Columns that were added later are left out: rows from before them stay as they are.
    """
    day = f"{instant:%Y-%m-%d}" if build.instant else ""
    order = f"{build.table.newest_by} {build.table.deleted_by} {build.table.history or ''}"
    from_the_first = tuple(one for one in build.table.columns if not one.added_later)
    text = build.code + create_table_sql(replace(build.table, columns=from_the_first), catalog="") + order + day
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def times_as_dear(
    strategy: Strategy,
    build: BuildSpec,
    changes: Mapping[str, ChangePlan],
    *,
    target_bytes: int,
    costs: Costs,
    engine: Engine = Engine.SPARK,
) -> float:
    """Give what a strategy costs, where to build the table whole costs 1."""
    part, whole = (
        costs.of(work_of(build, one, changes, target_bytes=target_bytes, engine=engine))
        for one in (strategy, Strategy.WHOLE)
    )
    return part / whole if whole else 1.0


def work_of(
    build: BuildSpec,
    strategy: Strategy,
    changes: Mapping[str, ChangePlan],
    *,
    target_bytes: int,
    engine: Engine = Engine.SPARK,
) -> Work:
    """Tell what a strategy does, by the sizes that metadata give."""
    total = sum(one.total_bytes for one in changes.values())
    if strategy is Strategy.WHOLE:
        return Work(read=total, made=total, written=target_bytes)
    changed = sum(one.bytes for one in changes.values())
    share = min(1.0, max((one.rows / max(1, one.total_rows) for one in changes.values()), default=0.0))
    alone = strategy in {Strategy.APPEND, Strategy.NOTHING}
    return Work(
        read=0 if strategy is Strategy.NOTHING else changed + _looked_up(build, strategy, changes),
        made=share * total,
        looked_through=0 if alone else target_bytes,
        written=(share if alone or engine.deletes_rows else 1.0) * target_bytes,
        more_jobs=not alone and engine.deletes_rows,
    )


def _made_anew(build: BuildSpec, strategy: Strategy) -> bool:
    """Tell whether rows that are in the table are made once more, of all rows of an input or all of some keys."""
    by_key = isinstance(build.follows, Keys) or made_of_all_changes(build.table)
    return strategy is Strategy.WHOLE or (strategy is Strategy.REPLACE and by_key)


def made_of_all_changes(spec: TableSpec) -> bool:
    """Tell whether what a table keeps of a key is found among all rows that its build makes of it."""
    return spec.history is not None or bool(spec.newest_by)


def _looked_up(build: BuildSpec, strategy: Strategy, changes: Mapping[str, ChangePlan]) -> int:
    """Give the size of what a build reads beside the change: rows of the same keys, or whole inputs.

    Rows of a key are looked for in all files; their statistics may leave some out.
    """
    of_all = strategy is Strategy.REPLACE and made_of_all_changes(build.table)
    followed = build.follows.input if isinstance(build.follows, Rows) and not of_all else None
    return sum(one.total_bytes for name, one in changes.items() if name != followed)


def _input(catalog: Tables, name: str) -> Table:
    return load_table(catalog, name, todo=f"run `lakehouse stream {name}` or `lakehouse run {name}` first")


def _name(table: Table) -> str:
    return ".".join(table.name())


def strategy_for(
    build: BuildSpec, rules: RuleSet, changes: Mapping[str, ChangePlan], *, again: bool = False
) -> tuple[Strategy, str]:
    """Give the strategy that follows some changes of a build's inputs, by parameter, and why; whatever it costs.

    Args:
        again: Rows may have been made of these changes before, so they are replaced.
    """
    changed = {name: one for name, one in changes.items() if one.method is not Method.NOTHING}
    if not changed:
        return Strategy.NOTHING, "its inputs, code and rules are as they were"
    unread = [f"{one.table}: {one.reason}" for one in changed.values() if one.method is Method.WHOLE]
    if unread:
        return Strategy.WHOLE, "; ".join(unread)
    if rules.rules and rules.gate.policy in {Policy.DROP, Policy.QUARANTINE}:
        return Strategy.WHOLE, f"its gate says {rules.gate.policy}: bad rows are counted when all rows are made"
    if isinstance(build.follows, Rows):
        return _by_rows(build, build.follows, changed, again=again)
    if isinstance(build.follows, Keys):
        return _by_keys(build, build.follows, changed)
    return Strategy.WHOLE, "its inputs changed, and its build follows no part of them: @build(follows=…)"


def strategy_on(
    engine: Engine, changes: Mapping[str, ChangePlan], strategy: Strategy, reason: str
) -> tuple[Strategy, str]:
    """Give what becomes of a strategy, and of the reason for it, on an engine that may not have it."""
    only_came = all(one.method in {Method.NOTHING, Method.APPENDED} for one in changes.values())
    adds = strategy in {Strategy.APPEND, Strategy.MERGE} and only_came
    if engine.deletes_rows or adds or strategy in {Strategy.NOTHING, Strategy.WHOLE}:
        return strategy, reason
    return Strategy.WHOLE, f"{reason}, and {engine} takes no single rows out of a table"


def _by_rows(
    build: BuildSpec, follows: Rows, changed: Mapping[str, ChangePlan], *, again: bool
) -> tuple[Strategy, str]:
    target, others = build.table, [one.table for name, one in changed.items() if name != follows.input]
    if others:
        return Strategy.WHOLE, f"{', '.join(others)} changed, and it follows the rows of {follows.input} alone"
    if target.history:
        return Strategy.REPLACE, f"{follows.input} changed"
    # What a stream has written is a fact: a record that goes has expired, and what was made of it stays.
    kept = issubclass(dict(build.inputs)[follows.input], KafkaRecord)
    if again:
        found = (Strategy.REPLACE, f"{follows.input} changed")
        return found if target.key else (Strategy.WHOLE, "rows are made again, and it has no key to find theirs by")
    if kept or all(one.method is Method.APPENDED for one in changed.values()):
        return (Strategy.MERGE if target.newest_by else Strategy.APPEND), "rows came to its input"
    if target.newest_by or not target.key:
        why = "an older one may be the newest now" if target.newest_by else "it has no key to find theirs by"
        return Strategy.WHOLE, f"rows went from its input, and {why}"
    return Strategy.REPLACE, "rows of its input changed"


def _by_keys(build: BuildSpec, follows: Keys, changed: Mapping[str, ChangePlan]) -> tuple[Strategy, str]:
    names = {name: spec_of(schema).struct.names for name, schema in build.inputs}
    strangers = [one.table for name, one in changed.items() if follows.of_input(name, names[name]) is None]
    if strangers:
        return Strategy.WHOLE, f"{', '.join(strangers)} changed, which has no {', '.join(follows.columns)}"
    return Strategy.REPLACE, f"{', '.join(one.table for one in changed.values())} changed"

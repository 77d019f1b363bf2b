"""From where a build follows change when it is told to make rows again: ``lakehouse run --since``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from pyiceberg.table import Table

from lakehouse.catalog.changes import ChangePlan, Method, plan_change
from lakehouse.catalog.time_travel import TimeTravelError, kept_runs, publishes
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.follows import Keys, Rows
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.table_state import instant_named, state_named


def changes_since(
    build: BuildSpec,
    target: Table,
    inputs: Mapping[str, Table],
    since: str,
    *,
    read: Mapping[str, int],
    heads: Mapping[str, int | None],
) -> dict[str, ChangePlan]:
    """Plan, by parameter, to read again what changed in the inputs of a build since an earlier state.

    Only in those that it follows: of one that is looked up in, what changed was taken by the publish that came after.
    Never less is read than what came after the newest publish. What is not kept any more is read whole.

    Args:
        target: The table that the build makes.
        since: A run or snapshot that published it: what that had read. Or a snapshot of an input, or an instant.
        read: Input table → snapshot that the newest publish had read.
        heads: Input table → snapshot up to which it is read.

    Raises:
        TimeTravelError: It names nothing of these.
    """
    published = _published(target, since)
    if published is None:
        _demand_known(target, inputs.values(), since)
    found: dict[str, ChangePlan] = {}
    for name, one in inputs.items():
        table = ".".join(one.name())
        again = since if name in followed(build) else None
        found[name] = _plan(one, published, again, read.get(table), heads[table])
    return found


def followed(build: BuildSpec) -> frozenset[str]:
    """Give the parameters whose changes a build follows in part: of one that is built whole, all."""
    follows = build.follows
    if isinstance(follows, Rows):
        return frozenset({follows.input})
    found = frozenset(name for name, _ in build.inputs)
    if not isinstance(follows, Keys):
        return found
    names = {name: spec_of(schema).struct.names for name, schema in build.inputs}
    return frozenset(name for name in found if follows.of_input(name, names[name]) is not None)


def _plan(
    table: Table, published: Mapping[str, int] | None, since: str | None, read: int | None, until: int | None
) -> ChangePlan:
    if since is None:
        return plan_change(table, since=read, until=until)
    try:
        then = published.get(".".join(table.name())) if published is not None else _then(table, since)
    except TimeTravelError as error:
        return plan_change(table, since=None, until=until).by(Method.WHOLE, str(error))
    return plan_change(table, since=_earlier(table, then, read), until=until)


def _published(target: Table, since: str) -> Mapping[str, int] | None:
    found = (one for one in publishes(target) if one.entry)
    named = (one.entry for one in found if one.entry and since in {one.entry.run_id, str(one.snapshot_id)})
    entry = next(named, None)
    return entry.inputs if entry else None


def _demand_known(target: Table, inputs: Iterable[Table], since: str) -> None:
    if instant_named(since) is not None:
        return
    for one in inputs:
        with suppress(TimeTravelError):
            state_named(one, since)
            return
    why = "it is no run or snapshot that published it, no snapshot of its inputs, and no instant"
    name = ".".join(target.name())
    raise TimeTravelError(table=name, as_of=since, why=f"{why}; runs are {kept_runs(target)}")


def _then(table: Table, since: str) -> int | None:
    """Give what an input was at; None where a snapshot of another input was named."""
    if instant_named(since) is not None:
        return state_named(table, since).snapshot_id
    with suppress(TimeTravelError):
        return state_named(table, since).snapshot_id
    return None


def _earlier(table: Table, then: int | None, read: int | None) -> int | None:
    """Give the earlier of two snapshots; one that was not named does not count, one that has expired is the earlier."""
    if then is None or read is None:
        return read
    orders = [(one.sequence_number or 0) if (one := table.snapshot_by_id(id_)) else -1 for id_ in (then, read)]
    return then if orders[0] <= orders[1] else read

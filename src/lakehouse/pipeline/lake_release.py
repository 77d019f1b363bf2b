"""Release several tables together: each is built and audited on its branch, and then all are published, or none."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from lakehouse.catalog.conflicts import Conflict, commit, conflict_of
from lakehouse.catalog.environment import claim
from lakehouse.catalog.iceberg import Lake, find_table
from lakehouse.catalog.lake_release import LakeReleaseError, refuse_name, settle
from lakehouse.catalog.leasing import hold
from lakehouse.catalog.publish import main_of, seal
from lakehouse.catalog.quality_metrics import record
from lakehouse.catalog.release_journal import JOURNAL, LakeRelease, Member, ReleaseState, note
from lakehouse.contract.build import BuildSpec
from lakehouse.pipeline.build_plan import BuildPlan, Strategy
from lakehouse.pipeline.expired_rows import refuse_expired
from lakehouse.pipeline.graph import reads_of
from lakehouse.pipeline.run import Built, Run, Status, audit_build, built_of, has_moved, plan_run
from lakehouse.quality import rule_set

_TRIES = 3
Step = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What a release would do with a table, and why."""

    table: str
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class _Audited:
    member: Member
    plan: BuildPlan
    started: float


def look_ahead(catalog: Catalog, builds: Sequence[BuildSpec], run: Run) -> list[Ahead]:
    """Tell what a release would do, without doing it. Cost: metadata.

    Raises:
        TableNotFoundError: An input does not exist, and the release does not make it.
    """
    claim(catalog, *(build.table.name for build in builds))
    stale: dict[str, Ahead] = {}
    found: list[Ahead] = []
    for build in builds:
        name = build.table.name
        before = [one for one in reads_of(build) if one in stale]
        if before:
            one = Ahead(table=name, what="will follow", reason=f"{', '.join(before)} is built before it")
        else:
            plan = plan_run(catalog, build, rule_set(build.table, more=run.more_rules(name)), run)
            one = Ahead(table=name, what=plan.strategy.value, reason=plan.reason)
        if one.what != Strategy.NOTHING.value:
            stale[name] = one
        found.append(one)
    return found


def release_lake(
    lake: Lake, builds: Sequence[BuildSpec], run: Run, *, name: str, step: Step = nullcontext
) -> tuple[LakeRelease, list[Built]]:
    """Bring tables up to date and publish them together, and give each the tag ``release_<name>``.

    All of them read their common inputs at one snapshot, and each other as they will be released. When someone else
    moves one of them meanwhile, all are built again on top of that, some times. Releases that are under way are not
    looked at: see ``settle_unfinished``.

    Cost: as ``run_build`` of each, with three more commits, and some rows of the journal.

    Args:
        lake: Where the tables are.
        builds: Those of the tables, in an order in which each comes after those whose tables it reads.
        run: How they are built.
        name: Of the release.
        step: Is entered with what is done next, for a line of progress.

    Raises:
        QualityGateError: A table is below its gate. Nothing was published; its rows are on its branch.
        LakeReleaseError: The name is taken, or others published one of the tables each time.
        LeaseHeldError: Another run was at work on one of the tables for longer than it was waited for.
    """
    claim(lake.catalog, *(build.table.name for build in builds))
    refuse_name(lake.catalog, name)
    why = ""
    for attempt in range(1, _TRIES + 1):
        branch = run.run_id if attempt == 1 else f"{run.run_id}_{attempt}"
        try:
            ended, built = _release(lake, builds, run, name=name, branch=branch, step=step)
        except Exception as error:
            if conflict_of(error) not in {Conflict.RETRY, Conflict.PLAN_AGAIN}:
                raise
            why = str(error)
            continue
        if ended.state is ReleaseState.RELEASED:
            return ended, built
        why = ended.note
    raise LakeReleaseError(release=name, why=f"others published the tables in each of {_TRIES} tries. {why}")


def _release(
    lake: Lake, builds: Sequence[BuildSpec], run: Run, *, name: str, branch: str, step: Step
) -> tuple[LakeRelease, list[Built]]:
    staged = dataclasses.replace(lake, pinned=_inputs_of(lake, builds))
    audited: list[_Audited] = []
    with ExitStack() as until_released:
        try:
            for build in builds:
                with step(f"audit {build.table.name}"):
                    audited.append(_audit(staged, build, run, until_released, branch=branch))
                member = audited[-1].member
                staged = dataclasses.replace(staged, pinned={**staged.pinned, member.table: member.snapshot})
        except BaseException:
            _forget(lake.catalog, audited)
            raise
        with step(f"publish {len(builds)} tables"), hold(run.leasing, lake.catalog, JOURNAL):
            release = LakeRelease(
                name=name,
                state=ReleaseState.AUDITED,
                at=datetime.now(UTC),
                run_id=run.run_id,
                members=tuple(one.member for one in audited),
            )
            if not note(lake.catalog, release, after=None):
                raise LakeReleaseError(release=name, why="another run has begun one of this name; take another name")
            ended = settle(lake.catalog, release, run.retention)
    if ended.state is not ReleaseState.RELEASED:
        _forget(lake.catalog, audited)
        return ended, []
    return ended, [_done(lake, one) for one in audited]


def _inputs_of(lake: Lake, builds: Sequence[BuildSpec]) -> dict[str, int]:
    """Fix, once for all, where the tables are that are read and not released."""
    released = {build.table.name for build in builds}
    read = {name for build in builds for name in reads_of(build)} - released
    heads = {name: main_of(table) for name in sorted(read) if (table := lake.find(name)) is not None}
    return {name: head for name, head in heads.items() if head is not None}


def _audit(lake: Lake, build: BuildSpec, run: Run, until_released: ExitStack, *, branch: str) -> _Audited:
    name, started = build.table.name, time.monotonic()
    rules = rule_set(build.table, more=run.more_rules(name))
    plan = plan_run(lake.catalog, build, rules, run, pinned=lake.pinned)
    if plan.strategy is not Strategy.NOTHING:
        held = until_released.enter_context(hold(run.leasing, lake.catalog, name))
        if held.waited or has_moved(lake, plan):
            plan = plan_run(lake.catalog, build, rules, run, pinned=lake.pinned)
    if plan.strategy is Strategy.NOTHING:
        at = plan.base or 0
        return _Audited(member=Member(table=name, base=at, snapshot=at), plan=plan, started=started)
    if not run.accept_loss:
        refuse_expired(lake, name, plan.newly_expired)
    audit, entry = audit_build(lake, plan, rules, run, branch=branch)
    member = Member(table=name, base=audit.base, snapshot=seal(audit, entry), branch=audit.branch)
    return _Audited(member=member, plan=plan, started=started)


def _forget(catalog: Catalog, audited: Sequence[_Audited]) -> None:
    """Drop the branches of tables that have passed, when another one has not."""
    for one in audited:
        if one.member.branch and find_table(catalog, one.member.table) is not None:
            commit(catalog, one.member.table, partial(_drop_branch, branch=one.member.branch))


def _drop_branch(table: Table, *, branch: str) -> None:
    if branch in table.refs():
        table.manage_snapshots().remove_branch(branch).commit()


def _done(lake: Lake, one: _Audited) -> Built:
    lake.refresh(one.member.table)
    published = bool(one.member.branch)
    if published:
        record(lake, one.member.table)
    return built_of(lake, one.plan, Status.PUBLISHED if published else Status.UP_TO_DATE, one.started)

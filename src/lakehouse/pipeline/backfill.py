"""Build a table anew slice by slice, each published in one commit: what is done stays done, whatever happens then."""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from lakehouse.catalog import ledger
from lakehouse.catalog.conflicts import conflict_of
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.leasing import Held, hold
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import Audit, open_audit, publish
from lakehouse.catalog.quality_metrics import record
from lakehouse.contract.partitioning import quote_name
from lakehouse.contract.scored import Scored
from lakehouse.contract.table import spec_of
from lakehouse.errors import BackfillError
from lakehouse.pipeline.backfill_plan import BackfillPlan, PlannedSlice, cut_off, inputs_of
from lakehouse.pipeline.build_call import while_written
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.kept_rows import changes_with_instants
from lakehouse.pipeline.run import Run, demand
from lakehouse.pipeline.scored_write import branch_rows, facts_of, score_branch
from lakehouse.pipeline.slice_rows import MadeSlice, make_slice, refuse_unseen_loss
from lakehouse.quality import RuleSet, TableScore, measure
from lakehouse.quality.mask import MASK, MORE, RULES
from lakehouse.quality.score import with_table_rules

_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class DoneSlice:
    """A slice that was published: the rows of the table after it, and the seconds since the one before."""

    planned: PlannedSlice
    rows: int
    snapshot_id: int
    seconds: float


def run_backfill(
    lake: Lake,
    plan: BackfillPlan,
    rules: RuleSet,
    run: Run,
    *,
    parallel: int = 1,
    told: Callable[[DoneSlice], None] = lambda _: None,
) -> tuple[DoneSlice, ...]:
    """Build the slices of a plan and publish them one after the other, in their order.

    A slice is as good as a run: made of pinned inputs on an audit branch, scored with all of the table, and published
    by compare and set, with its place in the backfill in its ledger entry. If another run publishes in between, it is
    made again on top of that.

    Cost: for each slice a job that makes its rows, one that takes those of before, one that scores the table, and three
    catalog commits.

    Args:
        parallel: So many slices are made at the same time, and kept by Spark until their turn comes to be written. They
            have no row in common, so it does not matter in which order they are made.
        told: Called after each slice.

    Raises:
        QualityGateError: With a slice the table would be below what its gate demands; the slices before are published.
        PublishConflictError: Other runs published the table each time.
        LeaseHeldError: Another run was at work on the table for longer than it was waited for.
        BackfillError: The table was built whole or rolled back in between; or rows of a slice would be lost.
        ExpiredInputError: Its inputs do not have all that it was made of.
    """
    if not run.accept_loss:
        refuse_unseen_loss(lake, plan)
    done: list[DoneSlice] = []
    started = time.monotonic()
    with closing(_made_ahead(lake, plan, rules, run, parallel)) as made_ahead:
        for number, (one, made) in enumerate(made_ahead, start=plan.mark.done + 1):
            turn = _Turn(lake=lake, plan=plan, rules=rules, run=run, planned=one, number=number)
            snapshot_id = turn.publish(made)
            before, started = started, time.monotonic()
            rows = ledger.row_count(lake.table(plan.table))
            done.append(DoneSlice(planned=one, rows=rows, snapshot_id=snapshot_id, seconds=started - before))
            told(done[-1])
    if rules:
        record(lake, plan.table)
    return tuple(done)


def _made_ahead(
    lake: Lake, plan: BackfillPlan, rules: RuleSet, run: Run, parallel: int
) -> Generator[tuple[PlannedSlice, MadeSlice]]:
    def make(one: PlannedSlice) -> MadeSlice:
        return make_slice(lake, plan, rules, run, one.slice, plan.inputs, keep=parallel > 1)

    if parallel == 1:
        yield from ((one, make(one)) for one in plan.slices)
        return
    left = iter(plan.slices)
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        ahead: deque[tuple[PlannedSlice, Future[MadeSlice]]] = deque()
        try:
            ahead.extend((one, pool.submit(make, one)) for one in islice(left, parallel))
            while ahead:
                one, future = ahead.popleft()
                made = future.result()
                ahead.extend((following, pool.submit(make, following)) for following in islice(left, 1))
                yield one, made
                made.forget()
        finally:
            for _, future in ahead:
                if not future.cancel():
                    future.add_done_callback(_forget)


def _forget(future: Future[MadeSlice]) -> None:
    if future.exception() is None:
        future.result().forget()


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """The publish of a slice, the ``number``-th of its backfill."""

    lake: Lake
    plan: BackfillPlan
    rules: RuleSet
    run: Run
    planned: PlannedSlice
    number: int

    def publish(self, made: MadeSlice) -> int:
        """Publish it on top of what there is then; gives the snapshot. Others wait for a slice, not for all of them."""
        run_id = f"{self.plan.mark.id}_{self.number:04d}"
        with hold(self.run.leasing, self.lake.catalog, self.plan.table) as held:
            for attempt in range(1, _TRIES + 1):
                try:
                    return self._try(made, held, run_id, branch=run_id if attempt == 1 else f"{run_id}_{attempt}")
                except Exception as error:
                    if attempt == _TRIES or conflict_of(error) is None:
                        raise
        raise AssertionError("the last try returns or raises")

    def _try(self, made: MadeSlice, held: Held, run_id: str, *, branch: str) -> int:
        started = time.monotonic()
        audit = open_audit(self.lake, self.plan.build.table, run_id=branch)
        newest = self._newest()
        made = self._made_of_now(made, newest)
        entry = self._entry(newest, run_id, made)
        score = self._write(audit, newest, made)
        demand(audit, score, self.rules, self.run)
        seconds = made.seconds + time.monotonic() - started
        entry = dataclasses.replace(entry, score=score.to_json() if score else "", seconds=seconds)
        held.tell_if_overtaken()
        return publish(audit, entry, self.run.retention)

    def _newest(self) -> LedgerEntry | None:
        """Give the newest publish, of which the slices before have to be a part."""
        table = self.lake.table(self.plan.table)
        newest, found = ledger.latest(table), cut_off(table, self.plan.mark)
        before = self.plan.newest.code if self.plan.newest else ""
        known = newest is None or newest.code in {before, self.plan.mark.code, self._label}
        if known and (found.done if found else 0) == self.number - 1:
            return newest
        what = (
            "it was built by other code"
            if not known
            else "it was built whole, rolled back, or backfilled by another run"
        )
        raise BackfillError(
            table=self.plan.table,
            why=f"{what} after {self.number - 1:,} slices",
            todo=f"Look at `lakehouse history {self.plan.table}`, and start the backfill again if it is still wanted.",
        )

    def _made_of_now(self, made: MadeSlice, newest: LedgerEntry | None) -> MadeSlice:
        """Give the rows of the slice made of what the newest publish has read, be it another than the plan knew."""
        build = self.plan.build
        if newest is None:
            return made
        names = dict.fromkeys(spec_of(schema).name for _, schema in build.inputs)
        inputs = inputs_of(build, newest, {name: self.lake.table(name) for name in names})
        if inputs == made.inputs:
            return made
        made.forget()
        return make_slice(self.lake, self.plan, self.rules, self.run, self.planned.slice, inputs, keep=False)

    def _write(self, audit: Audit, newest: LedgerEntry | None, made: MadeSlice) -> TableScore | None:
        inside = self.planned.slice.sql(quote_name(self.plan.column.name), catalog=self.lake.name)
        with while_written(self.plan.build), changes_with_instants(audit.spec):
            self.lake.spark.sql(f"DELETE FROM {audit.target} WHERE {inside}")
            made.rows.writeTo(audit.target).append()
        self.lake.refresh(audit.spec.name)
        other_masks = issubclass(audit.spec.schema, Scored) and newest is not None and newest.rules != self.rules.id
        if not self.rules or not other_masks:
            return score_branch(audit, self.rules, instant=self.run.instant)
        rows = branch_rows(audit)
        found = measure(rows.drop(MASK, MORE, RULES), self.rules)
        return with_table_rules(found, rows, self.rules, facts_of(audit, self.run.instant))

    def _entry(self, newest: LedgerEntry | None, run_id: str, made: MadeSlice) -> LedgerEntry:
        plan, complete = self.plan, self.planned is self.plan.slices[-1]
        # A table with rows of two codes has a fingerprint that no code has, so that a run builds it whole.
        ended = complete and (plan.covers_all or plan.forward_only)
        is_same = newest is not None and newest.code == plan.mark.code
        same_rules = newest is None or newest.rules == plan.mark.rules
        mark = dataclasses.replace(plan.mark, done=self.number, until=self.planned.slice.next, complete=complete)
        return LedgerEntry(
            run_id=run_id,
            published_at=self.run.instant,
            inputs=made.inputs,
            code=plan.mark.code if ended or is_same else self._label,
            rules=plan.mark.rules if ended or same_rules else self._label,
            strategy=Strategy.SLICE.value,
            bytes_read=self.planned.bytes_to_read,
            engine=self.lake.engine_version,
            expired=plan.expired if (complete and plan.covers_all) or newest is None else newest.expired,
            backfill=mark,
        )

    @property
    def _label(self) -> str:
        return f"backfill {self.plan.mark.id}"

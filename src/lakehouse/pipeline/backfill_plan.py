"""What a backfill would do: the slices that are left, from the ledger and from metadata; before any data is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from lakehouse.catalog import ledger
from lakehouse.catalog.backfill_mark import BackfillMark
from lakehouse.catalog.environment import claim
from lakehouse.catalog.iceberg import find_table, load_table
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import main_of
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.follows import Keys
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.scored import Scored
from lakehouse.contract.table import spec_of
from lakehouse.errors import BackfillError
from lakehouse.pipeline.build_plan import Strategy, fingerprint
from lakehouse.pipeline.expired_rows import expired_rows
from lakehouse.pipeline.past_runs import PastRun, past_runs
from lakehouse.pipeline.run import Run
from lakehouse.pipeline.slice_sizes import FileSpan, extent_of, file_spans, size_of
from lakehouse.pipeline.sliced_column import PARTITION, sliced_column
from lakehouse.pipeline.slices import By, Slice, Value, slices, value_of
from lakehouse.quality import Policy, RuleSet


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """What is asked for: from which value of a column (empty: the least) up to which, not included; by which column and
    how it is cut; and whether rows outside of the range may stay as earlier code made them."""

    start: str = ""
    stop: str = ""
    column: str = ""
    by: str = PARTITION
    forward_only: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedSlice:
    """A slice, the rows and bytes of the table's files that it replaces, and the bytes that it reads; at most."""

    slice: Slice
    rows: int
    bytes: int
    bytes_to_read: int


@dataclass(frozen=True, kw_only=True)
class BackfillPlan:
    """The slices of a table that are left to be built anew.

    ``mark`` is what its publishes will say, ``mark.done`` of them are there already; ``newest`` is the newest publish
    of any kind. ``inputs`` are the snapshots that are read: those that it had read. ``expired`` are the rows that are
    gone from these, ``newly_expired`` those of them that rows in the table were made of. ``past`` are past slices.
    """

    build: BuildSpec
    column: ColumnSpec
    by: By
    mark: BackfillMark
    slices: tuple[PlannedSlice, ...]
    newest: LedgerEntry | None
    inputs: Mapping[str, int]
    forward_only: bool = False
    expired: Mapping[str, int]
    newly_expired: Mapping[str, int]
    past: Sequence[PastRun] = ()

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.build.table.name

    @property
    def covers_all(self) -> bool:
        """Whether it makes all rows of the table."""
        return not (self.mark.start or self.mark.stop)

    @property
    def is_other_code(self) -> bool:
        """Whether other code or rules than those of now have made the rows that are there."""
        newest = self.newest
        return newest is not None and (newest.code, newest.rules) != (self.mark.code, self.mark.rules)


def plan_backfill(catalog: Catalog, build: BuildSpec, rules: RuleSet, asked: Backfill, run: Run) -> BackfillPlan:
    """Find the slices of a table that are left. Changes nothing.

    One that was cut off goes on where it was: its publishes tell, as long as the same is asked for, of the same code,
    and nobody has built the table whole since.

    Cost: metadata, and the manifests of the table and of the inputs.

    Raises:
        BackfillError: It cannot be built by slices, or not by these; the message says what to do.
        TableNotFoundError: An input does not exist yet.
    """
    spec = build.table
    column, by = sliced_column(build, column=asked.column, by=asked.by)
    start, stop = (_value(spec.name, text, column, by) for text in (asked.start, asked.stop))
    if start is not None and stop is not None and start >= stop:  # type: ignore[operator]
        raise BackfillError(table=spec.name, why=f"--from {asked.start} is not before --to {asked.stop}")
    claim(catalog, spec.name)
    target = find_table(catalog, spec.name)
    newest = ledger.latest(target) if target else None
    _refuse(build, rules, asked, target, newest)
    tables = {
        one: load_table(catalog, one) for one in dict.fromkeys(spec_of(schema).name for _, schema in build.inputs)
    }
    mark = BackfillMark(
        id=run.run_id, column=column.name, by=by.text, start=asked.start, stop=asked.stop,
        code=fingerprint(build, run.instant), rules=rules.id, done=0, until="", complete=False,
    )  # fmt: skip
    mark = (target and cut_off(target, mark)) or mark
    inputs = inputs_of(build, newest, tables)
    gone = {one: n for one in _records(build) if (n := expired_rows(tables[one], inputs[one] or None))}
    known = newest.expired if newest else gone
    there = file_spans(target, main_of(target), column.name) if target else []
    reads = {name: file_spans(tables[name], inputs[name], of) for name, of in _columns(build, column.name).items()}
    try:
        found = slices(
            by, column.type, start=_begin(mark, by, column, start), stop=stop,
            extent=extent_of([*there, *(one for files in reads.values() for one in files)]),
            begins=[one.lower for one in there if one.lower is not None],
            first=int(mark.until or 0) if by.kind == "bucket" else 0,
        )  # fmt: skip
    except ValueError as error:
        raise BackfillError(table=spec.name, why=str(error)) from error
    return BackfillPlan(
        build=build,
        column=column,
        by=by,
        mark=mark,
        slices=tuple(_planned(one, there, reads) for one in found),
        newest=newest,
        inputs=inputs,
        forward_only=asked.forward_only,
        expired=gone,
        newly_expired={one: count for one, count in gone.items() if count > known.get(one, 0)},
        past=[one for one in past_runs(target) if one.strategy == Strategy.SLICE] if target else (),
    )


def cut_off(target: Table, wanted: BackfillMark) -> BackfillMark | None:
    """Give how far a backfill came that has not ended; None where there is none, or the table was built whole since."""
    for entry in filter(None, map(LedgerEntry.from_snapshot, ledger.lineage(target))):
        if entry.backfill and entry.backfill.is_of(wanted):
            return None if entry.backfill.complete else entry.backfill
        if entry.backfill or entry.strategy == Strategy.WHOLE:
            return None
    return None


def inputs_of(build: BuildSpec, newest: LedgerEntry | None, tables: Mapping[str, Table]) -> dict[str, int]:
    """Give the snapshots of its inputs that a slice is made of: those that the rows around it are made of.

    Else the next run, which reads on from there, would bring rows of a slice a second time.

    Raises:
        BackfillError: One of them is not there any more.
    """
    read = newest.inputs if newest else {}
    found = {name: read.get(name, main_of(table) or 0) for name, table in tables.items()}
    for name, snapshot_id in found.items():
        is_there = tables[name].snapshot_by_id(snapshot_id) if snapshot_id else main_of(tables[name]) is None
        if not is_there:
            why = f"its newest publish has read {name} at snapshot {snapshot_id}, which is not there any more"
            table = build.table.name
            raise BackfillError(table=table, why=why, todo=f"Build on what is there now first: lakehouse run {table}")
    return found


def _refuse(
    build: BuildSpec, rules: RuleSet, asked: Backfill, target: Table | None, newest: LedgerEntry | None
) -> None:
    name, whole = build.table.name, f"Build it whole: lakehouse run {build.table.name} --full"
    if rules.rules and rules.gate.policy in {Policy.DROP, Policy.QUARANTINE}:
        why = f"its gate says {rules.gate.policy}, and bad rows are counted when all rows are made"
        raise BackfillError(table=name, why=why, todo=whole)
    if target is not None and newest is None and ledger.row_count(target):
        raise BackfillError(table=name, why="it has rows that no run has published", todo=whole)
    other = newest is not None and newest.rules != rules.id and issubclass(build.table.schema, Scored)
    if other and asked.forward_only and (asked.start or asked.stop):
        why = "its rules changed, and rows outside of the range would keep scores of other rules"
        raise BackfillError(table=name, why=why, todo="Leave --from and --to out.")


def _value(table: str, text: str, column: ColumnSpec, by: By) -> Value | None:
    if not text:
        return None
    if by.kind == "bucket":
        raise BackfillError(
            table=table,
            why="buckets have no order, so nothing is from or up to a value",
            todo="Leave --from and --to out.",
        )
    try:
        return value_of(text, column.type)
    except ValueError as error:
        why = f"{text!r} is no value of {column.name}, a column of {column.type.simpleString()}"
        raise BackfillError(table=table, why=why) from error


def _begin(mark: BackfillMark, by: By, column: ColumnSpec, start: Value | None) -> Value | None:
    return value_of(mark.until, column.type) if mark.until and by.kind != "bucket" else start


def _records(build: BuildSpec) -> list[str]:
    return [spec_of(schema).name for _, schema in build.inputs if issubclass(schema, KafkaRecord)]


def _columns(build: BuildSpec, column: str) -> dict[str, str]:
    """Give by input which of its columns tells slices apart; empty where it is read whole, as far as is known."""
    found = {spec_of(schema).name: "" for _, schema in build.inputs}
    if isinstance(build.follows, Keys):
        for name, schema in build.inputs:
            sql = (build.follows.of_input(name, spec_of(schema).struct.names) or {}).get(column, "")
            found[spec_of(schema).name] = column if sql.strip("`") == column else ""
    return found


def _planned(one: Slice, there: Sequence[FileSpan], reads: Mapping[str, Sequence[FileSpan]]) -> PlannedSlice:
    rows, size = size_of(there, one)
    read = sum(size_of(files, one)[1] for files in reads.values())
    return PlannedSlice(slice=one, rows=rows, bytes=size, bytes_to_read=read)

"""What a run would do to the schema, partitioning and properties of a table, and what it would refuse."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lakehouse.contract.conform import mismatches
from lakehouse.contract.ddl import after_create_sql, create_table_sql
from lakehouse.contract.evolution import LiveTable, evolve
from lakehouse.contract.table import TableSpec
from lakehouse.pipeline.graph import FilledBy


@dataclass(frozen=True, kw_only=True)
class SchemaPlan:
    """Statements that make a table fit its contract, or the differences for which nothing at all is changed.

    ``filled_by`` tells who would run them: a run, or a table's stream when it starts. An input that is not
    ``readable`` has the builds fail that read it.
    """

    table: str
    filled_by: FilledBy = FilledBy.BUILD
    is_new: bool = False
    statements: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    readable: bool = True

    @property
    def is_change(self) -> bool:
        """Whether there is something that would be done."""
        return bool(self.statements) and not self.refused


def plan_schema(live: LiveTable | None, spec: TableSpec, *, catalog: str) -> SchemaPlan:
    """Hold the contract of a table that a run makes against the live one, as ``Lake.ensure`` does. Cost: none."""
    if live is None:
        statements = (create_table_sql(spec, catalog=catalog), *after_create_sql(spec, catalog=catalog))
        return SchemaPlan(table=spec.name, is_new=True, statements=statements)
    found = evolve(spec, live, catalog=catalog)
    return SchemaPlan(table=spec.name, statements=found.statements, refused=found.refused)


def plan_input(live: LiveTable | None, spec: TableSpec, *, catalog: str, filled_by: FilledBy) -> SchemaPlan:
    """Hold the contract of a table that a run only reads against the live one. Cost: none.

    The table of a stream or source is held against all of it, since that evolves it; of another, only what is read has
    to fit.
    """
    plan = SchemaPlan(table=spec.name, filled_by=filled_by)
    if live is None:
        return plan
    found = evolve(spec, live, catalog=catalog)
    # What could be evolved can be read: a column that is not there yet is null.
    unreadable = mismatches(live.struct, spec.schema, absent_as_null=True) if found.refused else ()
    if filled_by not in (FilledBy.STREAM, FilledBy.SOURCE):
        return replace(plan, refused=unreadable, readable=not unreadable)
    return replace(plan, statements=found.statements, refused=found.refused, readable=not unreadable)

"""Contracts held against the live tables: what drifted, and whether a run mends it. From metadata alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from pyiceberg.catalog import Catalog

from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.live_table import live_table
from lakehouse.contract.conform import mismatches
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.evolution import LiveTable, unsaid
from lakehouse.contract.python_source import declarable
from lakehouse.contract.table import TableSpec
from lakehouse.pipeline.graph import FilledBy, Graph
from lakehouse.pipeline.schema_plan import SchemaPlan, plan_schema


class Fit(StrEnum):
    """How a live table is to its contract."""

    FITS = "as declared"
    DRIFTS = "drifts"
    BREAKS = "does not fit"
    ABSENT = "not there yet"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A table that was held against its contract.

    ``schema`` has the statements that would make it fit, run by who fills it or, of an external table, by nobody; and
    the differences that no statement mends. ``unsaid`` is what the table has and the contract is silent on.
    """

    table: str
    filled_by: FilledBy
    fit: Fit
    schema: SchemaPlan
    unsaid: tuple[str, ...] = ()


def check_contracts(catalog: Catalog, graph: Graph, names: Iterable[str] = ()) -> tuple[Checked, ...]:
    """Hold the contracts of some tables, all when none is named, against the tables in the catalog.

    Cost: the metadata of each table; no data, no session, nothing is changed.

    Raises:
        ConfigError: A name is no table.
    """
    wanted = graph.related(names)
    specs = [spec for name, spec in graph.tables.items() if name in wanted]
    return tuple(_checked(catalog, spec, graph.filled_by(spec.name)) for spec in specs)


def _checked(catalog: Catalog, spec: TableSpec, filled_by: FilledBy) -> Checked:
    table = find_table(catalog, spec.name)
    if table is None:
        schema = replace(plan_schema(None, spec, catalog=catalog.name), filled_by=filled_by)
        return Checked(table=spec.name, filled_by=filled_by, fit=Fit.ABSENT, schema=schema)
    live = live_table(table)
    silent = unsaid(spec, live)
    if filled_by is FilledBy.EXTERNAL:
        schema = _of_others(live, spec, catalog=catalog.name)
        # Only what is read has to fit.
        breaks = bool(mismatches(live.struct, spec.schema, absent_as_null=True))
    else:
        schema = replace(plan_schema(live, spec, catalog=catalog.name), filled_by=filled_by)
        breaks = bool(schema.refused)
    drifts = bool(schema.statements or schema.refused or silent)
    fit = Fit.BREAKS if breaks else Fit.DRIFTS if drifts else Fit.FITS
    return Checked(table=spec.name, filled_by=filled_by, fit=fit, schema=schema, unsaid=silent)


def _of_others(live: LiveTable, spec: TableSpec, *, catalog: str) -> SchemaPlan:
    """Hold a contract against a table that others fill: they write it as they like, and call its columns so."""
    defaults = {k: v for k, v in table_properties(spec).items() if k not in spec.properties}
    as_is = replace(live, struct=declarable(live.struct), properties={**live.properties, **defaults})
    found = plan_schema(as_is, spec, catalog=catalog)
    # How to drop a column is not told: it is theirs.
    refused = tuple(one.partition("; add it there, or ALTER")[0] for one in found.refused)
    return replace(found, filled_by=FilledBy.EXTERNAL, refused=refused)

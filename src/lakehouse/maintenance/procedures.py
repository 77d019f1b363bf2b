"""Iceberg's own procedures, called through Spark SQL."""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse.catalog.environment import own_place
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.ddl import quote
from lakehouse.contract.table import TableSpec


def call(lake: Lake, spec: TableSpec, procedure: str, **arguments: str) -> None:
    """Call a procedure for a table as it stands now; arguments are SQL. The session sees the result on return."""
    lake.refresh(spec.name)
    table = quote(own_place(lake.catalog, spec.name))
    given = ", ".join(f"{name} => {sql}" for name, sql in {"table": table, **arguments}.items())
    try:
        lake.spark.sql(f"CALL `{lake.name}`.system.{procedure}({given})").collect()
    finally:
        lake.refresh(spec.name)


def options(values: Mapping[str, object]) -> str:
    """Give options of a procedure as SQL."""
    return f"map({', '.join(quote(str(one)) for pair in values.items() for one in pair)})"

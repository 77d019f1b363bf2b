"""All statements that make tables queryable in Snowflake, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lakehouse.config.settings import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.serving.snowflake import ddl

_NEEDED = ("aws_region", "aws_account_id", "aws_role_arn", "storage_url")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement, its place in the order, and what it is for."""

    order: int
    purpose: str
    sql: str


def statements(specs: Sequence[TableSpec], to: SnowflakeSettings) -> tuple[Statement, ...]:
    """Give the statements for some tables. All can be run again; none drops or replaces what holds data."""
    found = [
        Statement(order=0, purpose="database", sql=ddl.database(to)),
        Statement(order=10, purpose="external volume", sql=ddl.external_volume(to)),
        Statement(order=20, purpose="catalog integration", sql=ddl.catalog_integration(to)),
    ]
    namespaces = dict.fromkeys(spec.namespace for spec in specs)
    found += [Statement(order=30, purpose=f"schema {n}", sql=ddl.schema(to, n)) for n in namespaces]
    found += [Statement(order=40, purpose=f"table {s.name}", sql=ddl.iceberg_table(to, s)) for s in specs]
    found += [Statement(order=50, purpose=f"view of {s.name}", sql=ddl.view(to, s)) for s in specs]
    return tuple(found)


def render(found: Sequence[Statement], to: SnowflakeSettings) -> str:
    """Give the statements as one script that a person reviews; settings that are missing are listed at its top."""
    missing = [f"snowflake.{name}" for name in _NEEDED if not getattr(to, name)]
    head = ["-- Derived from the contracts. It can be run again: nothing that exists is replaced but views."]
    if missing:
        head.append(f"-- To be set before it is run: {', '.join(missing)}")
    parts = [f"-- {s.order:02d} {s.purpose}\n{s.sql}" for s in found]
    return "\n".join(head) + "\n\n" + "\n\n".join(parts) + "\n"

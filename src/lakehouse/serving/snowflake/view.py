"""Views that people read: names as they type them, the contract's comments, and what is personal behind a policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lakehouse.catalog.iceberg_schema import iceberg_schema
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.snowflake.account import layer_schema
from lakehouse.serving.snowflake.iceberg_table import table_name
from lakehouse.serving.snowflake.policies import mark_of, masking_name, row_access_name, row_column, tag_name
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.serving.snowflake.types import is_nested, snowflake_type
from lakehouse.snowflake.names import business, literal, quoted


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    shown: str
    selected: str


def view_name(to: SnowflakeSettings, spec: TableSpec) -> str:
    """Give the full name of a view."""
    namespace, name = spec.name.split(".")
    return f"{layer_schema(to, namespace)}.{business(name)}"


def view(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    """The view of a table.

    Policies stand in the statement itself, so that there is no moment without them; grants outlive it. A column that is
    personal and nested is left out, for a policy shows all of a column or nothing; without ``snowflake.masking`` all
    that are personal are.

    Raises:
        ServingError: Two columns have the same name in upper case, or Snowflake has no type for one.
    """
    columns = tuple(_columns(to, spec))
    _refuse_twins(spec, columns)
    limit = row_column(to, spec)
    rows = f"WITH ROW ACCESS POLICY {row_access_name(to, spec)} ON ({business(limit.name)})\n" if limit else ""
    listed, selected = (",\n".join(getattr(one, part) for one in columns) for part in ("shown", "selected"))
    sql = (
        f"CREATE OR REPLACE VIEW {view_name(to, spec)} (\n{listed}\n)\n"
        f"{rows}"
        "COPY GRANTS\n"
        f"COMMENT = {literal(spec.comment)}\n"
        f"AS SELECT\n{selected}\nFROM {table_name(to, spec)};"
    )
    return Statement(step=Step.VIEWS, kind="view", name=view_name(to, spec), sql=sql)


def _columns(to: SnowflakeSettings, spec: TableSpec) -> Iterator[_Column]:
    fields = {one.name: one.field_type for one in iceberg_schema(spec).fields}
    for column in spec.columns:
        kind = snowflake_type(fields[column.name], where=f"{spec.name}.{column.name}")
        mark, nested = mark_of(column), is_nested(fields[column.name])
        if mark and (nested or not to.masking):
            continue
        name, policy = business(column.name), ""
        if mark:
            policy = f" WITH MASKING POLICY {masking_name(to, mark, kind)} WITH TAG ({tag_name(to)} = {literal(mark)})"
        # What is nested has its type from the table; a cast would have to name each field as the table does.
        cast = "" if nested else f"::{kind}"
        yield _Column(
            name=name,
            shown=f"  {name}{policy} COMMENT {literal(column.comment)}",
            selected=f"  {quoted(column.name)}{cast} AS {name}",
        )


def _refuse_twins(spec: TableSpec, columns: Sequence[_Column]) -> None:
    names = [one.name for one in columns]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ServingError(f"{spec.name}: columns have the same name in upper case: {', '.join(twins)}; rename one")
    if not names:
        raise ServingError(f"{spec.name} has no column that can be shown: all are personal. Set snowflake.masking=true")

"""Who sees what is personal: a tag, masking policies and row access, from the marks of contracts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lakehouse.catalog.iceberg_schema import iceberg_schema
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.marks import Pii
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.snowflake.account import governance
from lakehouse.serving.snowflake.statement import Change, Statement, Step
from lakehouse.serving.snowflake.types import snowflake_type
from lakehouse.snowflake.names import literal, word


def personal_role(to: SnowflakeSettings) -> str:
    """Give the role that sees personal values, and every row."""
    return f"{to.database}_PERSONAL_READ"


def tag_name(to: SnowflakeSettings) -> str:
    """Give the tag of personal columns."""
    return f"{governance(to)}.PERSONAL"


def mark_of(column: ColumnSpec) -> Pii | None:
    """Give why a column is personal, by its own mark or by one inside of it."""
    return next((inner.pii for _, inner in column.walk() if inner.pii), None)


def masking_name(to: SnowflakeSettings, mark: Pii, kind: str) -> str:
    """Give the policy for a reason and a type."""
    return f"{governance(to)}.MASK_{mark.name}_{word(kind)}"


def row_access_name(to: SnowflakeSettings, spec: TableSpec) -> str:
    """Give the policy for the rows of a table."""
    return f"{governance(to)}.ROWS_{word(spec.name.upper())}"


def policies(to: SnowflakeSettings, specs: Sequence[TableSpec]) -> Iterator[Statement]:
    """Give the tag, a masking policy for each reason and type, and what says who sees which rows."""
    kinds = dict.fromkeys(found for spec in specs for found in _masked(spec))
    if kinds and to.masking:
        yield _tag(to)
        yield from (_masking(to, mark, kind) for mark, kind in kinds)
    limited = [spec for spec in specs if spec.name in to.row_access]
    if limited:
        yield _entitlements(to)
        yield from (_row_access(to, spec) for spec in limited)


def row_column(to: SnowflakeSettings, spec: TableSpec) -> ColumnSpec | None:
    """Give the column that decides who sees a row.

    Raises:
        ServingError: The setting names no column of the table.
    """
    name = to.row_access.get(spec.name)
    found = next((one for one in spec.columns if one.name == name), None)
    if name and not found:
        columns = ", ".join(one.name for one in spec.columns)
        raise ServingError(f"snowflake.row_access: {spec.name} has no column {name!r}; it has {columns}")
    return found


def _masked(spec: TableSpec) -> Iterator[tuple[Pii, str]]:
    types = {one.name: one.field_type for one in iceberg_schema(spec).fields}
    for column in spec.columns:
        if column.pii and not column.fields:
            yield column.pii, snowflake_type(types[column.name], where=f"{spec.name}.{column.name}")


def _tag(to: SnowflakeSettings) -> Statement:
    values = ", ".join(literal(mark.value) for mark in Pii)
    comment = "Why a column is personal"
    sql = f"CREATE TAG IF NOT EXISTS {tag_name(to)} ALLOWED_VALUES {values} COMMENT = {literal(comment)};"
    shown = f"SHOW TAGS LIKE 'PERSONAL' IN SCHEMA {governance(to)}"
    return Statement(step=Step.GOVERNANCE, kind="tag", name=tag_name(to), sql=sql, shown_by=shown)


def _masking(to: SnowflakeSettings, mark: Pii, kind: str) -> Statement:
    name = masking_name(to, mark, kind)
    shown = "NULL" if mark is Pii.CREDENTIAL or kind != "VARCHAR" else "'***'"
    if mark is Pii.BIRTH and kind == "DATE":
        shown = "DATE_TRUNC('YEAR', VAL)"
    # Nobody reads a password in a warehouse.
    seen = "FALSE" if mark is Pii.CREDENTIAL else f"IS_ROLE_IN_SESSION({literal(personal_role(to))})"
    body = f"CASE WHEN {seen} THEN VAL ELSE {shown} END"
    head = f"(VAL {kind}) RETURNS {kind}"
    return _policy(to, "masking policy", name, head=head, body=body, comment=f"Personal: {mark.value}")


def _entitlements(to: SnowflakeSettings) -> Statement:
    name = f"{governance(to)}.ENTITLEMENTS"
    sql = (
        f"CREATE TABLE IF NOT EXISTS {name} (\n"
        "  TABLE_NAME VARCHAR NOT NULL,\n  ROLE_NAME VARCHAR NOT NULL,\n  VALUE VARCHAR NOT NULL\n)\n"
        "  COMMENT = 'Which role sees which rows';"
    )
    shown = f"SHOW TABLES LIKE 'ENTITLEMENTS' IN SCHEMA {governance(to)}"
    return Statement(step=Step.GOVERNANCE, kind="entitlements", name=name, sql=sql, shown_by=shown)


def _row_access(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    column = row_column(to, spec)
    assert column is not None, "the setting names the table"
    field = iceberg_schema(spec).find_field(column.name)
    kind = snowflake_type(field.field_type, where=f"{spec.name}.{column.name}")
    body = (
        f"IS_ROLE_IN_SESSION({literal(personal_role(to))}) OR EXISTS (\n"
        f"    SELECT 1 FROM {governance(to)}.ENTITLEMENTS AS E\n"
        f"    WHERE E.TABLE_NAME = {literal(spec.name)}\n"
        f"    AND E.VALUE = VAL::VARCHAR AND IS_ROLE_IN_SESSION(E.ROLE_NAME)\n"
        "  )"
    )
    return _policy(
        to,
        "row access policy",
        row_access_name(to, spec),
        head=f"(VAL {kind}) RETURNS BOOLEAN",
        body=body,
        comment=f"Rows of {spec.name} by {column.name}",
    )


def _policy(to: SnowflakeSettings, kind: str, name: str, *, head: str, body: str, comment: str) -> Statement:
    """A policy; another body takes the place of its own, for one that stands on columns cannot be dropped."""
    plural = {"masking policy": "MASKING POLICIES", "row access policy": "ROW ACCESS POLICIES"}[kind]
    made = Statement(
        step=Step.GOVERNANCE,
        kind=kind,
        name=name,
        sql=f"CREATE {kind.upper()} IF NOT EXISTS {name} AS {head} ->\n  {body}\n  COMMENT = {literal(comment)};",
        shown_by=f"SHOW {plural} LIKE {literal(name.rpartition('.')[2])} IN SCHEMA {governance(to)}",
        described_by=f"DESCRIBE {kind.upper()} {name}",
        properties={"SIGNATURE": head.partition(" RETURNS")[0]},
    )
    altered = made.altered(f"{kind} body", f"ALTER {kind.upper()} {name} SET BODY ->\n  {body};")
    return replace(made, changes=(Change(name="BODY", value=body, by=(altered,)),))

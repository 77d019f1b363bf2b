"""Data metric functions: rules of a contract that Snowflake measures on its own schedule, over what it reads.

Those that it has itself where they say the same, and one for each rule on values that SQL says alike; patterns are left
out, for its regular expressions are not those of Java. The functions and what they cost need Enterprise edition.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from lakehouse.catalog.iceberg_schema import iceberg_schema
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.quality import Between, Fresh, Length, NotBlank, NotNull, OneOf, Unique, rule_set
from lakehouse.quality.rule import Rule
from lakehouse.serving.snowflake.account import governance
from lakehouse.serving.snowflake.iceberg_table import table_name
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.serving.snowflake.types import is_nested, snowflake_type
from lakehouse.snowflake.names import LONGEST_NAME, literal, quoted, word

_OWN: tuple[tuple[type[Rule], str], ...] = (
    (NotBlank, "BLANK_COUNT"),
    (NotNull, "NULL_COUNT"),
)
"""By rule the function of SNOWFLAKE.CORE that counts what breaks it; the first that fits."""


def metrics(to: SnowflakeSettings, spec: TableSpec) -> Iterator[Statement]:
    """Give the functions for a table's rules, where each is measured, and how often."""
    types = {one.name: one.field_type for one in iceberg_schema(spec).fields}
    found = rule_set(spec)
    placed = []
    for bound in found.rules:
        if bound.column not in types or is_nested(types[bound.column]):
            continue
        own = next((name for kind, name in _OWN if type(bound.rule) is kind), "")
        if own:
            placed.append((f"SNOWFLAKE.CORE.{own}", bound.column))
        elif broken := _broken(bound.rule, kind := snowflake_type(types[bound.column], where=spec.name)):
            made = _function(to, f"BROKEN_{word(spec.name)}_{word(bound.name)}"[:LONGEST_NAME], kind, broken)
            yield made
            placed.append((made.name, bound.column))
    for bound in found.table_rules:
        rule = bound.rule
        if isinstance(rule, Unique) and len(rule.columns) == 1:
            placed.append(("SNOWFLAKE.CORE.DUPLICATE_COUNT", rule.columns[0]))
        elif isinstance(rule, Fresh) and rule.column in types:
            placed.append(("SNOWFLAKE.CORE.FRESHNESS", rule.column))
    if placed:
        yield _schedule(to, spec)
    yield from (_placed(to, spec, function, column) for function, column in dict.fromkeys(placed))


def _function(to: SnowflakeSettings, own: str, kind: str, broken: str) -> Statement:
    name = f"{governance(to)}.{own}"
    body = f"SELECT COUNT(*) FROM T WHERE {broken}"
    sql = (
        f"CREATE DATA METRIC FUNCTION IF NOT EXISTS {name}(T TABLE(V {kind}))\n"
        "  RETURNS NUMBER\n"
        "  COMMENT = 'Values that break a rule of a contract'\n"
        f"  AS {literal(body)};"
    )
    return Statement(
        step=Step.COMPUTED,
        kind="metric function",
        name=name,
        sql=sql,
        shown_by=f"SHOW DATA METRIC FUNCTIONS LIKE {literal(own)} IN SCHEMA {governance(to)}",
        described_by=f"DESCRIBE FUNCTION {name}(TABLE({kind}))",
        properties={"BODY": body},
    )


def _schedule(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    sql = f"ALTER TABLE {table_name(to, spec)} SET DATA_METRIC_SCHEDULE = '{to.metric_minutes} MINUTE';"
    return Statement(step=Step.COMPUTED, kind="metric schedule", name=spec.name, sql=sql)


def _placed(to: SnowflakeSettings, spec: TableSpec, function: str, column: str) -> Statement:
    """Let a function measure a column. It is refused a second time, so what is there is asked for first."""
    own = f"{function.rpartition('.')[2]} {column}".lower()
    asked = f"REF_ENTITY_NAME => {literal(table_name(to, spec))}, REF_ENTITY_DOMAIN => 'TABLE'"
    return Statement(
        step=Step.COMPUTED,
        kind="metric",
        name=f"{spec.name}.{own}",
        sql=f"ALTER TABLE {table_name(to, spec)} ADD DATA METRIC FUNCTION {function} ON ({quoted(column)});",
        shown_by="SELECT LOWER(METRIC_NAME || ' ' || REF_ARGUMENTS[0]:name::VARCHAR) AS NAME\n"
        f"FROM TABLE({to.database}.INFORMATION_SCHEMA.DATA_METRIC_FUNCTION_REFERENCES({asked}))",
    )


def _broken(rule: Rule, kind: str) -> str:
    """Give the condition that a value breaks the rule; empty: it is none that SQL says alike."""
    if type(rule) is Length:
        return f"LENGTH(V) < {rule.low} OR LENGTH(V) > {rule.high}"
    if type(rule) is OneOf:
        return f"V NOT IN ({', '.join(map(_value, rule.values))})" if all(map(_value, rule.values)) else ""
    # Text is read as what the limits are, by rules that are Spark's.
    if type(rule) is Between and kind != "VARCHAR":
        sides = (("V <", rule.low), ("V >", rule.high))
        ends = [(sign, limit) for sign, limit in sides if not (isinstance(limit, float) and math.isinf(limit))]
        if ends and all(_value(limit) for _, limit in ends):
            return " OR ".join(f"{sign} {_value(limit)}" for sign, limit in ends)
    return ""


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, datetime):
        # Without a zone it is UTC, as instants are in contracts.
        return f"{literal(value.isoformat() + ('' if value.tzinfo else '+00:00'))}::TIMESTAMP_TZ"
    return f"{literal(value.isoformat())}::DATE" if isinstance(value, date) else ""

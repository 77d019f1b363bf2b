"""What everything stands in: database, schemas, the warehouse with its limit."""

from __future__ import annotations

from dataclasses import replace

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.serving.snowflake.statement import Change, Statement, Step
from lakehouse.snowflake.names import literal

_GOVERNANCE = "GOVERNANCE"
EXPORTS = "EXPORTS"


def layer_schema(to: SnowflakeSettings, layer: str) -> str:
    """Give the schema whose views people read."""
    return f"{to.database}.{layer.upper()}"


def table_schema(to: SnowflakeSettings, layer: str) -> str:
    """Give the schema of the tables below these views; nobody but their owner reads it."""
    return f"{to.database}.{layer.upper()}_TABLES"


def governance(to: SnowflakeSettings) -> str:
    """Give the schema of what stands over tables: policies, tags, functions that measure."""
    return f"{to.database}.{_GOVERNANCE}"


def database(to: SnowflakeSettings) -> Statement:
    """The database that holds the schemas."""
    return _made("DATABASE", to.database, comment="Tables of the lake, and views of them")


def schema(name: str, *, comment: str) -> Statement:
    """A schema; ``name`` has its database."""
    return _made("SCHEMA", name, comment=comment)


def warehouse(to: SnowflakeSettings) -> Statement:
    """The compute. It resumes by itself, so that no reader meets one that is suspended."""
    sql = (
        f"CREATE WAREHOUSE IF NOT EXISTS {to.warehouse}\n"
        f"  WAREHOUSE_SIZE = {to.warehouse_size}\n"
        f"  AUTO_SUSPEND = {to.suspend_seconds}\n"
        "  AUTO_RESUME = TRUE\n"
        "  INITIALLY_SUSPENDED = TRUE\n"
        "  COMMENT = 'Readers of the lake';"
    )
    shown = f"SHOW WAREHOUSES LIKE {literal(to.warehouse)}"
    made = Statement(step=Step.ACCOUNT, kind="warehouse", name=to.warehouse, sql=sql, shown_by=shown)
    altered = made.altered(
        "warehouse settings",
        f"ALTER WAREHOUSE {to.warehouse} SET\n  WAREHOUSE_SIZE = {to.warehouse_size}\n"
        f"  AUTO_SUSPEND = {to.suspend_seconds}\n  AUTO_RESUME = TRUE;",
    )
    # SHOW writes X-Small where a statement has XSMALL.
    wanted = {"SIZE": to.warehouse_size, "AUTO_SUSPEND": str(to.suspend_seconds), "AUTO_RESUME": "true"}
    return replace(made, changes=tuple(Change(name=n, value=v, by=(altered,)) for n, v in wanted.items()))


def resource_monitor(to: SnowflakeSettings) -> Statement:
    """A limit of credits by month: told at 80 %, suspended at all of it."""
    name = f"{to.warehouse}_MONITOR"
    sql = (
        f"CREATE RESOURCE MONITOR IF NOT EXISTS {name} WITH\n"
        f"  CREDIT_QUOTA = {to.credits_a_month}\n"
        "  FREQUENCY = MONTHLY\n"
        "  START_TIMESTAMP = IMMEDIATELY\n"
        "  TRIGGERS ON 80 PERCENT DO NOTIFY ON 100 PERCENT DO SUSPEND;"
    )
    shown = f"SHOW RESOURCE MONITORS LIKE {literal(name)}"
    made = Statement(step=Step.ACCOUNT, kind="resource monitor", name=name, sql=sql, shown_by=shown)
    quota = str(to.credits_a_month)
    altered = made.altered("resource monitor quota", f"ALTER RESOURCE MONITOR {name} SET CREDIT_QUOTA = {quota};")
    return replace(made, changes=(Change(name="CREDIT_QUOTA", value=quota, by=(altered,)),))


def limited(to: SnowflakeSettings) -> Statement:
    """Put the warehouse under its limit."""
    sql = f"ALTER WAREHOUSE {to.warehouse} SET RESOURCE_MONITOR = {to.warehouse}_MONITOR;"
    return Statement(step=Step.ACCOUNT, kind="warehouse limit", name=to.warehouse, sql=sql)


def _made(what: str, name: str, *, comment: str) -> Statement:
    place, _, own = name.rpartition(".")
    within = f" IN DATABASE {place}" if place else ""
    return Statement(
        step=Step.ACCOUNT,
        kind=what.lower(),
        name=name,
        sql=f"CREATE {what} IF NOT EXISTS {name} COMMENT = {literal(comment)};",
        shown_by=f"SHOW {what}S LIKE {literal(own)}{within}",
    ).with_comment(what, name, comment)

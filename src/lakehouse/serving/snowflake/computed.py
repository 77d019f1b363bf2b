"""What Snowflake computes itself: dynamic tables over the views, streams of what is new, tasks that refresh."""

from __future__ import annotations

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.snowflake.account import layer_schema
from lakehouse.serving.snowflake.external_table import external_name
from lakehouse.serving.snowflake.iceberg_table import table_name
from lakehouse.serving.snowflake.names import business, literal
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.serving.snowflake.tokens import tokens


def dynamic_table(to: SnowflakeSettings, name: str, query: str) -> Statement:
    """A table that Snowflake keeps up with a query; ``name`` is ``layer.name``, as of a contract.

    Raises:
        ServingError: The query is not one SELECT.
    """
    words = tokens(query.strip())
    if not words or words[0].text.upper() not in {"SELECT", "WITH"} or any(one.text == ";" for one in words):
        raise ServingError(f"snowflake.dynamic_tables: {name} has to be one SELECT, without a semicolon: {query[:60]}")
    layer, own = name.split(".")
    full = f"{layer_schema(to, layer)}.{business(own)}"
    sql = (
        f"CREATE DYNAMIC TABLE IF NOT EXISTS {full}\n"
        f"  TARGET_LAG = '{to.lag_minutes} minutes'\n"
        f"  WAREHOUSE = {to.warehouse}\n"
        "  REFRESH_MODE = AUTO\n"
        "  INITIALIZE = ON_CREATE\n"
        f"  COMMENT = {literal(f'Kept up by Snowflake, within {to.lag_minutes} minutes')}\n"
        f"AS {query.strip()};"
    )
    shown = f"SHOW DYNAMIC TABLES LIKE {literal(own)} IN SCHEMA {layer_schema(to, layer)}"
    return Statement(step=Step.COMPUTED, kind="dynamic table", name=full, sql=sql, shown_by=shown)


def new_rows(to: SnowflakeSettings, spec: TableSpec) -> Statement:
    """A stream of the rows that came; of a table that others write Snowflake has no other kind."""
    layer, own = spec.name.split(".")
    external = to.route == "export"
    name = f"{layer_schema(to, layer)}.{business(own + '_new_rows')}"
    kind, source = ("EXTERNAL TABLE", external_name(to, spec)) if external else ("TABLE", table_name(to, spec))
    sql = (
        f"CREATE STREAM IF NOT EXISTS {name} ON {kind} {source}\n"
        f"  INSERT_ONLY = TRUE\n  COMMENT = {literal(f'New rows of {spec.name}')};"
    )
    shown = f"SHOW STREAMS LIKE {literal(own + '_new_rows')} IN SCHEMA {layer_schema(to, layer)}"
    which = "stream on an external table" if external else "stream"
    return Statement(step=Step.COMPUTED, kind=which, name=name, sql=sql, shown_by=shown)


def refresh_task(to: SnowflakeSettings, spec: TableSpec) -> tuple[Statement, Statement]:
    """A task that looks for new files of an export, where no topic tells of them; a task is made suspended."""
    layer, own = spec.name.split(".")
    name = f"{layer_schema(to, layer)}.{business('refresh_' + own)}"
    sql = (
        f"CREATE TASK IF NOT EXISTS {name}\n"
        f"  WAREHOUSE = {to.warehouse}\n"
        f"  SCHEDULE = '{to.lag_minutes} MINUTE'\n"
        f"  COMMENT = {literal(f'Looks for new files of {spec.name}')}\n"
        f"AS ALTER EXTERNAL TABLE {external_name(to, spec)} REFRESH;"
    )
    shown = f"SHOW TASKS LIKE {literal('refresh_' + own)} IN SCHEMA {layer_schema(to, layer)}"
    made = Statement(step=Step.COMPUTED, kind="task", name=name, sql=sql, shown_by=shown)
    begun = Statement(step=Step.COMPUTED, kind="task begun", name=name, sql=f"ALTER TASK {name} RESUME;")
    return made, begun

"""What Snowflake computes itself: dynamic tables over the views, streams of what is new, tasks that refresh."""

from __future__ import annotations

from dataclasses import replace

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.snowflake.account import layer_schema
from lakehouse.serving.snowflake.external_table import external_name
from lakehouse.serving.snowflake.iceberg_table import table_name
from lakehouse.serving.snowflake.statement import Change, Statement, Step
from lakehouse.serving.snowflake.tokens import tokens
from lakehouse.snowflake.names import business, literal


def dynamic_table(to: SnowflakeSettings, name: str, query: str) -> Statement:
    """A table that Snowflake keeps up with a query; ``name`` is ``layer.name``, as of a contract.

    With ``snowflake.managed_url`` it is an Iceberg table there, which others read; Snowflake is its catalog.

    Raises:
        ServingError: The query is not one SELECT.
    """
    require_select(query, where=f"snowflake.dynamic_tables: {name}")
    layer, own = name.split(".")
    full = f"{layer_schema(to, layer)}.{business(own)}"
    lag = f"{to.lag_minutes} minutes"
    kind, head, options = (
        "dynamic table",
        f"DYNAMIC TABLE IF NOT EXISTS {full}",
        [
            "REFRESH_MODE = AUTO",
            "INITIALIZE = ON_CREATE",
            f"COMMENT = {literal(f'Kept up by Snowflake, within {lag}')}",
        ],
    )
    if to.managed_url:
        # It takes no IF NOT EXISTS: what is there is asked for first.
        kind, head, options = (
            "dynamic iceberg table",
            f"DYNAMIC ICEBERG TABLE {full}",
            [
                f"EXTERNAL_VOLUME = {literal(to.managed_volume)}",
                "CATALOG = 'SNOWFLAKE'",
                f"BASE_LOCATION = {literal(name.replace('.', '/'))}",
            ],
        )
    lines = "".join(f"  {one}\n" for one in (f"TARGET_LAG = '{lag}'", f"WAREHOUSE = {to.warehouse}", *options))
    made = Statement(
        step=Step.COMPUTED,
        kind=kind,
        name=full,
        sql=f"CREATE {head}\n{lines}AS {query.strip()};",
        shown_by=f"SHOW DYNAMIC TABLES LIKE {literal(own)} IN SCHEMA {layer_schema(to, layer)}",
        properties={"TEXT": query.strip()},
    )
    altered = made.altered(
        "dynamic table settings", f"ALTER DYNAMIC TABLE {full} SET TARGET_LAG = '{lag}' WAREHOUSE = {to.warehouse};"
    )
    wanted = {"TARGET_LAG": lag, "WAREHOUSE": to.warehouse}
    return replace(made, changes=tuple(Change(name=n, value=v, by=(altered,)) for n, v in wanted.items()))


def require_select(query: str, *, where: str) -> None:
    """Make sure that what somebody wrote is one query; ``where`` says which.

    Raises:
        ServingError: It is something else, or more.
    """
    words = tokens(query.strip())
    if not words or words[0].text.upper() not in {"SELECT", "WITH"} or any(one.text == ";" for one in words):
        raise ServingError(f"{where} has to be one SELECT, without a semicolon: {query[:60]}")


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
    # One that runs takes no other schedule; it is begun below, each time.
    halted = made.altered("task halted", f"ALTER TASK {name} SUSPEND;")
    altered = made.altered("task schedule", f"ALTER TASK {name} SET SCHEDULE = '{to.lag_minutes} MINUTE';")
    schedule = Change(name="SCHEDULE", value=f"{to.lag_minutes} MINUTE", by=(halted, altered))
    made = replace(made, changes=(schedule,))
    begun = Statement(step=Step.COMPUTED, kind="task begun", name=name, sql=f"ALTER TASK {name} RESUME;")
    return made, begun

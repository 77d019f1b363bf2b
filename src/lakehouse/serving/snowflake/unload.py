"""What Snowflake has computed, unloaded to the zone of results in S3 as Parquet that names and types say what it is.

Each run has a folder of its own, and what is read of it are the files that its answer names: an unload that is tried
again inside of Snowflake, or whose answer was lost, may have left others.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyiceberg import types as iceberg

from lakehouse.catalog.iceberg_schema import iceberg_schema
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.export import folders_of
from lakehouse.serving.snowflake.check import check
from lakehouse.serving.snowflake.computed import require_select
from lakehouse.serving.snowflake.external_table import NULL_FOLDER
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.serving.snowflake.storage import format_name, stage_name
from lakehouse.serving.snowflake.types import is_nested, snowflake_type
from lakehouse.snowflake.names import business, literal, quoted
from lakehouse.snowflake.session import Session

RESULTS = "results"
_LARGEST_FILE = 128 * 1024**2
_DATES = {"%Y": "YYYY", "%Y-%m": "YYYY-MM", "%Y-%m-%d": "YYYY-MM-DD", "%Y-%m-%d-%H": "YYYY-MM-DD-HH24"}


@dataclass(frozen=True, kw_only=True)
class Unloaded:
    """What one run has put down: names of the files, each in no other run, and the rows in all of them."""

    folder: str
    files: tuple[str, ...]
    rows: int


def run_folder(spec: TableSpec, run_id: str) -> str:
    """Give the folder of a run, from the stage on."""
    return f"{RESULTS}/{spec.name.replace('.', '/')}/run={run_id}/"


def unload_statement(to: SnowflakeSettings, spec: TableSpec, query: str, *, run_id: str) -> Statement:
    """Unload a query in the columns and folders of a contract; instants are microseconds, binary values are text.

    Parquet that Snowflake writes has no instants with a time zone; what is lost without one would be guessed by its
    reader. ``OVERWRITE`` is not taken together with ``PARTITION BY``, and would empty folders of other values.

    Raises:
        ServingError: The query is not one SELECT, or a column is nested.
    """
    require_select(query, where=f"snowflake.results: {spec.name}")
    folder = run_folder(spec, run_id)
    columns = ",\n".join(f"      {one}" for one in _columns(spec))
    by = _partition(spec)
    sql = (
        f"COPY INTO @{stage_name(to)}/{folder}\n"
        f"  FROM (\n    SELECT\n{columns}\n    FROM (\n{query.strip()}\n    )\n  )\n"
        f"{by}"
        f"  FILE_FORMAT = (FORMAT_NAME = {literal(format_name(to))})\n"
        f"  MAX_FILE_SIZE = {_LARGEST_FILE}\n"
        "  INCLUDE_QUERY_ID = TRUE\n"
        "  DETAILED_OUTPUT = TRUE\n"
        "  HEADER = TRUE;"
    )
    return Statement(step=Step.COMPUTED, kind="unload", name=spec.name, sql=sql)


def unload(session: Session, to: SnowflakeSettings, spec: TableSpec, query: str, *, run_id: str) -> Unloaded:
    """Let Snowflake compute and unload. It is sent once: sent twice, it would leave two answers in one folder.

    Raises:
        ServingError: Snowflake refused, or the connection was lost; the next run has another folder.
    """
    statement = unload_statement(to, spec, query, run_id=run_id)
    if wrong := check(statement):
        raise ServingError(f"the statement that unloads {spec.name} is wrong, it was not sent: {wrong[0]}")
    told = session.ask(statement.sql, again=False)
    files = tuple(str(row["file_name"]).rsplit("/", 1)[-1] for row in told if int(row["row_count"]))
    return Unloaded(folder=run_folder(spec, run_id), files=files, rows=sum(int(row["row_count"]) for row in told))


def _columns(spec: TableSpec) -> list[str]:
    types = {one.name: one.field_type for one in iceberg_schema(spec).fields}
    return [
        f"{_wire(business(one.name), types[one.name], f'{spec.name}.{one.name}')} AS {quoted(one.name)}"
        for one in spec.columns
        if not one.generated
    ]


def _wire(name: str, found: iceberg.IcebergType, where: str) -> str:
    if is_nested(found):
        raise ServingError(
            f"{where} is nested, and Snowflake unloads no such column: select its fields, or TO_JSON of it"
        )
    if isinstance(found, iceberg.TimestamptzType | iceberg.TimestampType):
        return f"DATE_PART(EPOCH_MICROSECOND, {name})"
    if isinstance(found, iceberg.BinaryType | iceberg.FixedType):
        return f"HEX_ENCODE({name})"
    return f"{name}::{snowflake_type(found, where=where)}"


def _partition(spec: TableSpec) -> str:
    types = {one.name: one.field_type for one in iceberg_schema(spec).fields}
    levels = []
    for name, (column, form) in folders_of(spec).items():
        value = quoted(column)
        if isinstance(types[column], iceberg.TimestamptzType | iceberg.TimestampType):
            value = f"TO_TIMESTAMP_NTZ({value}, 6)"
        text = f"TO_VARCHAR({value}, {literal(_DATES[form])})" if form else f"{value}::VARCHAR"
        levels.append(f"{literal(name + '=')} || NVL({text}, {literal(NULL_FOLDER)})")
    between = f"\n    || {literal('/')} || "
    return f"  PARTITION BY (\n    {between.join(levels)}\n  )\n" if levels else ""

"""DuckDB as the warehouse of a laptop: views over the published snapshots of Iceberg tables."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from lakehouse.errors import MissingExtraError, ServingError
from lakehouse.serving.duckdb_s3 import s3_secret
from lakehouse.serving.protocol import Probe, Reading, ServedTable, compare
from lakehouse.serving.query_result import QueryResult

# avro before iceberg, which reads manifests with it.
_EXTENSIONS = ("avro", "iceberg")
_VIEWS = "SELECT schema_name || '.' || view_name, sql FROM duckdb_views() WHERE NOT internal"
_SCANNED = re.compile(r"iceberg_scan\('((?:[^']|'')*)'\)")


@dataclass(frozen=True)
class DuckDbWarehouse:
    """A DuckDB file with one view per table.

    ``s3`` are the properties of the catalog, where the tables are in S3.
    """

    file: Path
    s3: Mapping[str, str] | None = None
    name: str = "duckdb"

    def publish(self, tables: Sequence[ServedTable]) -> None:
        """Make the views over these snapshots, in one transaction: a reader sees all of the old or all of the new ones.

        Raises:
            ServingError: Another process holds the file, or a snapshot cannot be read; the old views stay.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self._open(read_only=False) as connection:
            try:
                connection.execute("BEGIN")
                for statement in (line for table in tables for line in _view(table)):
                    connection.execute(statement)
                connection.execute("COMMIT")
            except connection_error() as error:
                raise ServingError(f"the views of {self.file} were left as they are: {error}") from None

    def refresh(self, tables: Sequence[ServedTable]) -> None:
        """Point the views of these tables to their newest snapshots: of a file with views that is to publish them."""
        self.publish(tables)

    def probe(self, tables: Sequence[ServedTable], *, now: datetime) -> tuple[Probe, ...]:
        """Tell which snapshots the views read, and how many rows they give.

        Raises:
            ServingError: Nothing was published yet, or another process holds the file.
        """
        with self._reading() as connection:
            found = dict(connection.execute(_VIEWS).fetchall())
            return tuple(compare(one, _reading(connection, found, one.spec.name), now=now) for one in tables)

    def query(self, sql: str, *, limit: int | None = None) -> QueryResult:
        """Ask the views.

        Raises:
            ServingError: The statement is wrong, the table is not there, or nothing was published yet.
        """
        with self._reading() as connection:
            try:
                cursor = connection.execute(sql)
                if cursor.description is None:
                    return QueryResult(columns=(), rows=())
                columns = tuple(column[0] for column in cursor.description)
                rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
            except connection_error() as error:
                raise ServingError(_explain(connection, error)) from None
        more = limit is not None and len(rows) > limit
        return QueryResult(columns=columns, rows=tuple(rows[:limit] if more else rows), more=more)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        if not self.file.exists():
            raise ServingError(
                f"there is no warehouse at {self.file} yet: `lakehouse run`, then `lakehouse publish duckdb`"
            )
        with self._open(read_only=True) as connection:
            yield connection

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[Any]:
        duckdb = _library()
        try:
            connection = duckdb.connect(str(self.file), read_only=read_only)
        except duckdb.IOException as error:
            raise ServingError(
                f"the warehouse {self.file} cannot be opened, another process may hold it: {error}"
            ) from None
        try:
            connection.execute("SET TimeZone = 'UTC'")
            for name in _EXTENSIONS:
                connection.execute(f"LOAD '{extension(name)}'")
            if self.s3 is not None:
                connection.execute(f"LOAD '{extension('httpfs')}'")
                connection.execute(s3_secret(self.s3))
            yield connection
        finally:
            connection.close()


def _reading(connection: Any, views: Mapping[str, str], name: str) -> Reading:
    scanned = _SCANNED.search(views.get(name, ""))
    if scanned is None:
        return Reading(state="no view of it")
    location = scanned[1].replace("''", "'")
    try:
        counted = connection.execute(f"SELECT count(*) FROM {_name(name)}").fetchall()
    except connection_error() as error:
        return Reading(location=location, state=_explain(connection, error))
    return Reading(location=location, rows=int(counted[0][0]))


def connection_error() -> type[Exception]:
    """Give the root of DuckDB's errors."""
    error: type[Exception] = _library().Error
    return error


def _library() -> Any:
    try:
        return importlib.import_module("duckdb")
    except ImportError as error:
        raise MissingExtraError(extra="duckdb", needed_for="the local warehouse") from error


def extension(name: str) -> Path:
    """Give the file of an extension in its Python package: nothing is downloaded or put into the home folder."""
    try:
        package = files(f"duckdb_extension_{name}")
    except ModuleNotFoundError as error:
        raise MissingExtraError(extra="duckdb", needed_for="reading Iceberg with DuckDB") from error
    return next(Path(str(package)).glob(f"extensions/*/{name}.duckdb_extension"))


def _view(table: ServedTable) -> Iterator[str]:
    name = _name(table.spec.name)
    location = table.metadata_location.removeprefix("file://").removeprefix("file:").replace("'", "''")
    yield f'CREATE SCHEMA IF NOT EXISTS "{table.spec.namespace}"'
    yield f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM iceberg_scan('{location}')"
    yield f"COMMENT ON VIEW {name} IS {_text(table.spec.comment)}"
    for column in table.spec.columns:
        if column.comment:
            yield f'COMMENT ON COLUMN {name}."{column.name}" IS {_text(column.comment)}'


def _name(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _explain(connection: Any, error: Exception) -> str:
    text = str(error)
    if "does not exist" in text and "Catalog Error" in text:
        views = connection.execute(f"{_VIEWS} ORDER BY 1").fetchall()
        return f"{text}\nThe warehouse has {', '.join(view[0] for view in views)}."
    if "iceberg" in text.lower() and ("No files found" in text or "Cannot open file" in text):
        return f"{text}\nThe snapshot of the view is gone; `lakehouse publish duckdb` points it to the current one."
    return text

"""A session with Snowflake: opened with its first question, anew when it is lost, with what went wrong in words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.errors import ServingError
from lakehouse.snowflake.connect import Connection, Cursor, connect, connector_errors

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_NOT_THERE = (2003, 2043)
_EXPIRED = (390111, 390112, 390114)
"""The session is gone, or its token is: the next one goes on."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """A column of a query. ``kind`` is FIXED, TEXT, TIMESTAMP_NTZ …; digits and scale are those of FIXED."""

    name: str
    kind: str
    digits: int = 0
    scale: int = 0


@dataclass(kw_only=True)
class Session:
    """Statements, one after the other. All that are sent can be sent twice, so a lost connection is opened anew.

    Args:
        open: Makes a connection.
        role: Whose rights are asked about, for messages.
        pauses: Seconds before each further try.
    """

    open: Callable[[], Connection]
    role: str = ""
    pauses: Sequence[float] = (1.0, 4.0, 15.0)
    _connection: Connection | None = field(default=None, repr=False)

    @staticmethod
    def of(to: SnowflakeSettings, *, environ: Mapping[str, str] = os.environ) -> Session:
        """Give a session by the settings; it is opened with its first question."""
        return Session(open=lambda: connect(to, environ=environ), role=to.role)

    def ask(self, sql: str, *, again: bool = True) -> list[dict[str, Any]]:
        """Run a statement and give its rows, by names in lower case.

        Args:
            again: Send it once more where the connection was lost and nobody knows whether it was run.

        Raises:
            ServingError: It was refused, or the connection was lost again and again.
        """
        return self._tried(sql, lambda cursor: _rows(cursor, sql), pauses=self.pauses if again else ())

    def describe(self, query: str) -> tuple[Described, ...]:
        """Give the columns of a query, which is not run.

        Raises:
            ServingError: As of ``ask``.
        """
        return self._tried(query, lambda cursor: _columns(cursor, query))

    def arrow(self, query: str) -> Iterator[pa.Table]:
        """Run a query and give its rows as they come; in memory is what is asked for, and what the connector fetches.

        Raises:
            ServingError: As of ``ask``; and the connection was lost on the way, which begins anew with the next call.
        """
        rows = 0
        with closing(self._tried(query, lambda cursor: _running(cursor, query))) as cursor:
            try:
                for batch in cursor.fetch_arrow_batches():
                    yield batch
                    rows += batch.num_rows
            except connector_errors().Error as error:
                self.close()
                raise ServingError(
                    f"Snowflake's answer ended after {rows:,} rows, at: {_head(query)}\n{error.msg}\nRun it again: "
                    "nothing was taken."
                ) from None

    def exists(self, sql: str) -> list[dict[str, Any]] | None:
        """Give the rows of a SHOW or DESC; None where what it is asked about is not there, or is not to be seen."""
        try:
            return self.ask(sql)
        except ServingError as error:
            if getattr(error.__context__, "errno", None) in _NOT_THERE:
                return None
            raise

    def close(self) -> None:
        """End the session; a connection that is lost cannot say goodbye."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except connector_errors().Error:
                return

    def _tried(self, sql: str, run: Callable[[Cursor], T], *, pauses: Sequence[float] | None = None) -> T:
        """Give what comes of a cursor, by a connection that is not lost."""
        errors, pauses = connector_errors(), self.pauses if pauses is None else pauses
        for pause in (*pauses, None):
            try:
                return run(self._cursor())
            except errors.Error as error:
                lost = isinstance(error, errors.OperationalError | errors.InterfaceError) or error.errno in _EXPIRED
                if not lost:
                    raise ServingError(_explain(error, sql, self.role)) from None
                self.close()
                if pause is None:
                    raise ServingError(
                        f"the connection to Snowflake was lost {len(pauses) + 1} times, at: {_head(sql)}\n"
                        f"{error.msg}\nRun it again: what is done is left as it is, the rest follows."
                    ) from None
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _cursor(self) -> Cursor:
        if self._connection is None:
            self._connection = self.open()
        return self._connection.cursor()


def _rows(cursor: Cursor, sql: str) -> list[dict[str, Any]]:
    with closing(_running(cursor, sql)):
        names = [column[0].lower() for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _columns(cursor: Cursor, query: str) -> tuple[Described, ...]:
    from snowflake.connector.constants import FIELD_ID_TO_NAME

    with closing(cursor):
        return tuple(
            Described(name=one[0], kind=FIELD_ID_TO_NAME[one[1]], digits=one[4] or 0, scale=one[5] or 0)
            for one in cursor.describe(query)
        )


def _running(cursor: Cursor, sql: str) -> Cursor:
    cursor.execute(sql)
    return cursor


def _explain(error: Any, sql: str, role: str) -> str:
    said = f"Snowflake refused: {_head(sql)}\n{error.msg}"
    if error.errno == 3001 or error.sqlstate == "42501":
        return (
            f"{said}\nRole {role or 'of this session'} has no right to it. Use one that has, with snowflake.role: "
            "integrations and volumes need CREATE INTEGRATION and CREATE EXTERNAL VOLUME ON ACCOUNT, roles CREATE ROLE"
        )
    if error.errno == 606 or error.sqlstate == "57P03":
        return f"{said}\nThe warehouse is suspended and does not resume by itself: ALTER WAREHOUSE … RESUME"
    if error.errno in _NOT_THERE:
        return f"{said}\nIt is not there, or role {role or 'of this session'} may not see it"
    return said


def _head(sql: str) -> str:
    return sql.splitlines()[0][:100]

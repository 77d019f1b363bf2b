"""The only place that connects to Snowflake: by settings, anew when it is lost, with what went wrong in words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from lakehouse.config.secrets import resolve_secret
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.errors import ConfigError, MissingExtraError, ServingError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
QUERY_TAG = "lakehouse"
_NOT_THERE = (2003, 2043)
_EXPIRED = (390111, 390112, 390114)
"""The session is gone, or its token is: the next one goes on."""


class Cursor(Protocol):
    """What is used of a cursor of the connector."""

    description: Any

    def execute(self, command: str) -> Any:
        """Run one statement."""

    def fetchall(self) -> Any:
        """Give its rows."""

    def describe(self, command: str) -> Any:
        """Give the columns of a query without running it."""

    def fetch_arrow_batches(self) -> Any:
        """Give its rows as tables of Arrow, as they come."""

    def close(self) -> Any:
        """Let it go."""


class Connection(Protocol):
    """What is used of a connection of the connector."""

    def cursor(self) -> Cursor:
        """Give a cursor."""

    def close(self) -> Any:
        """End the session."""


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


def connect(to: SnowflakeSettings, *, environ: Mapping[str, str]) -> Connection:
    """Open a connection by password, key pair or OAuth token.

    Raises:
        ConfigError: It is not said who asks, or a secret leads nowhere.
        MissingExtraError: The connector is not installed.
    """
    missing = [f"snowflake.{name}" for name in ("account", "user") if not getattr(to, name)]
    if not (to.password or to.private_key or to.token):
        missing.append("one of snowflake.password, snowflake.private_key, snowflake.token")
    if missing:
        raise ConfigError(f"Snowflake cannot be asked: {', '.join(missing)} is not set; --dry-run needs none of them")
    connector_errors()
    import snowflake.connector

    connection = snowflake.connector.connect(
        account=to.account,
        user=to.user,
        role=to.role,
        warehouse=to.warehouse,
        session_parameters={"QUERY_TAG": QUERY_TAG},
        login_timeout=60,
        network_timeout=300,
        **_credentials(to, environ),
    )
    return cast(Connection, connection)


def connector_errors() -> Any:
    """Give the errors of the connector.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        from snowflake.connector import errors
    except ImportError as error:
        raise MissingExtraError(extra="snowflake", needed_for="asking Snowflake") from error
    return errors


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


def _credentials(to: SnowflakeSettings, environ: Mapping[str, str]) -> dict[str, Any]:
    if to.token:
        return {"authenticator": "oauth", "token": resolve_secret(to.token, environ=environ)}
    if to.password:
        return {"password": resolve_secret(to.password, environ=environ)}
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    pem, password = (resolve_secret(one, environ=environ) for one in (to.private_key, to.private_key_password))
    try:
        key = load_pem_private_key(pem.encode(), password=password.encode() or None)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"snowflake.private_key {to.private_key} is no PEM of a private key, or its password is wrong: {error}"
        ) from None
    return {"private_key": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())}


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

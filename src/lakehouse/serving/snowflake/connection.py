"""The connection to Snowflake: opened by settings, opened anew when it is lost, with what went wrong in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from lakehouse.config.secrets import resolve_secret
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.errors import ConfigError, MissingExtraError, ServingError

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

    def close(self) -> Any:
        """Let it go."""


class Connection(Protocol):
    """What is used of a connection of the connector."""

    def cursor(self) -> Cursor:
        """Give a cursor."""

    def close(self) -> Any:
        """End the session."""


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

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Run a statement and give its rows, by names in lower case.

        Raises:
            ServingError: It was refused, or the connection was lost again and again.
        """
        errors = connector_errors()
        for pause in (*self.pauses, None):
            try:
                return self._once(sql)
            except errors.Error as error:
                lost = isinstance(error, errors.OperationalError | errors.InterfaceError) or error.errno in _EXPIRED
                if not lost:
                    raise ServingError(_explain(error, sql, self.role)) from None
                self.close()
                if pause is None:
                    raise ServingError(
                        f"the connection to Snowflake was lost {len(self.pauses) + 1} times, at: {_head(sql)}\n"
                        f"{error.msg}\nRun it again: what is done is left as it is, the rest follows."
                    ) from None
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

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

    def _once(self, sql: str) -> list[dict[str, Any]]:
        if self._connection is None:
            self._connection = self.open()
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            names = [column[0].lower() for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()


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

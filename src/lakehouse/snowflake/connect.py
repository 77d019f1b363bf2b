"""The only place that connects to Snowflake: by settings, as whoever they say; and what is used of the connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from lakehouse.config.secrets import resolve_secret
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.errors import ConfigError, MissingExtraError

QUERY_TAG = "lakehouse"


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

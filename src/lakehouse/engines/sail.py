"""Sail: a server with Spark's API in this process, without a JVM. For batch builds of small data."""

from __future__ import annotations

import os
from typing import Any

from lakehouse.errors import EngineError, MissingExtraError

SUPPORTED = "0.7.2"
"""The version that was tried with equal rows: another one may differ silently."""

SAIL_CONF = {
    # Etc/UTC, which the local zone of a machine may be, is refused for instants.
    "spark.sql.session.timeZone": "UTC",
}


def start_sail() -> tuple[Any, str]:
    """Start a server on loopback. Gives it, with ``stop``, and its address for Spark Connect. Cost: 0.1 s.

    Raises:
        MissingExtraError: Sail is not installed.
        EngineError: Another version of it is.
    """
    # Its log has a line for each session; what is wrong comes as an error.
    os.environ.setdefault("RUST_LOG", "error")
    try:
        import pysail
        from pysail.spark import SparkConnectServer
    except ImportError as error:
        raise missing() from error
    if pysail.__version__ != SUPPORTED:
        raise EngineError(
            f"Sail {pysail.__version__} is not supported: it was tried with equal rows at {SUPPORTED} alone. "
            "pip install 'lakehouse[sail]'"
        )
    server = SparkConnectServer()
    server.start(background=True)
    host, port = server.listening_address
    return server, f"sc://{host}:{port}"


def missing() -> MissingExtraError:
    """Say that Sail, or what a client of Spark Connect needs, is not installed."""
    return MissingExtraError(extra="sail", needed_for="session.engine = 'sail'")

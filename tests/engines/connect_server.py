"""A server of Spark Connect with a lake for tests: ``python -m tests.engines.connect_server FOLDER PORT``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyspark

from lakehouse.config.paths import make_folder_of
from lakehouse.engines.local_conf import local_conf
from lakehouse.engines.versions import spark_version
from lakehouse.session import catalog_conf, session_conf
from tests.conftest import lake_settings

_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


def main(folder: str, port: str) -> None:
    """Become the server."""
    settings = lake_settings(Path(folder))
    make_folder_of(settings.catalog.uri)
    conf = (
        session_conf() | catalog_conf(settings.catalog) | settings.session.conf | local_conf(settings, spark_version())
    )
    conf |= {"spark.connect.grpc.binding.port": port, "spark.connect.grpc.binding.address": "127.0.0.1"}
    submit = str(Path(pyspark.__file__).parent / "bin" / "spark-submit")
    pairs = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    os.execve(submit, [submit, "--class", _SERVER, "--master", "local[2]", *pairs], os.environ | _python(folder))


def _python(folder: str) -> dict[str, str]:
    """Let the server write batches of streams with a Python that has the library and the contracts of tests.

    Spark puts a zip of itself in front of all else, which Python compiles at each start: that takes four seconds.
    """
    path = os.pathsep.join([folder, *filter(None, sys.path)])
    python = Path(folder) / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return {"PYSPARK_PYTHON": str(python)}


if __name__ == "__main__":
    main(*sys.argv[1:])

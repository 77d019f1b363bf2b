"""A lake in Glue and S3 from a stream to gold, and what other engines read of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import Catalog

from lakehouse.config import Settings
from lakehouse.local.broker import Broker
from tests.aws.conftest import empty
from tests.aws.faults import FaultyAws
from tests.aws.trino_server import trino_server
from tests.conftest import JARS
from tests.pipeline.test_acme_lake import ACME, SCANS, send_scans

pytestmark = pytest.mark.slow

# In one process: the jars of AWS have to be there when its Java starts, and a second Java would be a second start.
VERBS = """
import json, sys
from lakehouse.cli.main import app
for verb in json.loads(sys.argv[1]):
    app([*verb, *sys.argv[2:]], standalone_mode=False)
"""
STREAM, RUN, SERVE = ["stream", "bronze.scans_raw"], ["run", "--json"], ["publish", "duckdb"]
ASK = ["sql", "SELECT depot, parcels FROM gold.depot_load", "--format", "json"]
DEPOTS = [{"depot": "Gent", "parcels": 2}]


@pytest.fixture(scope="module")
def said(kafka: Broker, in_glue: Settings, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the verbs say of the courier's lake, streamed, built and served, and built once more."""
    empty(catalog)
    folder = tmp_path_factory.mktemp("courier")
    send_scans(kafka, "courier")
    sections: dict[str, Any] = {
        "catalog": {name: getattr(in_glue.catalog, name) for name in ("type", "warehouse", "properties")},
        "session": {"master": "local[2]", "conf": {"spark.sql.shuffle.partitions": "2"}},
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers},
        "streams": {"bronze.scans_raw": {"topic": "courier"}},
        "local": {"jars": str(JARS)},
    }
    options = [word for name, section in sections.items() for word in ("--set", f"{name}={json.dumps(section)}")]
    verbs = json.dumps([STREAM, RUN, SERVE, ASK, RUN])
    done = subprocess.run(
        [sys.executable, "-c", VERBS, verbs, "--config", str(ACME / "acme.toml"), *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ACME), os.environ.get("PYTHONPATH", "")))},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def results(said: str) -> list[Any]:
    """Give the JSON documents of an output, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(said.rstrip()):
        document, at = decoder.raw_decode(said, at)
        found.append(document)
        at += len(said[at:]) - len(said[at:].lstrip())
    return found


def test_spark_builds_each_table_once_and_duckdb_reads_it(said: str) -> None:
    first, depots, second = results(said)
    assert {one["table"]: (one["status"], one["rows"]) for one in first} == {
        "silver.parcels": ("published", 2),
        "gold.depot_load": ("published", 1),
    }
    assert depots == DEPOTS
    assert {one["status"] for one in second} == {"up to date"}


def test_pyiceberg_reads_the_same(said: str, catalog: Catalog) -> None:
    assert catalog.load_table("gold.depot_load").scan().to_arrow().to_pylist() == DEPOTS
    assert catalog.load_table("bronze.scans_raw").scan().count() == len(SCANS)


def test_trino_reads_the_same(said: str, aws: FaultyAws, in_glue: Settings, tmp_path: Path) -> None:
    region = in_glue.catalog.properties["client.region"]
    with trino_server(tmp_path, endpoint=aws.url, region=region) as trino:
        assert trino.rows("SELECT depot, parcels FROM lake.gold.depot_load") == [["Gent", 2]]
        assert trino.rows("SELECT count(*), count(dead_letter.reason) FROM lake.bronze.scans_raw") == [[4, 1]]
        comments = {name: comment for name, _, _, comment in trino.rows("SHOW COLUMNS FROM lake.silver.parcels")}
    assert comments["weight_kg"] == "Weight [kg]"


def test_every_database_and_table_of_it_says_what_it_is(said: str, catalog: Catalog) -> None:
    glue = catalog.glue  # type: ignore[attr-defined]
    databases = glue.get_databases()["DatabaseList"]
    tables = [one for base in databases for one in glue.get_tables(DatabaseName=base["Name"])["TableList"]]
    assert {one["Name"] for one in databases} >= {"bronze", "silver", "gold", "quality", "ops"}
    assert [one["Name"] for one in (*databases, *tables) if not one.get("Description")] == []

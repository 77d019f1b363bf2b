"""The main job with its catalog in Glue and its files in S3, and what other engines read of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue

from lakehouse.config import Settings
from tests.aws.faults import FaultyAws
from tests.aws.trino_server import trino_server
from tests.conftest import JARS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
FEW = {"sample_count": 300, "customer_count": 60, "order_count": 300}
TOPICS = ("bronze.users_raw", "bronze.customers_raw", "bronze.order_events_raw")


@pytest.fixture(scope="module")
def job(aws: FaultyAws, in_glue: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Facts of a whole run: a Java of its own, since the jars of AWS have to be there when it starts."""
    folder = tmp_path_factory.mktemp("job")
    sections: dict[str, Any] = {
        "catalog": {name: getattr(in_glue.catalog, name) for name in ("type", "warehouse", "properties")},
        "local": {"folder": str(folder), "jars": str(JARS), "build": str(folder), **FEW},
        "warehouse": {"duckdb": f"{folder}/warehouse.duckdb"},
        "streams": {name: {"checkpoint": f"{folder}/{name}"} for name in TOPICS},
    }
    options = [word for name, section in sections.items() for word in ("--set", f"{name}={json.dumps(section)}")]
    command = [sys.executable, "-c", "from lakehouse.cli.main import main; main()", "quickstart", *options]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    facts: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return facts


def test_what_was_produced_is_in_bronze_and_duckdb_reads_gold(job: dict[str, Any]) -> None:
    assert (job["produced"], job["balanced"]) == (660, True)
    assert job["gold"]["gold.user_demographics"] > 0


def test_pyiceberg_counts_the_same(job: dict[str, Any], catalog: Catalog) -> None:
    counted = {name: catalog.load_table(name).scan(AlwaysTrue()).count() for name in job["gold"]}
    assert counted == job["gold"]


def test_trino_counts_the_same(job: dict[str, Any], aws: FaultyAws, in_glue: Settings, tmp_path: Path) -> None:
    region = in_glue.catalog.properties["client.region"]
    with trino_server(tmp_path, endpoint=aws.url, region=region) as trino:
        counted = {name: trino.rows(f"SELECT count(*) FROM lake.{name}")[0][0] for name in job["gold"]}
    assert counted == job["gold"]


def test_every_database_and_table_says_what_it_is(job: dict[str, Any], catalog: Catalog) -> None:
    glue = catalog.glue  # type: ignore[attr-defined]
    databases = {one["Name"]: one for one in glue.get_databases()["DatabaseList"]}
    assert {"bronze", "silver", "gold", "quality", "ops"} <= databases.keys()
    tables = [one for name in databases for one in glue.get_tables(DatabaseName=name)["TableList"]]
    assert [one["Name"] for one in (*databases.values(), *tables) if not one.get("Description")] == []

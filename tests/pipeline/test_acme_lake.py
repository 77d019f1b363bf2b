"""Another domain, by configuration alone: the courier's package through the same commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import confluent_kafka
import pytest

from lakehouse.local.broker import Broker
from lakehouse.sources.topics import ensure_topic
from tests.conftest import JARS

ACME = Path(__file__).parent.parent / "acme_lake"
SCANS = [
    {"parcel": "P1", "depot": "Utrecht", "status": "received", "weight_kg": 1.5},
    {"parcel": "P1", "depot": "Gent", "status": "sorted", "weight_kg": 1.5},
    {"parcel": "P2", "depot": "Gent", "status": "teleported", "weight_kg": 99.0},
    {"depot": "Gent"},
]


def lakehouse(kafka: Broker, folder: Path, *arguments: str) -> str:
    environ = {
        **os.environ,
        "PYTHONPATH": str(ACME),
        "LAKEHOUSE__KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "LAKEHOUSE__SESSION__MASTER": "local[2]",
        "LAKEHOUSE__LOCAL__JARS": str(JARS),
    }
    command = [sys.executable, "-c", "from lakehouse.cli.main import main; main()", *arguments]
    config = ["--config", str(ACME / "acme.toml")]
    done = subprocess.run(
        [*command, *config], cwd=folder, env=environ, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def send_scans(kafka: Broker, topic: str) -> None:
    """Send all scans, in their order."""
    ensure_topic(kafka.bootstrap_servers, topic, partitions=1)
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for scan in SCANS:
        producer.produce(topic, json.dumps(scan).encode())
    assert producer.flush(30) == 0


@pytest.fixture(scope="module")
def courier(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the courier's scans were streamed, built and served."""
    folder = tmp_path_factory.mktemp("acme")
    send_scans(kafka, "scans")
    lakehouse(kafka, folder, "stream", "bronze.scans_raw")
    (folder / "run.json").write_text(lakehouse(kafka, folder, "run", "--json"))
    lakehouse(kafka, folder, "publish", "duckdb")
    return folder


def test_its_tables_are_built_and_scored_by_its_own_rules(courier: Path) -> None:
    built = {one["table"]: one for one in json.loads((courier / "run.json").read_text())}
    assert {name: one["rows"] for name, one in built.items()} == {"silver.parcels": 2, "gold.depot_load": 1}
    assert built["silver.parcels"]["quality"] == pytest.approx(2 / 3)


def test_the_warehouse_answers_about_parcels(courier: Path, kafka: Broker) -> None:
    answer = lakehouse(kafka, courier, "sql", "from gold.depot_load", "--format", "json")
    assert json.loads(answer) == [{"depot": "Gent", "parcels": 2}]


@pytest.mark.slow  # the commands once more
def test_the_scan_without_a_number_is_a_dead_letter(courier: Path, kafka: Broker) -> None:
    found = json.loads(lakehouse(kafka, courier, "dead-letters", "bronze.scans_raw", "--json"))
    (letter,) = found["samples"]
    assert found["counts"] == {"missing_required": 1}
    assert (letter["reason"], letter["detail"]) == ("missing_required", "parcel: required, not there")

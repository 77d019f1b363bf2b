"""The courier's lake on a cluster of several processes, whose only common ground are Glue and S3."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from benchmarks.cluster.standalone import Standalone, standalone_cluster
from pyiceberg.catalog import Catalog

from lakehouse.config import Settings
from lakehouse.engines.jars import jar_list, resolve_jars
from lakehouse.engines.versions import spark_version
from lakehouse.local.broker import Broker
from lakehouse.packaging.wheel import wheel_of
from lakehouse.session import session_conf
from tests.aws.conftest import empty
from tests.aws.test_other_engines import DEPOTS
from tests.conftest import JARS
from tests.pipeline.test_acme_lake import ACME, SCANS, send_scans

pytestmark = pytest.mark.slow

JOBS = Path(__file__).parent.parent.parent / "jobs"
SMALL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "512m",
    "spark.executor.memory": "512m",
    "spark.sql.shuffle.partitions": "4",
}


@pytest.fixture(scope="module")
def ran(
    kafka: Broker, in_glue: Settings, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Standalone, Path]:
    """A cluster on which the courier's scans were streamed and built, and the folder of the driver."""
    empty(catalog)
    folder = tmp_path_factory.mktemp("cluster")
    send_scans(kafka, "cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ACME))
        code = ",".join(str(wheel_of(name).write(folder)) for name in ("lakehouse", "acme_lake"))
        jars = [resolve_jars(conf, folder=JARS) for conf in (spark_version().jars, "aws")]
        words = ["--py-files", code, "--jars", ",".join(map(jar_list, jars))]
        with standalone_cluster(folder, memory="1g") as cluster:
            for script, *arguments in (("stream_bronze.py", "bronze.scans_raw"), ("build.py",)):
                job = [*words, str(JOBS / script), *arguments, *options(in_glue, kafka)]
                cluster.submit(folder / "driver", {**session_conf(), **SMALL}, job, timeout=400)
    return cluster, folder / "driver"


def options(in_glue: Settings, kafka: Broker) -> list[str]:
    catalog = {name: getattr(in_glue.catalog, name) for name in ("type", "properties")}
    sections: dict[str, Any] = {
        "packages": ["acme_lake"],
        "catalog": {**catalog, "warehouse": "s3://lake/cluster"},
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers},
        # What only the driver reads: a Spark with a file system of S3 has it there.
        "streams": {"bronze.scans_raw": {"topic": "cluster", "checkpoint": "checkpoint"}},
        "quality": {"minimum_score": 0.5},
    }
    return [word for name, section in sections.items() for word in ("--set", f"{name}={json.dumps(section)}")]


def test_all_records_end_in_gold(ran: tuple[Standalone, Path], catalog: Catalog) -> None:
    assert catalog.load_table("bronze.scans_raw").scan().count() == len(SCANS)
    assert catalog.load_table("gold.depot_load").scan().to_arrow().to_pylist() == DEPOTS


def test_every_worker_has_had_a_part_of_the_work(ran: tuple[Standalone, Path]) -> None:
    logs = [[log.read_text() for log in worker.glob("app-*/*/stderr")] for worker in ran[0].workers]
    assert all(any(re.search(r"Running task \d+", log) for log in of_one) for of_one in logs), logs


def test_no_row_was_on_the_disk_of_the_driver(ran: tuple[Standalone, Path]) -> None:
    found = {file.suffix for file in ran[1].rglob("*") if file.is_file() and "checkpoint" not in file.parts}
    assert not found & {".parquet", ".avro", ".db"}

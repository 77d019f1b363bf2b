"""The main job on a cluster: whether what the driver holds grows with the rows."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.cluster.standalone import Standalone, standalone_cluster
from benchmarks.result import Result
from benchmarks.spark_status import CONF
from lakehouse.engines.jars import jar_list, resolve_jars
from lakehouse.engines.versions import spark_version
from lakehouse.local.aws import catalog_of, local_aws
from lakehouse.session import session_conf

ROWS = {"small": (100_000, 1_000_000), "full": (1_000_000, 10_000_000)}
_SMALL = {
    "spark.driver.memory": "512m",
    "spark.driver.host": "127.0.0.1",
    "spark.executor.memory": "1g",
    # More than that in results ends a job.
    "spark.driver.maxResultSize": "16m",
    "spark.sql.shuffle.partitions": "4",
}
_SECONDS = 900.0
_ROOT = Path(__file__).parent.parent.parent
_JARS = _ROOT / ".jars"


def run(size: str) -> list[Result]:
    """Build the same tables of few and of many rows on two workers of a core and 1 GiB each, files in S3."""
    few, many = ROWS[size]
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as name, local_aws() as aws:
        catalog = catalog_of(aws)
        with standalone_cluster(Path(name)) as cluster:
            told = {rows: _driven(cluster, Path(name) / f"driver{rows}", catalog, rows) for rows in ROWS[size]}
    took = ", ".join(f"{rows:,} rows in {told[rows]['seconds']:.0f} s" for rows in told)
    note = f"two workers of a core and 1 GiB, a driver of 512 MiB; {took}"
    figures = (
        ("collected", "kB", "results that the driver of a cluster collects"),
        ("java", "MB", "memory of its Java"),
        ("python", "MB", "memory of its Python"),
    )
    return [
        _result(f"{what}, {many:,} rows", told[many][key], told[few][key], unit, few, note)
        for key, unit, what in figures
    ]


def _driven(cluster: Standalone, folder: Path, catalog: dict[str, Any], rows: int) -> dict[str, Any]:
    jars = [resolve_jars(conf, folder=_JARS) for conf in (spark_version().jars, "aws")]
    sections = json.dumps({"catalog": catalog | {"warehouse": f"s3://lake/of-{rows}"}})
    words = ["--jars", ",".join(map(jar_list, jars)), str(Path(__file__).with_name("job.py")), sections, f"{rows}"]
    path = os.pathsep.join(map(str, (_ROOT, _ROOT / "src")))
    said = cluster.submit(folder, {**session_conf(), **_SMALL, **CONF}, words, timeout=_SECONDS, python_path=path)
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def _result(name: str, many: float, few: float, unit: str, rows: int, note: str) -> Result:
    return Result(
        name=name,
        value=round(many, 1),
        unit=unit,
        reference=f"the same of {rows:,} rows",
        reference_value=round(few, 1),
        ratio=round(few / many, 3),
        repeats=1,
        cpu_seconds=0.0,
        reference_cpu_seconds=0.0,
        note=note,
    )

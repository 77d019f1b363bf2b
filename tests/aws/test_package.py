"""A package is unpacked where there is nothing else, and its jobs run from it, as EMR and Glue would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyspark
import pytest
from pyiceberg.catalog import Catalog

from lakehouse.config import Settings
from lakehouse.engines.jars import resolve_jars
from lakehouse.local.broker import Broker
from tests.aws.test_other_engines import DEPOTS
from tests.cli.command_line import lakehouse
from tests.conftest import JARS
from tests.pipeline.test_acme_lake import ACME, SCANS, send_scans

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
PYTHON = Path(sys.executable).resolve()
"""The Python of the cluster: none of an environment."""
LAKE = """
packages = ["acme_lake"]
[catalog]
type = "glue"
warehouse = "{warehouse}"
[catalog.properties]
{properties}
[session.conf]
"spark.sql.shuffle.partitions" = 2
[kafka]
bootstrap_servers = "{kafka}"
[streams."bronze.scans_raw"]
topic = "{topic}"
checkpoint = "s3://lake/checkpoints/scans"
[quality]
minimum_score = 0.5
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A folder with what a package brings, a Spark that has nothing of ours, and its jars."""

    folder: Path
    package: Path
    python: Path
    spark: Path
    jars: tuple[Path, ...]

    def told(self, job: str) -> Any:
        """Give the submission of a job."""
        return json.loads((self.package / "submit" / f"{job}.json").read_text())

    def run(self, command: list[str], **environ: str) -> str:
        """Run a program with an empty home and nothing of Python in its variables."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "JAVA", "JDK_"))}
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=400, check=False,
            env={**kept, "PATH": os.environ["PATH"], "HOME": str(home), **environ},
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == 0, said[-4000:]
        return said

    def submit(self, script: str, conf: list[str], jars: list[Path], words: list[str]) -> str:
        """Give a script to Spark; the checkpoint is a folder, for this Spark has no file system of S3."""
        places = {"spark.driver.extraClassPath": os.pathsep.join(map(str, self.jars)), "spark.driver.host": "127.0.0.1"}
        options = [*conf, *(f"{name}={value}" for name, value in places.items())]
        command = [str(self.spark / "bin" / "spark-submit"), "--master", "local[2]"]
        command += [word for one in options for word in ("--conf", one)]
        command += ["--jars", ",".join(map(str, jars))] if jars else []
        checkpoint = f'{{"bronze.scans_raw" = {{checkpoint = "{self.folder}/checkpoint"}}}}'
        environ = {"SPARK_HOME": str(self.spark), "PYSPARK_PYTHON": str(self.python)}
        return self.run(
            [*command, str(self.package / "jobs" / script), *words], LAKEHOUSE__STREAMS=checkpoint, **environ
        )


def packed(target: str, folder: Path, in_glue: Settings, kafka: Broker, *options: str) -> Path:
    """Make a package of the courier's lake; its settings lie where Spark will run, as a cluster lays them there."""
    properties = "".join(f'"{name}" = "{value}"\n' for name, value in in_glue.catalog.properties.items())
    topic = f"scans-{target}"
    told = {"warehouse": f"s3://lake/{target}", "properties": properties, "kafka": kafka.bootstrap_servers}
    (folder / "lake.toml").write_text(LAKE.format(topic=topic, **told))
    send_scans(kafka, topic)
    out = folder / "package"
    done = lakehouse("package", "--target", target, "--config", f"{folder}/lake.toml", "--out", f"{out}", *options)
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def courier() -> Iterator[None]:
    """The courier's package can be imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ACME))
        yield


@pytest.fixture
def emr(tmp_path: Path, courier: None, in_glue: Settings, kafka: Broker) -> Cluster:
    """EMR Spark 8.1, whose Spark is that of this environment."""
    package = packed("emr-spark-8.1", tmp_path, in_glue, kafka, "--python", str(PYTHON))
    (archive,) = (package / "python").iterdir()
    with tarfile.open(archive) as packed_files:
        packed_files.extractall(tmp_path / "environment", filter="tar")
    spark = Path(pyspark.__file__).parent
    return Cluster(
        folder=tmp_path, package=package, python=tmp_path / "environment" / "bin" / "python", spark=spark,
        jars=(*JARS.glob("spark41/iceberg-*.jar"), *resolve_jars("aws", folder=JARS).glob("*.jar")),
    )  # fmt: skip


@pytest.fixture
def glue(tmp_path: Path, courier: None, in_glue: Settings, kafka: Broker) -> Cluster:
    """Glue 5.1: a Python that has boto3 and installs the zip of wheels, without an index; Spark 3.5."""
    spark = ROOT / ".venv35" / "lib" / "python3.11" / "site-packages" / "pyspark"
    if not spark.exists():
        pytest.skip("Spark 3.5 is not there: `make test-differs` installs it")
    package = packed("glue-5.1", tmp_path, in_glue, kafka)
    (archive,) = (package / "python").iterdir()
    with zipfile.ZipFile(archive) as wheels:
        wheels.extractall(tmp_path)
    # Without a pip of its own: that of the tests installs into it.
    subprocess.run([str(PYTHON), "-m", "venv", "--without-pip", str(tmp_path / "glue")], check=True, timeout=200)
    python = tmp_path / "glue" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
    wheels_of = ["--no-index", "--find-links", "wheels", "-r", "wheels/requirements.txt"]
    for what in ([f"boto3=={version('boto3')}"], wheels_of):
        subprocess.run([*pip, *what], cwd=tmp_path, check=True, timeout=400)
    jars = (*resolve_jars("spark35", folder=JARS).glob("*.jar"), *resolve_jars("aws", folder=JARS).glob("*.jar"))
    return Cluster(folder=tmp_path, package=package, python=python, spark=spark, jars=jars)


def assert_only_what_it_brings(cluster: Cluster) -> None:
    # Not imported: that takes PySpark, which is the cluster's.
    found = "importlib.util.find_spec(name).origin for name in ('lakehouse', 'acme_lake', 'pyiceberg', 'boto3')"
    ask = f"import importlib.util; print(*({found}))"
    inside = str(cluster.python.parent.parent)
    assert all(path.startswith(inside) for path in cluster.run([str(cluster.python), "-I", "-c", ask]).split())


def test_a_job_of_emr_runs_from_its_archive(emr: Cluster, emptied: None, catalog: Catalog) -> None:
    assert_only_what_it_brings(emr)
    for job in ("stream-bronze-scans-raw", "build"):
        (step,) = emr.told(job)
        words = step["Args"]
        script = next(word for word in words if word.endswith(".py"))
        conf = [value for name, value in pairwise(words) if name == "--conf" and "spark.sql" in value]
        jars = sorted((emr.package / "jars").iterdir())
        emr.submit(Path(script).name, conf, jars, words[words.index(script) + 1 :])
    assert catalog.load_table("bronze.scans_raw").scan().count() == len(SCANS)
    assert catalog.load_table("gold.depot_load").scan().to_arrow().to_pylist() == DEPOTS


def as_glue_passes(arguments: Mapping[str, str]) -> list[str]:
    """Give what a script of Glue finds in ``sys.argv``: all parameters, and some of the run."""
    run = {"--JOB_ID": "j_1", "--JOB_RUN_ID": "jr_1", "--JOB_NAME": "lakehouse"}
    return ["--true", *(word for pair in {**run, **arguments}.items() for word in pair)]


def test_a_job_of_glue_runs_from_its_zip_of_wheels(glue: Cluster, emptied: None, catalog: Catalog) -> None:
    assert_only_what_it_brings(glue)
    for job in ("stream-bronze-scans-raw", "build"):
        told = glue.told(job)
        arguments = told["DefaultArguments"]
        script = Path(told["Command"]["ScriptLocation"]).name
        said = glue.submit(script, arguments["--conf"].split(" --conf "), [], as_glue_passes(arguments))
        assert " INFO lakehouse: " in said
        assert '"failed": 0}' in said
    assert catalog.load_table("gold.depot_load").scan().to_arrow().to_pylist() == DEPOTS

"""``lakehouse run`` with ``session.engine = "sail"``: no JVM, the same publish."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import Catalog

import lakehouse
from lakehouse.catalog import ledger
from lakehouse.catalog.arrow_lake import ArrowLake
from lakehouse.cli.options import lake_of
from lakehouse.errors import EngineError, EngineRefusedError
from tests.conftest import needs_spark_4
from tests.engines.filled_lakes import ACME, add_scans, catalog_in, scans_raw, settings_in

pytestmark = needs_spark_4("Sail is a server for the client of PySpark 4")

SRC = Path(lakehouse.__file__).parent.parent
ROOT = Path(__file__).parent.parent.parent


def python_with_acme(*arguments: str, folder: Path, java: bool = True) -> subprocess.CompletedProcess[str]:
    catalog = settings_in(folder).catalog
    environ = {
        **os.environ,
        "PYTHONPATH": f"{SRC}:{ACME}:{ROOT}",
        "LAKEHOUSE__SESSION__ENGINE": "sail",
        "LAKEHOUSE__CATALOG__URI": catalog.uri,
        "LAKEHOUSE__CATALOG__WAREHOUSE": catalog.warehouse,
    }
    if not java:
        environ |= {"PATH": "/nowhere", "JAVA_HOME": "/nowhere"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=200, check=False)


def run(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    code = "from lakehouse.cli.main import main; main()"
    config = ("--config", str(ACME / "acme.toml"))
    done = python_with_acme("-c", code, "run", "--json", *arguments, *config, folder=folder, java=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def courier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[dict[str, Any]]]]:
    """A folder in which the courier's lake was built, again with more scans, and again without."""
    folder = tmp_path_factory.mktemp("sail")
    add_scans(catalog_in(folder), scans_raw(), range(100))
    first = run(folder)
    add_scans(catalog_in(folder), scans_raw(), range(100, 150))
    return folder, [first, run(folder)]


@pytest.fixture(scope="module")
def silver(courier: tuple[Path, Any]) -> list[dict[str, Any]]:
    """What was published last."""
    rows: list[dict[str, Any]] = catalog_in(courier[0]).load_table("silver.parcels").scan().to_arrow().to_pylist()
    return rows


def newest_scans(catalog: Catalog) -> dict[str, dict[str, Any]]:
    rows = catalog.load_table("bronze.scans_raw").scan().to_arrow().to_pylist()
    good = sorted((one for one in rows if one["dead_letter"] is None), key=lambda one: one["kafka_timestamp"])
    return {one["record"]["parcel"]: one for one in good}


def test_the_newest_scan_of_each_parcel_is_published(courier: tuple[Path, Any], silver: list[dict[str, Any]]) -> None:
    newest = newest_scans(catalog_in(courier[0]))
    assert {one["parcel"]: one["offset"] for one in silver} == {name: one["offset"] for name, one in newest.items()}


def test_gold_is_built_of_what_silver_has(courier: tuple[Path, Any], silver: list[dict[str, Any]]) -> None:
    gold = catalog_in(courier[0]).load_table("gold.depot_load").scan().to_arrow().to_pylist()
    depots = [one["depot"] for one in silver if one["depot"]]
    assert {one["depot"]: one["parcels"] for one in gold} == {name: depots.count(name) for name in depots}


def test_the_ledger_tells_inputs_rules_and_score(courier: tuple[Path, Any], silver: list[dict[str, Any]]) -> None:
    catalog = catalog_in(courier[0])
    entry = ledger.latest(catalog.load_table("silver.parcels"))
    head = catalog.load_table("bronze.scans_raw").current_snapshot()
    assert entry is not None
    assert head is not None
    assert entry.inputs == {"bronze.scans_raw": head.snapshot_id}
    assert entry.engine.startswith("sail 0.")
    assert entry.table_score is not None
    counts = {rule.name: rule.failed for rule in entry.table_score.rules}
    too_heavy = [one for one in silver if one["weight_kg"] is not None and not one["weight_kg"] <= 31.5]
    assert counts["depot_not_null"] == sum(one["depot"] is None for one in silver)
    assert counts["weight_kg_between"] == len(too_heavy)


def test_a_second_run_merges_what_came_and_builds_the_rest_whole(courier: tuple[Path, Any]) -> None:
    first, second = courier[1]
    assert [one["status"] for one in (*first, *second)] == ["published"] * 4
    assert [one["strategy"] for one in second] == ["merge, newest wins", "replace all"]
    assert second[1]["reason"].endswith("sail takes no single rows out of a table")


def test_rows_that_came_are_added_to_a_table_without_a_key(tmp_path: Path) -> None:
    done = python_with_acme("-m", "tests.engines.appended_on_sail", str(tmp_path), folder=tmp_path, java=False)
    assert done.returncode == 0, done.stderr
    good = [number for number in range(50) if number % 10]
    assert json.loads(done.stdout) == [["replace all", [one for one in good if one < 30]], ["append", good]]


def test_no_branch_is_left_and_each_publish_has_a_tag(courier: tuple[Path, Any]) -> None:
    refs = catalog_in(courier[0]).load_table("silver.parcels").refs()
    assert sorted(name.split("_")[0] for name in refs) == ["main", "publish", "publish"]


def test_a_verb_that_needs_spark_says_so(tmp_path: Path) -> None:
    with pytest.raises(EngineRefusedError, match=r"--set session\.engine=spark"):
        lake_of(settings_in(tmp_path))


def test_an_input_that_is_too_large_is_refused_with_its_size(courier: tuple[Path, Any]) -> None:
    lake = ArrowLake(None, catalog_in(courier[0]), "lake", max_bytes=10)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match=r"bronze.scans_raw has .* MB of files.*sail_max_megabytes"):
        lake.named("bronze.scans_raw")

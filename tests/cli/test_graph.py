"""``lakehouse graph`` as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.pipeline.graph import discover
from tests.cli.command_line import lakehouse
from tests.cli.test_cli import ROOT

ACME = ROOT / "tests" / "acme_lake"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the settings of the reference lake."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "base.toml").write_text((ROOT / "conf" / "base.toml").read_text())
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_reference_lake_fits_into_80_columns() -> None:
    lines = lakehouse("graph").stdout.splitlines()
    tables = discover(["lakehouse.domains"]).tables
    assert sorted(first for line in lines if (first := line.strip("│├└─ ").split()[0]) in tables) == sorted(tables)
    assert max(map(len, lines)) <= 80


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "tables"),
    [
        (["gold.dim_user"], {"gold.dim_user"}),
        (["gold.dim_user", "--upstream"], {"bronze.users_raw", "silver.user_changes", "gold.dim_user"}),
        (
            ["gold.fact_registration", "--downstream"],
            {"gold.fact_registration", "gold.user_growth_daily", "gold.cohort_retention"},
        ),
    ],
)
def test_a_part_of_the_lake_is_a_table_and_on_demand_its_relatives(options: list[str], tables: set[str]) -> None:
    found = json.loads(lakehouse("graph", *options, "--json").stdout)
    assert {node["table"] for node in found["nodes"]} == tables


@pytest.mark.usefixtures("folder")
def test_an_unknown_table_is_refused_with_those_that_exist() -> None:
    shown = lakehouse("graph", "silver.usrs")
    assert (shown.exit_code, "there is no table 'silver.usrs'" in shown.output) == (3, True)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "start"),
    [
        (["--form", "svg"], "<svg "),
        (["--form", "mermaid"], "flowchart LR\n"),
        (["--form", "terminal"], "bronze.customers_raw"),
    ],
)
def test_a_form_is_printed(options: list[str], start: str) -> None:
    assert lakehouse("graph", *options).stdout.startswith(start)


@pytest.mark.parametrize(
    ("name", "options", "start"),
    [
        ("lake.svg", [], "<svg "),
        ("lake.mmd", [], "flowchart LR\n"),
        ("lake.txt", [], "bronze.customers_raw "),
        ("lake.txt", ["--form", "svg"], "<svg "),
        ("lake.svg", ["--json"], "{\n"),
    ],
)
def test_a_file_has_the_form_of_its_ending_unless_another_is_asked_for(
    folder: Path, name: str, options: list[str], start: str
) -> None:
    shown = lakehouse("graph", "--out", f"new/{name}", *options)
    assert (folder / "new" / name).read_text().startswith(start)
    assert (shown.stdout, shown.stderr) == ("", f"graph  new/{name}\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--json", "--form", "svg"], "--json and --form svg exclude each other"),
        (["--out", "conf/base.toml/lake.svg"], "--out conf/base.toml/lake.svg cannot be written: "),
    ],
)
def test_mistakes_are_told_in_a_line(options: list[str], told: str) -> None:
    shown = lakehouse("graph", *options)
    assert (shown.exit_code, told in shown.output, "Traceback" in shown.output) == (3, True, False)


@pytest.mark.usefixtures("folder")
def test_a_lake_without_tables_says_what_to_set() -> None:
    shown = lakehouse("graph", "--set", "packages=[]")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "name some in `packages`" in shown.stderr


def test_a_circle_in_a_package_is_refused_with_file_and_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from pyspark.sql.types import StringType\nfrom lakehouse import Column, DataSet, Schema, build, table\n"
    text += '@table("silver.a")\nclass A(Schema):\n    name: Column[StringType]\n'
    text += "@build\ndef a(own: DataSet[A]) -> DataSet[A]: ...\n"
    (folder / "circular_lake.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    shown = lakehouse("graph", "--set", 'packages=["circular_lake"]')
    assert (shown.exit_code, "circular_lake.py:6) makes silver.a from silver.a" in shown.output) == (3, True)


def test_another_lake_is_drawn_without_java_and_so_without_a_session(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ACME), "PATH": "", "JAVA_HOME": str(tmp_path)}
    code = "from lakehouse.cli.main import main; main()"
    command = [sys.executable, "-c", code, "graph", "--config", str(ACME / "acme.toml"), "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert [(node["table"], node["kind"]) for node in found["nodes"]] == [
        ("bronze.weights_raw", "source"), ("bronze.scans_raw", "stream"), ("silver.parcels", "build"),
        ("gold.depot_load", "build"),
    ]  # fmt: skip
    assert [tuple(edge.values()) for edge in found["edges"]] == [
        ("bronze.scans_raw", "silver.parcels"), ("silver.parcels", "gold.depot_load"),
    ]  # fmt: skip

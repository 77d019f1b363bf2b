"""``lakehouse doctor``: what a person and a program are told, and by which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.config import Settings
from tests.cli.command_line import lakehouse


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, so that no settings and no broker are found."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("spark")
def test_a_session_that_fits_is_told_in_groups_within_80_columns(settings: Settings) -> None:
    shown = lakehouse("doctor", catalog=settings.catalog)
    assert (shown.exit_code, max(map(len, shown.stdout.splitlines())) <= 80) == (0, True), shown.output
    lines = shown.stdout.splitlines()
    assert [line.strip() for line in lines if line and " " not in line.strip()] == [
        "machine", "catalog", "Kafka", "session",
    ]  # fmt: skip
    assert " 0 wrong" in lines[-1]


def test_what_is_wrong_comes_with_its_cure_and_exit_code_3() -> None:
    Path("file").touch()
    shown = lakehouse("doctor", "--no-session", "--write", "--set", "catalog.warehouse=file")
    assert (shown.exit_code, "✗ wrong" in shown.stdout, "→ Allow" in shown.stdout) == (3, True, True), shown.output


def test_a_program_is_told_the_same_without_a_session() -> None:
    shown = lakehouse("doctor", "--no-session", "--json")
    found = {(one["group"], one["check"]): one["level"] for one in json.loads(shown.stdout)}
    assert (shown.exit_code, found["catalog", "catalog"], found["catalog", "write"]) == (0, "ok", "not told")
    assert "session" not in {group for group, _ in found}


def test_a_session_of_another_catalog_is_wrong_and_still_looked_at(spark: SparkSession, tmp_path: Path) -> None:
    shown = lakehouse("doctor", "--json", "--set", f"catalog.uri=sqlite:///{tmp_path}/other.db")
    found = {one["check"]: one for one in json.loads(shown.stdout) if one["group"] == "session"}
    assert (shown.exit_code, found["session"]["level"], found["Spark"]["found"]) == (3, "wrong", spark.version)
    assert "is another one than the configuration's" in found["session"]["found"]

"""A source of a user's own, and files, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from tests.cli.command_line import lakehouse

ACME = Path(__file__).parent.parent / "acme_lake"


@pytest.fixture
def acme(settings: Settings, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The courier's lake in a folder of its own, in the catalog of the tests."""
    del lake  # its session is taken
    monkeypatch.syspath_prepend(str(ACME))
    monkeypatch.chdir(tmp_path)
    return {"package": "acme_lake", "catalog": settings.catalog}


def test_a_source_of_ones_own_is_one_class(acme: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "bridges").mkdir()
    (tmp_path / "bridges" / "gent-1.log").write_text("GE 1 = 17500\nGE 2 = heavy\n")
    took = lakehouse("ingest", "acme_lake.bridges:Bridges", "--into", "bronze.weights_raw", "--json", **acme)
    assert (took.exit_code, json.loads(took.stdout)["records"]) == (0, 2)
    proof = lakehouse("verify", "bronze.weights_raw", "--json", **acme)
    assert json.loads(proof.stdout)["ok"]
    letters = json.loads(lakehouse("dead-letters", "bronze.weights_raw", "--json", **acme).stdout)
    assert letters["samples"][0]["detail"] == "weight_kg: expected int, found heavy"


def test_a_dry_run_shows_how_files_are_written_and_what_is_rejected(acme: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Plate;Weight kg;driver\nGE 1;17500;Jo\nGE 2;heavy;Jo\n")
    seen = lakehouse("ingest", "a.csv", "--into", "bronze.weights_raw", "--dry-run", columns=200, **acme)
    assert seen.exit_code == 0
    assert "delimiter ;" in seen.output
    assert "not in the contract, left out: driver" in seen.output
    assert "a.csv:3  wrong_type: weight_kg: expected int, found heavy" in seen.output
    assert '{"plate":"GE 1","weight_kg":17500}' in seen.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "--into", "bronze.weights_raw"), "there is nothing at"),
        ((".", "--into", "bronze.scans_raw"), "its class must be a FileRecord"),
        ((".", "--into", "bronze.weights_raw", "--option", "colour=red"), "files of CSV have delimiter, quote"),
        (("acme_lake.bridges:Nothing", "--into", "bronze.weights_raw"), "cannot be made"),
    ],
)
def test_a_mistake_is_told_before_a_session_starts(acme: dict[str, Any], arguments: tuple[str, ...], told: str) -> None:
    done = lakehouse("ingest", *arguments, columns=200, **acme)
    assert (done.exit_code, told in done.output) == (3, True)

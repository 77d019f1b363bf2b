"""``lakehouse leases``: what it shows, and that it ends one only when told so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog
from typer.testing import Result

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.leases import Holder, leases, take
from lakehouse.config import Settings
from lakehouse.config.settings import CatalogSettings
from tests.cli.command_line import lakehouse

ADA = Holder(run_id="20261127t224303_ab12cd", host="worker-3", pid=4711, command="lakehouse run silver.users")


@pytest.fixture(name="call")
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    there = CatalogSettings(uri="sqlite:///c.db", warehouse="w")
    return lambda *arguments: lakehouse("leases", *arguments, catalog=there, answer="")


@pytest.fixture(name="catalog")
def held(call: Callable[..., Result]) -> Catalog:
    """A lease that is held, and one that has ended."""
    catalog = open_catalog(Settings.model_validate({"catalog": {"uri": "sqlite:///c.db", "warehouse": "w"}}))
    for name, seconds in (("silver.users", 120), ("silver.orders", -60)):
        take(catalog, name, ADA, now=datetime.now(UTC), ttl=timedelta(seconds=seconds))
    return catalog


def test_without_leases_it_says_so(call: Callable[..., Result]) -> None:
    assert (call().exit_code, "no run is at work" in call().stderr, json.loads(call("--json").stdout)) == (0, True, [])


@pytest.mark.usefixtures("catalog")
def test_it_shows_who_holds_what_within_80_columns(call: Callable[..., Result]) -> None:
    shown = call()
    lines = shown.stdout.splitlines()
    assert (shown.exit_code, max(map(len, lines)) <= 80) == (0, True), shown.output
    assert [line.split()[0] for line in lines] == [
        "table", "silver.orders", "silver.users", "silver.orders:", "silver.users:",
    ]  # fmt: skip
    assert ("s ago" in lines[1], " in 1" in lines[2]) == (True, True)
    assert lines[4] == "silver.users: lakehouse run silver.users, process 4711 on worker-3"


@pytest.mark.usefixtures("catalog")
def test_it_tells_machines_the_same(call: Callable[..., Result]) -> None:
    ended, held = json.loads(call("--json").stdout)
    assert (ended["ended"], held["ended"], held["token"], held["pid"]) == (True, False, 1, 4711)


def test_one_is_ended_only_with_a_yes(call: Callable[..., Result], catalog: Catalog) -> None:
    refused = call("release", "silver.users")
    assert (refused.exit_code, "give --yes" in refused.output, len(leases(catalog))) == (3, True, 2)
    assert call("release", "silver.users", "--yes").exit_code == 0
    assert [one.table for one in leases(catalog)] == ["silver.orders"]


def test_one_that_nobody_holds_is_a_mistake(call: Callable[..., Result]) -> None:
    shown = call("release", "silver.nope", "--yes")
    assert (shown.exit_code, "nobody holds a lease of silver.nope" in shown.output) == (3, True)

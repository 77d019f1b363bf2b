"""Leases: one holder at a time, a greater token after each, and nobody who waits for the dead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.leases import Holder, LeaseHeldError, give_back, leases, overtaken_by, renew, take
from lakehouse.catalog.leasing import Leasing, hold
from lakehouse.config import Settings

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
TTL = timedelta(minutes=2)
ADA = Holder(run_id="ada", host="h1", pid=1, command="lakehouse run")
BOB = Holder(run_id="bob", host="h2", pid=2, command="lakehouse run silver.users")


@pytest.fixture(name="open_it")
def opener(tmp_path: Path) -> Callable[[], Catalog]:
    location = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": f"{tmp_path}/warehouse"}
    return lambda: open_catalog(Settings.model_validate({"catalog": location}))


@pytest.fixture(name="catalog")
def opened(open_it: Callable[[], Catalog]) -> Catalog:
    return open_it()


def test_who_comes_second_is_told_who_holds_it(catalog: Catalog) -> None:
    first = take(catalog, "silver.users", ADA, now=NOW, ttl=TTL)
    assert take(catalog, "silver.users", BOB, now=NOW + timedelta(minutes=1), ttl=TTL) == first
    assert (first.holder, first.since, first.until, first.token) == (ADA, NOW, NOW + TTL, 1)
    assert leases(catalog) == (first,)


def test_a_lease_that_has_ended_is_taken_over_with_a_greater_token(catalog: Catalog) -> None:
    first = take(catalog, "silver.users", ADA, now=NOW, ttl=TTL)
    second = take(catalog, "silver.users", BOB, now=NOW + TTL, ttl=TTL)
    assert (second.holder, second.token > first.token) == (BOB, True)
    assert renew(catalog, first, now=NOW + TTL, ttl=TTL) is None
    give_back(catalog, first, now=NOW + TTL)
    assert (leases(catalog), overtaken_by(catalog, first)) == ((second,), second)


def test_a_lease_that_is_renewed_ends_later(catalog: Catalog) -> None:
    first = take(catalog, "silver.users", ADA, now=NOW, ttl=TTL)
    later = NOW + timedelta(minutes=1)
    renewed = renew(catalog, first, now=later, ttl=TTL)
    assert renewed == replace(first, until=later + TTL)
    assert take(catalog, "silver.users", BOB, now=NOW + TTL, ttl=TTL) == renewed


def test_a_lease_that_was_given_back_is_free_and_its_token_does_not_come_again(catalog: Catalog) -> None:
    first = take(catalog, "silver.users", ADA, now=NOW, ttl=TTL)
    give_back(catalog, first, now=NOW)
    assert leases(catalog) == ()
    assert take(catalog, "silver.users", BOB, now=NOW, ttl=TTL).token > first.token


def test_leases_of_other_tables_do_not_wait_for_each_other(catalog: Catalog) -> None:
    tokens = [take(catalog, name, ADA, now=NOW, ttl=TTL).token for name in ("silver.a", "silver.b")]
    assert (tokens, [one.table for one in leases(catalog)]) == ([1, 2], ["silver.a", "silver.b"])


def test_of_many_who_ask_at_once_one_gets_it_and_all_know_who(open_it: Callable[[], Catalog]) -> None:
    open_it()
    found: list[str] = []

    def ask(number: int) -> None:
        me = replace(ADA, run_id=f"r{number}")
        found.append(take(open_it(), "silver.users", me, now=NOW, ttl=TTL).holder.run_id)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(found), len(set(found))) == (4, 1)


def test_its_metadata_stay_small(catalog: Catalog, tmp_path: Path) -> None:
    for minute in range(12):
        take(catalog, "silver.users", ADA, now=NOW + minute * TTL, ttl=TTL)
    table = catalog.load_table("ops.leases")
    files = [one for one in (tmp_path / "warehouse").rglob("*") if one.is_file()]
    assert (len(table.snapshots()), len(table.metadata.metadata_log)) == (5, 5)
    assert len(files) == 5 + 6, "lists of snapshots and metadata; nothing is left behind"


def test_leases_that_nobody_gave_back_are_forgotten_after_a_day(catalog: Catalog) -> None:
    take(catalog, "silver.a", ADA, now=NOW, ttl=TTL)
    take(catalog, "silver.b", ADA, now=NOW + timedelta(days=2), ttl=TTL)
    assert [one.table for one in leases(catalog)] == ["silver.b"]


def test_who_does_not_wait_is_refused_with_all_that_is_known(catalog: Catalog) -> None:
    leasing = Leasing(holder=ADA, wait=timedelta(0))
    with (
        hold(replace(leasing, holder=BOB), catalog, "silver.users"),
        pytest.raises(LeaseHeldError) as told,
        hold(leasing, catalog, "silver.users"),
    ):
        pass
    assert (told.value.exit_code, told.value.lease.holder, told.value.table) == (3, BOB, "silver.users")
    assert all(one in str(told.value) for one in ("bob", "h2", "lakehouse run silver.users", "leases release"))


def test_who_waits_gets_it_when_it_is_given_back(open_it: Callable[[], Catalog]) -> None:
    waiting = threading.Event()
    catalog, order = open_it(), list[str]()

    def work() -> None:
        with hold(Leasing(holder=BOB), open_it(), "silver.users"):
            taken.set()
            waiting.wait(timeout=30)
            order.append("bob")

    taken, other = threading.Event(), threading.Thread(target=work)
    other.start()
    taken.wait(timeout=30)
    with hold(Leasing(holder=ADA, say=lambda _text: waiting.set()), catalog, "silver.users") as held:
        order.append("ada")
    other.join()
    assert (order, held.waited, leases(catalog)) == (["bob", "ada"], True, ())


def test_it_is_renewed_while_the_work_lasts(catalog: Catalog) -> None:
    with hold(Leasing(holder=ADA, ttl=timedelta(seconds=1)), catalog, "silver.users") as held:
        first = leases(catalog)[0]
        over = threading.Event()
        while leases(catalog)[0].until <= first.until and not over.wait(0.05):
            pass
        (renewed,) = leases(catalog)
        assert held.lease is not None
        assert (renewed.token, renewed.since) == (first.token, first.since)


def test_of_who_was_killed_the_lease_ends_and_the_next_one_gets_it(catalog: Catalog) -> None:
    take(catalog, "silver.users", BOB, now=datetime.now(UTC), ttl=timedelta(seconds=0.5))
    with hold(Leasing(holder=ADA), catalog, "silver.users") as held:
        assert held.lease is not None
        assert (held.waited, held.lease.token) == (True, 2)


def test_who_was_overtaken_is_told(catalog: Catalog) -> None:
    said: list[str] = []
    with hold(Leasing(holder=ADA, say=said.append), catalog, "silver.users") as held:
        held.tell_if_overtaken()
        take(catalog, "silver.users", BOB, now=datetime.now(UTC) + timedelta(hours=1), ttl=TTL)
        held.tell_if_overtaken()
    (told,) = said
    assert "run bob (lakehouse run silver.users, process 2 on h2) has token 2" in told
    assert [one.holder for one in leases(catalog)] == [BOB]

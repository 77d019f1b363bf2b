"""``lakehouse run --since``: rows are made again of what changed since an earlier state, whatever code made them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lakehouse.catalog import ledger
from lakehouse.catalog.publish import main_of
from lakehouse.catalog.time_travel import TimeTravelError
from lakehouse.pipeline.build_plan import Strategy, plan_build
from lakehouse.quality import rule_set
from tests.pipeline.test_incremental import NOW, Shop, make


@pytest.fixture
def shop(lake: Any, unique: str) -> Shop:
    """Sixty orders came, were built of, and ten came later and were built of too."""
    made = make(lake, unique)
    made.insert(*((n, "abc"[n % 3], 1, 5) for n in range(60)))
    return made


def mended(shop: Shop, name: str) -> None:
    """Another code: every amount is ten more."""
    build = shop.builds[name]

    def tenfold(orders: Any) -> Any:
        return build.function(orders.withColumn("amount", orders.amount + 10))

    shop.builds[name] = replace(build, function=tenfold)


def amounts(shop: Shop, name: str) -> dict[int, int]:
    rows = shop.lake.rows(shop.builds[name].table).collect()
    found = {row.order_id: row.amount for row in rows}
    assert len(found) == len(rows), "a key is there twice"
    return found


@pytest.mark.parametrize(
    "name", ["large", pytest.param("newest", marks=pytest.mark.slow), pytest.param("prices", marks=pytest.mark.slow)]
)
def test_what_came_since_a_run_is_made_again_by_the_code_of_now_and_all_else_stays(shop: Shop, name: str) -> None:
    shop.run(name, run_id="first")
    shop.insert((70, "a", 2, 5), (71, "a", 2, 5))
    shop.run(name)
    mended(shop, name)
    built = shop.run(name, since="first")
    assert built.strategy is Strategy.REPLACE, built.reason
    assert amounts(shop, name) == dict.fromkeys(range(60), 5) | {70: 15, 71: 15}
    assert shop.run(name).strategy is Strategy.NOTHING


def planned(shop: Shop, name: str, since: str) -> Any:
    build = shop.builds[name]
    return plan_build(shop.lake.catalog, build, rule_set(build.table), instant=NOW, since=since)


@pytest.mark.slow
def test_since_can_be_a_publish_a_snapshot_of_an_input_or_an_instant(shop: Shop) -> None:
    shop.run("large")
    table = shop.lake.table(shop.builds["large"].table.name)
    of_input, instant = main_of(shop.lake.table(shop.orders.name)), datetime.now(UTC).isoformat()
    shop.insert((70, "a", 2, 5))
    shop.run("large")
    for since in (str(main_of(table)), str(of_input), instant):
        (change,) = planned(shop, "large", since).changes.values()
        assert (change.start.snapshot_id, change.rows) == (of_input, 1)


@pytest.mark.slow
def test_never_less_is_read_than_what_came_after_the_newest_publish(shop: Shop) -> None:
    shop.run("large")
    read = main_of(shop.lake.table(shop.orders.name))
    shop.insert((70, "a", 2, 5))
    (change,) = planned(shop, "large", datetime.now(UTC).isoformat()).changes.values()
    assert change.start.snapshot_id == read


@pytest.mark.slow
def test_what_cannot_be_told_since_then_is_built_whole_and_says_why(shop: Shop) -> None:
    for name, since, why in (
        ("large", "1999-01-01", "it begins at"),
        ("all", "first", "follows no part of them"),
        ("unique", "first", "it has no key to find theirs by"),
    ):
        shop.run(name, run_id="first")
        shop.insert((80, "a", 2, 5))
        plan = planned(shop, name, since)
        assert plan.strategy is Strategy.WHOLE
        assert why in plan.reason


@pytest.mark.slow
def test_other_code_is_taken_from_now_on_where_no_row_came_since(shop: Shop) -> None:
    shop.run("large", run_id="first")
    mended(shop, "large")
    shop.run("large", since="first")
    assert set(amounts(shop, "large").values()) == {5}
    assert [one.strategy for one in ledger.history(shop.lake.table(shop.builds["large"].table.name))] == [
        "append", "replace all",
    ]  # fmt: skip


def test_what_names_nothing_is_refused(shop: Shop) -> None:
    shop.run("large", run_id="first")
    with pytest.raises(TimeTravelError, match=r"as of last_week: it is no run .* runs are first") as refused:
        planned(shop, "large", "last_week")
    assert refused.value.exit_code == 3

"""A table is built anew slice by slice: as if it was built whole, whatever happens between two slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.rollback import plan_rollback, roll_back
from lakehouse.errors import BackfillError, QualityGateError
from lakehouse.pipeline.backfill import DoneSlice, run_backfill
from lakehouse.pipeline.backfill_plan import Backfill, BackfillPlan, plan_backfill
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.run import Run, new_run_id
from lakehouse.quality import Gate, Policy, rule_set
from tests.pipeline.test_incremental import NOW, Shop, make
from tests.pipeline.test_since import amounts, mended

SLOW = pytest.mark.slow  # together: each builds a table some times

BY_ID: dict[str, Any] = {"by": "20", "column": "order_id"}
CUT_BY: dict[str, dict[str, Any]] = {
    "large": BY_ID,
    "newest": BY_ID,
    "prices": {"by": "bucket(3)", "column": "order_id"},
    "totals": {"by": "bucket(3)"},
}


@pytest.fixture
def shop(lake: Lake, unique: str) -> Shop:
    made = make(lake, unique)
    made.insert(*((n, "abc"[n % 3], 1, 5) for n in range(60)))
    return made


def planned(shop: Shop, name: str, minimum: float = 0.0, **asked: Any) -> tuple[BackfillPlan, Run]:
    build = shop.builds[name]
    run = Run(minimum_score=lambda *_: minimum, instant=NOW, run_id=new_run_id())
    return plan_backfill(shop.lake.catalog, build, rule_set(build.table), Backfill(**asked), run), run


def backfill(
    shop: Shop, name: str, told: Callable[[DoneSlice], None] = lambda _: None, parallel: int = 1, **asked: Any
) -> tuple[DoneSlice, ...]:
    plan, run = planned(shop, name, **asked)
    return run_backfill(shop.lake, plan, rule_set(plan.build.table), run, told=told, parallel=parallel)


def once(do: Callable[[], Any]) -> Callable[[DoneSlice], None]:
    calls: list[DoneSlice] = []

    def told(one: DoneSlice) -> None:
        calls.append(one)
        if len(calls) == 1:
            do()

    return told


def die() -> None:
    raise KeyboardInterrupt


def test_rows_of_the_range_are_made_anew_by_the_code_of_now_and_a_backfill_that_was_cut_off_goes_on(shop: Shop) -> None:
    shop.run("large")
    mended(shop, "large")
    asked = {**BY_ID, "start": "20", "stop": "60", "forward_only": True}
    with pytest.raises(KeyboardInterrupt):
        backfill(shop, "large", told=once(die), **asked)
    assert amounts(shop, "large") == {n: 15 if 20 <= n < 40 else 5 for n in range(60)}
    plan, _ = planned(shop, "large", **asked)
    assert (plan.mark.done, [one.slice.text for one in plan.slices]) == (1, ["40 … 60"])
    assert len(backfill(shop, "large", **asked)) == 1
    assert amounts(shop, "large") == {n: 15 if n >= 20 else 5 for n in range(60)}
    assert shop.run("large").strategy is Strategy.NOTHING


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW) for name in CUT_BY])
def test_a_table_that_was_made_by_slices_is_as_if_it_was_built_whole(shop: Shop, name: str) -> None:
    shop.insert((3, None, 2, 50), (4, "a", 0, 60))
    shop.run(name)
    mended(shop, name)
    assert len(backfill(shop, name, parallel=2, **CUT_BY[name])) >= 3
    shop.assert_as_if_built_whole(name)
    assert shop.run(name).strategy is Strategy.NOTHING
    shop.insert((90, "a", 1, 5))
    assert shop.run(name).strategy is not Strategy.WHOLE
    shop.assert_as_if_built_whole(name)


@SLOW
def test_a_table_can_be_built_by_slices_the_first_time(shop: Shop) -> None:
    backfill(shop, "large", told=once(lambda: shop.insert((70, "a", 1, 5))), **BY_ID, start="0", stop="60")
    assert shop.run("large").strategy is Strategy.WHOLE
    shop.assert_as_if_built_whole("large")


@SLOW
def test_rows_that_a_run_brings_between_two_slices_are_there_once(shop: Shop) -> None:
    def follow() -> None:
        shop.insert((70, "a", 1, 5), (71, "a", 1, 5))
        assert shop.run("large").strategy is Strategy.APPEND

    shop.run("large")
    backfill(shop, "large", told=once(follow), parallel=2, **BY_ID)
    shop.assert_as_if_built_whole("large")
    assert shop.run("large").strategy is Strategy.NOTHING


@SLOW
def test_after_a_range_of_other_code_a_run_builds_it_whole(shop: Shop) -> None:
    shop.run("large")
    mended(shop, "large")
    backfill(shop, "large", **BY_ID, stop="20")
    built = shop.run("large")
    assert (built.strategy, built.reason) == (Strategy.WHOLE, "a backfill has left rows of earlier code")


@SLOW
def test_a_backfill_has_one_tag_is_one_step_of_a_rollback_and_its_slices_may_expire(shop: Shop) -> None:
    first = shop.run("large").snapshot_id
    done = backfill(shop, "large", **BY_ID)
    table = shop.lake.table(shop.builds["large"].table.name)
    tagged = {ref.snapshot_id for name, ref in table.refs().items() if name.startswith("publish_")}
    newest = ledger.latest(table)
    assert tagged == {first, done[-1].snapshot_id}
    assert newest is not None
    assert (newest.previous, newest.backfill and newest.backfill.done) == (first, len(done))
    assert plan_rollback(shop.lake.catalog, shop.builds["large"].table).after.snapshot_id == first


@SLOW
def test_a_table_that_is_rolled_back_in_between_stops_the_backfill(shop: Shop) -> None:
    def undo() -> None:
        roll_back(shop.lake.catalog, plan_rollback(shop.lake.catalog, shop.builds["large"].table))

    shop.run("large")
    with pytest.raises(BackfillError, match=r"rolled back, .* after 1 slices") as refused:
        backfill(shop, "large", told=once(undo), **BY_ID)
    assert refused.value.exit_code == 3


@SLOW
def test_a_slice_that_the_gate_refuses_leaves_those_before_it(shop: Shop) -> None:
    shop.run("large")
    build = shop.builds["large"]
    shop.builds["large"] = replace(build, function=lambda orders: build.function(orders.selectExpr(
        "order_id", "customer", "version", "IF(order_id < 20, 6, 5000) AS amount")))  # fmt: skip
    plan, run = planned(shop, "large", minimum=0.9, **BY_ID)
    with pytest.raises(QualityGateError):
        run_backfill(shop.lake, plan, rule_set(build.table), run)
    assert amounts(shop, "large") == {n: 6 if n < 20 else 5 for n in range(60)}
    assert planned(shop, "large", **BY_ID)[0].mark.done == 1


@SLOW
def test_a_slice_that_would_lose_what_was_made_of_expired_records_is_refused_unless_that_is_accepted(
    shop: Shop,
) -> None:
    shop.run("large")
    build = shop.builds["large"]
    shop.builds["large"] = replace(build, function=lambda orders: build.function(orders.where("order_id <> 25")))
    plan, run = planned(shop, "large", **BY_ID)
    plan, rules = replace(plan, newly_expired={shop.orders.name: 3}), rule_set(build.table)
    with pytest.raises(BackfillError, match=r"1 rows of slice 20 … 40 would not be made any more, and 3 rows are gone"):
        run_backfill(shop.lake, plan, rules, run)
    assert amounts(shop, "large") == dict.fromkeys(range(60), 5)
    left, _ = planned(shop, "large", **BY_ID)
    run_backfill(shop.lake, left, rules, replace(run, accept_loss=True))
    assert 25 not in amounts(shop, "large")


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("all", {}, "follows no part of its inputs"),
    ("large", {"column": "amount", "by": "day"}, "is cut by a number such as 100000, bucket"),
    ("large", {}, "it is not partitioned by order_id, so say how that is cut"),
    ("prices", {"column": "amount"}, "amount is no column by which it can be cut; of these it can: order_id"),
    ("totals", {"by": "bucket(2)", "start": "a"}, "buckets have no order"),
    ("large", {**BY_ID, "start": "many"}, "'many' is no value of order_id, a column of int"),
    ("large", {**BY_ID, "start": "9", "stop": "9"}, "--from 9 is not before --to 9"),
    ("large", BY_ID, "give --from and --to"),
]


def test_what_cannot_be_cut_is_refused_before_anything_is_read(shop: Shop) -> None:
    for name, asked, why in REFUSED:
        with pytest.raises(BackfillError, match=why):
            planned(shop, name, **asked)


@SLOW
def test_a_table_whose_bad_rows_go_elsewhere_is_refused(shop: Shop) -> None:
    build = shop.builds["large"]
    drops = rule_set(replace(build.table, rules=(Gate(policy=Policy.DROP),)))
    with pytest.raises(BackfillError, match="its gate says drop"):
        plan_backfill(shop.lake.catalog, build, drops, Backfill(**BY_ID), Run(minimum_score=lambda *_: 0.0))


@SLOW
def test_inputs_that_are_not_there_any_more_are_refused(shop: Shop) -> None:
    shop.run("large")
    shop.sql("DROP TABLE {t}")
    shop.lake.ensure(shop.orders)
    with pytest.raises(BackfillError, match=r"which is not there any more\nBuild on what is there now first"):
        planned(shop, "large", **BY_ID)

"""Builds that follow change: after any history of their inputs, the table is what a build of all of it gives."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from inspect import Parameter, Signature
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, IntegerType, LongType, StringType, TimestampType

from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.catalog import ledger
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.publish import open_audit
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.ddl import full_name
from lakehouse.contract.follows import Follows, Groups, Keys, Rows, Whole
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.contract.versions import Scd2, Versioned
from lakehouse.errors import LakehouseError
from lakehouse.pipeline.build_plan import Strategy
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.pipeline.run import Built, Run, run_build
from lakehouse.pipeline.scored_write import score_branch
from lakehouse.quality import Between, Unique, rule_set

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_one_parameter = Signature([Parameter("orders", Parameter.POSITIONAL_OR_KEYWORD)])


class Orders(Schema):
    """Messages about orders."""

    order_id: Column[IntegerType]
    customer: Column[StringType]
    version: Column[IntegerType]
    amount: Column[IntegerType]


class Large(Schema):
    """Orders of more than one."""

    order_id: Column[IntegerType]
    amount: Annotated[Column[IntegerType], Between(0, 1_000)]


class Newest(Schema):
    """The newest message of an order."""

    order_id: Column[IntegerType]
    version: Column[IntegerType]
    amount: Column[IntegerType]


class Quoted(Schema):
    """Orders with a score that was given to them elsewhere."""

    order_id: Column[IntegerType]
    amount: Annotated[Column[IntegerType], Between(0, 1_000)]
    quality_score: Column[DoubleType]


class Totals(Schema):
    """What a customer ordered, and what part of it the greatest order is."""

    customer: Column[StringType]
    orders: Column[LongType]
    greatest: Column[DoubleType]


class Prices(Versioned):
    """What an order came to, from when to when."""

    order_id: Column[IntegerType]
    amount: Column[IntegerType]
    version: Column[IntegerType]
    changed_at: Column[TimestampType]


@dataclass
class Shop:
    """A table of orders and the builds that read it."""

    lake: Lake
    orders: TableSpec
    builds: dict[str, BuildSpec]

    def sql(self, statement: str) -> None:
        self.lake.spark.sql(statement.format(t=full_name(self.orders, catalog="lake")))

    def insert(self, *rows: tuple[int, str | None, int, int]) -> None:
        df = self.lake.spark.createDataFrame(list(rows), "order_id int, customer string, version int, amount int")
        df.writeTo(full_name(self.orders, catalog="lake")).append()

    def run(self, name: str, **options: Any) -> Built:
        run = Run(minimum_score=lambda _table, _declared: 0.0, instant=NOW, costs=FOLLOW_ALWAYS, **options)
        return run_build(self.lake, self.builds[name], run)

    def assert_as_if_built_whole(self, name: str) -> None:
        build = self.builds[name]
        orders = self.lake.rows(self.orders)
        expected = kept_rows(build.table, build.function(orders)).collect()
        assert Counter(self.lake.rows(build.table).collect()) == Counter(expected)


def large(orders: Any) -> Any:
    return orders.where("amount > 1").select("order_id", "amount")


def quoted(orders: Any) -> Any:
    return orders.select("order_id", "amount", F.lit(0.5).alias("quality_score"))


def newest(orders: Any) -> Any:
    return orders.select("order_id", "version", "amount")


def prices(orders: Any) -> Any:
    return orders.select("order_id", "amount", "version", F.timestamp_seconds("version").alias("changed_at"))


def totals(orders: Any) -> Any:
    return orders.groupBy("customer").agg(
        F.count("*").alias("orders"), F.try_divide(F.max("amount"), F.sum("amount")).alias("greatest")
    )


PRICES = {"key": ("order_id",), "newest_by": ("changed_at", "version"), "history": Scd2(effective="changed_at")}
NEWEST = {"key": ("order_id",), "newest_by": ("version",), "rules": (Unique("order_id"),)}
BUILDS: dict[str, tuple[Any, Any, Follows, dict[str, Any]]] = {
    "large": (large, Large, Rows(), {"key": ("order_id",)}),
    "newest": (newest, Newest, Rows(), NEWEST),
    "totals": (totals, Totals, Groups("customer"), {}),
    "prices": (prices, Prices, Rows(), PRICES),
    "prices_by_key": (prices, Prices, Keys("order_id"), PRICES),
    "all": (totals, Totals, Whole(), {}),
    "unique": (large, Large, Rows(), {"rules": (Unique("order_id"),)}),
    "quoted": (quoted, Quoted, Rows(), {}),
}


def make(lake: Lake, unique: str) -> Shop:
    orders: Any = table(f"bronze.{unique}")(type("O", (Orders,), {"__annotations__": {}}))
    shop = Shop(lake, spec_of(orders), {})
    for name, (body, schema, follows, options) in BUILDS.items():
        target: Any = table(f"silver.{unique}_{name}", **options)(type("T", (schema,), {"__annotations__": {}}))

        def function(orders, body=body, target=target):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return conform(body(orders), target)

        function.__signature__ = _one_parameter  # type: ignore[attr-defined]
        function.__annotations__ = {"orders": DataSet[orders], "return": DataSet[target]}
        found = build_of(build(follows=follows)(function))
        assert found is not None
        shop.builds[name] = found
    lake.ensure(shop.orders)
    return shop


@pytest.fixture
def shop(lake: Lake, unique: str) -> Shop:
    made = make(lake, unique)
    made.insert(*((n, "abc"[n % 3], 1, n % 7) for n in range(60)))
    return made


MERGE = (
    "MERGE INTO {t} USING (SELECT 3 AS order_id, 'c' AS customer, 2 AS version, 50 AS amount) s "
    "ON {t}.order_id = s.order_id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
)
COMPACT = "CALL lake.system.rewrite_data_files(table => '{t}', options => map('rewrite-all', 'true'))"


SLOW = pytest.mark.slow  # together: each builds a table twice


@pytest.mark.parametrize(
    ("name", "change", "strategy"),
    [
        ("large", "INSERT INTO {t} VALUES (90, 'a', 1, 5)", Strategy.APPEND),
        ("newest", "INSERT INTO {t} VALUES (3, 'a', 0, 99), (4, 'a', 9, 98)", Strategy.MERGE),
        ("totals", MERGE, Strategy.REPLACE),
        ("prices", "INSERT INTO {t} VALUES (3, 'a', 9, 99), (4, 'a', 0, 98)", Strategy.REPLACE),
        pytest.param("prices_by_key", MERGE, Strategy.REPLACE, marks=SLOW),
        pytest.param("prices", "DELETE FROM {t} WHERE order_id = 3", Strategy.REPLACE, marks=SLOW),
        pytest.param("large", MERGE, Strategy.REPLACE, marks=SLOW),
        pytest.param("newest", "DELETE FROM {t} WHERE order_id = 3", Strategy.WHOLE, marks=SLOW),
        pytest.param("totals", "INSERT INTO {t} VALUES (90, 'a', 1, 5)", Strategy.REPLACE, marks=SLOW),
        pytest.param("totals", "INSERT INTO {t} VALUES (90, NULL, 1, 5)", Strategy.REPLACE, marks=SLOW),
        pytest.param("all", "INSERT INTO {t} VALUES (90, 'a', 1, 5)", Strategy.WHOLE, marks=SLOW),
        pytest.param("totals", COMPACT.replace("{t}", "T"), Strategy.NOTHING, marks=SLOW),
    ],
)
def test_a_change_is_followed_by_the_strategy_that_fits_it(
    shop: Shop, name: str, change: str, strategy: Strategy
) -> None:
    shop.run(name)
    shop.sql(change.replace("'T'", f"'{shop.orders.name}'"))
    built = shop.run(name)
    assert built.strategy is strategy, built.reason
    shop.assert_as_if_built_whole(name)


def test_where_the_newest_of_each_key_is_kept_the_rule_that_keys_are_unique_holds(shop: Shop) -> None:
    shop.insert((3, "a", 2, 9))
    built = shop.run("newest")
    assert built.score is not None
    assert [(one.name, one.failed, one.assessed) for one in built.score.rules] == [("order_id_unique", 0, 60)]


STEPS = {
    "insert": "INSERT INTO {{t}} VALUES ({0}, '{1}', {2}, {3})",
    "merge": MERGE.replace("3 AS order_id", "{0} AS order_id")
    .replace("'c'", "'{1}'")
    .replace("2 AS version, 50", "{2} AS version, {3}"),
    "delete": "DELETE FROM {{t}} WHERE order_id = {0}",
    "compact": COMPACT,
}


@pytest.mark.slow  # a minute: a history of an Iceberg table at each example
@settings(
    max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    history=st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 20), st.sampled_from("abcd"), st.integers(0, 9)),
        min_size=2,
        max_size=5,
    )
)
def test_after_any_history_a_table_is_as_if_it_was_built_whole(
    lake: Lake, unique: str, history: list[tuple[str, int, str, int]]
) -> None:
    shop = make(lake, f"{unique}_{uuid.uuid4().hex[:6]}")
    shop.insert(*((n, "abc"[n % 3], 1, n % 7) for n in range(60)))
    for number, (step, order_id, customer, amount) in enumerate([("compact", 0, "a", 0), *history]):
        # Never twice the same, else the newest is any; and sometimes late.
        version = number + 2 if amount % 2 else -number
        statement = STEPS[step].replace("{{t}}", "{t}")
        for at, value in enumerate((order_id, customer, version, amount)):
            statement = statement.replace(f"{{{at}}}", str(value))
        shop.sql(statement.replace("'{t}'", f"'{shop.orders.name}'"))
        for name in BUILDS.keys() - {"unique", "quoted"}:
            shop.run(name)
            shop.assert_as_if_built_whole(name)


@SLOW
def test_a_late_older_message_never_beats_the_stored_row(shop: Shop) -> None:
    shop.run("newest")
    shop.insert((3, "a", 5, 70))
    shop.run("newest")
    shop.insert((3, "a", 4, 60))
    assert shop.run("newest").strategy is Strategy.MERGE
    (row,) = shop.lake.rows(shop.builds["newest"].table).where("order_id = 3").collect()
    assert (row.version, row.amount) == (5, 70)


@SLOW
def test_a_version_is_closed_by_the_change_that_follows_it(shop: Shop) -> None:
    shop.run("prices")
    shop.insert((3, "a", 5, 70), (3, "a", 7, 70))
    shop.run("prices")
    rows = shop.lake.rows(shop.builds["prices"].table).where("order_id = 3").orderBy("valid_from").collect()
    held = [(row.amount, row.valid_from.timestamp(), row.valid_to and row.valid_to.timestamp()) for row in rows]
    assert held == [(3, 1, 5), (70, 5, None)]
    assert [row.is_current for row in rows] == [False, True]


@SLOW
def test_a_change_without_its_instant_is_told(shop: Shop) -> None:
    shop.sql("INSERT INTO {t} VALUES (90, 'a', NULL, 5)")
    with pytest.raises(LakehouseError, match="gives a row whose changed_at is null"):
        shop.run("prices")


@SLOW
def test_a_change_of_most_rows_is_built_whole(shop: Shop) -> None:
    shop.run("totals")
    shop.sql("UPDATE {t} SET amount = amount + 1")
    built = shop.run("totals")
    assert built.strategy is Strategy.WHOLE
    assert "times as much" in built.reason
    shop.assert_as_if_built_whole("totals")


def test_a_table_that_another_run_published_is_built_again_on_top_of_that(shop: Shop) -> None:
    shop.run("large")
    shop.insert((90, "a", 1, 5))
    other = replace(shop.builds["large"], function=_meanwhile(shop))
    run_build(shop.lake, other, Run(minimum_score=lambda _table, _declared: 0.0, instant=NOW, costs=FOLLOW_ALWAYS))
    shop.assert_as_if_built_whole("large")
    published = ledger.history(shop.lake.table(other.table.name))
    assert next(entry.run_id for entry in published) != "meanwhile"


def _meanwhile(shop: Shop) -> Any:
    """A build during which, the first time, another run brings the table up to date and publishes it."""
    build, calls = shop.builds["large"], []

    def function(orders: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            shop.run("large", run_id="meanwhile", full=True)
        return build.function(orders)

    return function


@SLOW
def test_the_score_of_a_table_that_was_changed_in_part_is_that_of_all_its_rows(shop: Shop) -> None:
    shop.run("large")
    shop.insert((90, "a", 1, 5_000))
    built = shop.run("large")
    assert built.score is not None
    assert (built.score.rows, built.score.rows_failed, built.rows) == (built.rows, 1, built.rows)


@pytest.mark.parametrize(
    ("order_id", "broken", "large"),
    [(91, 0, 0), (3, 2, 0), pytest.param(91, 0, 2**40, marks=SLOW), pytest.param(3, 2, 2**40, marks=SLOW)],
)
def test_a_key_that_came_a_second_time_is_told_whether_all_keys_are_shuffled_or_not(
    shop: Shop, order_id: int, broken: int, large: int
) -> None:
    build = shop.builds["unique"]
    shop.run("unique")
    audit = open_audit(shop.lake, build.table, run_id=f"large_{large}")
    shop.lake.spark.createDataFrame([(order_id, 5)], "order_id int, amount int").writeTo(audit.target).append()
    score = score_branch(audit, rule_set(build.table), instant=NOW, large=large)
    assert score is not None
    (found,) = [one for one in score.rules if one.dimension == "uniqueness"]
    assert (found.failed, found.assessed) == (broken, score.rows)


@SLOW
def test_a_column_of_the_name_of_a_score_is_the_builds_own_where_no_scores_are_kept(shop: Shop) -> None:
    build = shop.builds["quoted"]
    for _ in range(2):
        assert shop.run("quoted").strategy in {Strategy.WHOLE, Strategy.APPEND}
        scores = shop.lake.rows(build.table).select("quality_score").distinct().collect()
        assert [row.quality_score for row in scores] == [0.5]
        shop.insert((95, "a", 1, 2_000))

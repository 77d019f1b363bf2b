"""What a run would do is foreseen without a run: checks, schema, what is stale and why, what is read."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlparse

import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType

from lakehouse import Column, DataSet, Schema, build, conform, doc, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import main_of, open_audit, publish
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.ddl import full_name
from lakehouse.contract.follows import Follows, Groups, Rows, Whole
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.build_plan import Strategy, fingerprint
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.graph import Graph, reads_of
from lakehouse.pipeline.lake_plan import LakePlan, plan_lake
from lakehouse.pipeline.run import Run, Status, run_build
from lakehouse.pipeline.source_fingerprint import source_fingerprint
from lakehouse.pipeline.staleness import Kind
from lakehouse.pipeline.table_plan import TablePlan, Verdict
from lakehouse.quality import Between, Holds, NotNull, RuleScore, TableScore, rule_set

# Together they take minutes: each writes Iceberg tables, some times.
pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Orders(Schema):
    """Orders as they come."""

    order_id: Column[IntegerType]
    customer: Column[StringType]
    amount: Column[IntegerType]


class Large(Schema):
    """Orders of more than one."""

    order_id: Column[IntegerType]
    customer: Column[StringType]
    amount: Annotated[Column[IntegerType], Between(0, 1_000)]


class Totals(Schema):
    """How many of these a customer ordered."""

    customer: Column[StringType]
    orders: Column[LongType]


def large(rows: Any) -> Any:
    return rows.where("amount > 1")


def totals(rows: Any) -> Any:
    return rows.groupBy("customer").agg(F.count("*").alias("orders"))


Body = Callable[[Any], Any]


@dataclass(kw_only=True)
class Shop:
    """A table of orders that something else fills, and two builds, the second of which reads the first."""

    lake: Lake
    orders: TableSpec
    builds: dict[str, BuildSpec] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        made = {one.table.name: one.table for one in self.builds.values()}
        return Graph(tables={self.orders.name: self.orders, **made}, builds=tuple(self.builds.values()))

    def insert(self, *orders: tuple[int, str, int]) -> None:
        df = self.lake.spark.createDataFrame(list(orders), "order_id int, customer string, amount int")
        df.writeTo(full_name(self.orders, catalog="lake")).append()

    def published(self, *names: str, **facts: Any) -> Shop:
        """Publish tables as runs do that had nothing to write."""
        for name in names:
            spec, run_id = self.builds[name].table, f"r{uuid.uuid4().hex[:8]}"
            heads = {one: main_of(self.lake.table(one)) or 0 for one in reads_of(self.builds[name])}
            entry = LedgerEntry(
                run_id=run_id,
                published_at=NOW,
                inputs=heads,
                code=fingerprint(self.builds[name], NOW),
                rules=rule_set(spec).id,
            )
            publish(open_audit(self.lake, spec, run_id=run_id), replace(entry, **facts))
        return self

    def lake_plan(self, *names: str, **options: Any) -> LakePlan:
        builds = tuple(one for name, one in self.builds.items() if name in (names or self.builds))
        again = dict.fromkeys((one.table.name for one in builds), options.pop("since", ""))
        run = Run(minimum_score=lambda *_: 0.0, **{"instant": NOW, "costs": FOLLOW_ALWAYS, **options})
        return plan_lake(self.lake, self.graph, builds, run, since=again)

    def plan(self, name: str, **options: Any) -> TablePlan:
        """Plan all builds; gives the plan of one."""
        found = {one.table: one for one in self.lake_plan(**options).tables}
        return found[self.builds[name].table.name]

    def declare(self, name: str, body: Body, reads: TableSpec, schema: Any, follows: Follows, **options: Any) -> None:
        """Add a build of a table of that name, or put it in the place of the one that is there."""
        contract = type(schema.__name__, (schema,), {"__annotations__": {}, "__doc__": schema.__doc__})
        target: Any = table(f"silver.{self.orders.name.split('.')[1]}_{name}", **options)(contract)

        def function(rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return conform(body(rows), target)

        signature = Signature([Parameter("rows", Parameter.POSITIONAL_OR_KEYWORD)])
        function.__signature__ = signature  # type: ignore[attr-defined]
        source: Any = reads.schema
        function.__annotations__ = {"rows": DataSet[source], "return": DataSet[target]}
        found = build_of(build(follows=follows)(function))
        assert found is not None
        self.builds[name] = found


@pytest.fixture
def shop(lake: Lake, unique: str) -> Shop:
    contract: Any = table(f"bronze.{unique}", external=True)(type("O", (Orders,), {"__annotations__": {}}))
    made = Shop(lake=lake, orders=spec_of(contract))
    made.declare("large", large, made.orders, Large, Rows(), key=("order_id",))
    made.declare("totals", totals, made.builds["large"].table, Totals, Groups("customer"))
    lake.ensure(made.orders)
    return made


def kinds(plan: TablePlan) -> list[Kind]:
    return [cause.kind for cause in plan.causes]


# What is checked


def test_a_build_that_gives_other_columns_is_told_with_all_differences_and_the_others_are_checked(shop: Shop) -> None:
    spec = shop.orders
    shop.declare("large", lambda rows: rows.selectExpr("order_id", "customer cust", "'x' amount"), spec, Large, Rows())
    shop.declare("all", large, spec, Large, Whole())
    found = shop.lake_plan()
    wrong = ("customer: missing (found cust)", "amount: declared int, found string")
    assert [one.problems for one in found.tables] == [wrong, (), ()]
    assert found.errors == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (lambda rows: rows.select("custmer"), "`custmer` cannot be resolved"),
        (lambda rows: rows.grouped("customer"), "grouped"),
        (lambda rows: 1 / len(rows.columns[:0]), "ZeroDivisionError: division by zero"),
    ],
)
def test_whatever_a_build_raises_is_told_in_a_line(shop: Shop, body: Body, says: str) -> None:
    shop.declare("large", body, shop.orders, Large, Rows(), key=("order_id",))
    (problem,) = shop.plan("large").problems
    assert says in problem
    assert (len(problem.splitlines()), "(line " in problem) == (1, True)


def test_a_build_is_not_called_whose_newest_publish_was_of_the_same_sources(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    shop.declare("large", lambda rows: rows.no_such_column, shop.orders, Large, Rows("rows"))
    now = source_fingerprint(shop.builds["large"], shop.lake.engine_version)
    assert shop.published("large", sources="others").plan("large").problems
    assert not shop.published("large", sources=now).plan("large").problems


def test_a_build_that_forgot_its_return_is_told_so(shop: Shop) -> None:
    forgot: Any = lambda rows: print(rows.columns)  # noqa: E731
    shop.builds["large"] = replace(shop.builds["large"], function=forgot)
    assert "a return is missing" in shop.plan("large").problems[0]


def test_rules_and_what_a_build_follows_are_checked_too(shop: Shop) -> None:
    follows, rules = Groups("customer", rows="lower(custmer)"), (Holds("few", "order < 9"),)
    shop.declare("totals", totals, shop.builds["large"].table, Totals, follows, rules=rules)
    rule, group = shop.plan("totals").problems
    assert "no column 'order'; did you mean 'orders'?" in rule
    assert group.startswith("Groups takes customer of rows as lower(custmer)")


def test_what_does_not_pass_its_check_is_not_published_and_what_reads_it_waits(shop: Shop) -> None:
    shop.declare("large", lambda rows: rows.select("order_id"), shop.orders, Large, Rows())
    assert [one.verdict for one in shop.lake_plan().tables] == [Verdict.FAILS, Verdict.WAITS]


# What becomes of schemas


def test_a_table_that_is_not_there_is_new(shop: Shop) -> None:
    schema = shop.plan("large").schema
    assert (schema.is_new, schema.statements[0].split("(")[0].split()[0]) == (True, "CREATE")


def test_additive_changes_are_shown_as_the_run_would_make_them(shop: Shop) -> None:
    shop.published("large")

    class More(Large):
        note: Annotated[Column[StringType], doc("Said with it")]

    body = lambda rows: large(rows).withColumn("note", F.lit("x"))  # noqa: E731
    partly = {"partitioned_by": ("customer",), "properties": {"write.format.default": "avro"}}
    shop.declare("large", body, shop.orders, More, Rows(), key=("order_id",), **partly)
    shown, ensured = shop.plan("large").schema, shop.lake.ensure(shop.builds["large"].table)
    assert [one.split(" ", 3)[3] for one in shown.statements] == [
        "ADD COLUMN `note` string COMMENT 'Said with it'",
        "ADD PARTITION FIELD `customer`",
        "SET TBLPROPERTIES ('write.format.default' = 'avro')",
    ]
    assert set(shown.statements[:2]) <= set(ensured)


def test_a_table_that_fits_has_no_change(shop: Shop) -> None:
    shop.published("large")
    assert not shop.plan("large").schema.is_change


def test_a_change_that_would_lose_something_is_refused_and_the_build_fails(shop: Shop) -> None:
    shop.published("large")

    class Renamed(Large):
        amount: Column[StringType]  # type: ignore[assignment]

    body = lambda rows: large(rows).withColumn("amount", F.lit("x"))  # noqa: E731
    shop.declare("large", body, shop.orders, Renamed, Rows(), key=("order_id",))
    found = shop.lake_plan()
    (refused,) = found.tables[0].schema.refused
    assert refused.startswith("amount: declared string, found int; this cannot be changed in place")
    assert (found.tables[0].verdict, found.errors) == (Verdict.FAILS, 1)


def test_an_input_that_cannot_be_read_as_declared_is_an_error(shop: Shop) -> None:
    shop.lake.spark.sql(f"ALTER TABLE {full_name(shop.orders, catalog='lake')} RENAME COLUMN amount TO price")
    shop.lake.spark.sql(f"ALTER TABLE {full_name(shop.orders, catalog='lake')} ADD COLUMN amount string")
    found = shop.lake_plan()
    assert found.inputs[0].refused == ("amount: declared int, found string",)
    assert (found.tables[0].verdict, found.errors) == (Verdict.FAILS, 1)


# What is stale, and why


def test_a_lake_without_rows_waits_for_them(lake: Lake, shop: Shop) -> None:
    lake.spark.sql(f"DROP TABLE {full_name(shop.orders, catalog='lake')}")
    first, second = shop.lake_plan().tables
    assert (first.verdict, second.verdict) == (Verdict.WAITS, Verdict.WAITS)
    assert (first.causes[0].table, second.causes[0].table) == (shop.orders.name, first.table)


def test_what_was_never_built_is_built_whole_and_what_reads_it_too(shop: Shop) -> None:
    shop.insert((1, "a", 5), (2, "b", 6))
    first, second = shop.lake_plan().tables
    assert (first.strategy, second.strategy) == (Strategy.WHOLE, Strategy.WHOLE)
    assert (kinds(first), kinds(second)) == ([Kind.NEVER_BUILT], [Kind.NEVER_BUILT, Kind.UPSTREAM])
    assert first.reads
    assert (first.reads.rows, first.reads.bytes > 0, second.reads) == (2, True, None)


def test_what_is_as_it_was_is_up_to_date(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    found = shop.published("large", "totals").lake_plan()
    assert [(one.verdict, one.causes) for one in found.tables] == [(Verdict.UP_TO_DATE, ())] * 2
    assert (found.errors, found.published) == (0, ())


def test_a_new_snapshot_of_an_input_is_named_with_the_one_that_was_read(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    shop.published("large")
    before = main_of(shop.lake.table(shop.orders.name))
    shop.insert((2, "b", 6), (3, "b", 7))
    plan = shop.plan("large")
    (cause,) = plan.causes
    after = main_of(shop.lake.table(shop.orders.name))
    assert (cause.kind, cause.table, cause.was, cause.now) == (Kind.INPUT, shop.orders.name, str(before), str(after))
    assert plan.reads
    assert (plan.strategy, plan.reads.rows) == (Strategy.APPEND, 2)


def test_code_that_changed_is_named_by_its_fingerprints(shop: Shop) -> None:
    (cause,) = shop.published("large", code="before").plan("large").causes
    assert (cause.kind, cause.was, cause.now) == (Kind.CODE, "before", fingerprint(shop.builds["large"], NOW))


def test_rules_that_changed_are_named(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    rule = RuleScore(name="old", column="", dimension="validity", severity="error", weight=1.0, failed=0, assessed=1)
    score = TableScore(table="", rule_set="", rows=1, rows_failed=0, rules=(rule,))
    shop.published("large", rules="before", score=score.to_json())
    more = shop.plan("large", more_rules=lambda _: [("customer", NotNull(name="known"))])
    (cause,) = more.causes
    assert (cause.kind, cause.was, len(cause.now)) == (Kind.RULES, "before", 12)
    assert cause.text == "its rules changed: + amount_between, + known, - old"


def test_the_next_day_makes_a_table_stale_that_takes_the_instant(shop: Shop) -> None:
    untimed = shop.builds["large"]
    timed = replace(untimed, instant="now", function=lambda rows, now: untimed.function(rows.limit(now.year)))
    shop.builds["large"] = timed
    shop.published("large")
    (cause,) = shop.plan("large", instant=NOW + timedelta(days=1)).causes
    assert (cause.kind, cause.was, cause.now) == (Kind.DAY, "2026-01-01", "2026-01-02")


def test_full_builds_what_is_up_to_date(shop: Shop) -> None:
    plan = shop.published("large").plan("large", full=True)
    assert (kinds(plan), plan.strategy) == ([Kind.ASKED_FOR], Strategy.WHOLE)


def test_rows_that_are_made_again_since_a_run_are_read_again_by_whatever_code(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    shop.published("large", run_id="first")
    shop.insert((2, "b", 6), (3, "b", 7))
    shop.published("large", code="before")
    plan = shop.plan("large", since="first")
    assert (plan.verdict, kinds(plan)) == (Verdict.BUILD, [Kind.AGAIN, Kind.INPUT])
    assert plan.reads
    assert plan.reads.rows == 2


def test_since_what_nobody_knows_is_told_of_each_table(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    plan = shop.published("large").plan("large", since="last_week")
    assert plan.verdict is Verdict.FAILS
    assert "it is no run or snapshot" in plan.problems[0]


def test_what_reads_a_stale_table_will_follow_as_its_declaration_allows(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    shop.declare("all", totals, shop.builds["large"].table, Totals, Whole())
    shop.published("large", "totals", "all")
    shop.insert((2, "b", 6))
    _, by_group, whole = shop.lake_plan().tables
    assert (by_group.verdict, kinds(by_group), by_group.reads) == (Verdict.FOLLOW, [Kind.UPSTREAM], None)
    assert (by_group.strategy, whole.strategy) == (Strategy.REPLACE, Strategy.WHOLE)


def test_what_reads_a_table_that_is_replaced_is_replaced(shop: Shop) -> None:
    plan = shop.published("large", code="before").published("totals").plan("totals")
    assert (plan.verdict, plan.strategy) == (Verdict.FOLLOW, Strategy.WHOLE)


def test_a_table_whose_input_is_not_in_the_plan_is_held_against_it_as_it_is(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    shop.published("large", "totals")
    shop.insert((2, "b", 6))
    (alone,) = shop.lake_plan("totals").tables
    assert alone.verdict is Verdict.UP_TO_DATE


STEPS: Mapping[str, str] = {
    "nothing": "SELECT 1",
    "rows came": "INSERT INTO {t} VALUES (9, 'b', 7)",
    "rows changed": "UPDATE {t} SET amount = 9 WHERE order_id = 1",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_run_does_what_was_planned(shop: Shop, step: str) -> None:
    shop.insert(*((n, "abcde"[n % 5], n) for n in range(40)))
    run = Run(minimum_score=lambda *_: 0.0, instant=NOW, costs=FOLLOW_ALWAYS)
    for one in shop.builds.values():
        run_build(shop.lake, one, run)
    shop.lake.spark.sql(STEPS[step].format(t=full_name(shop.orders, catalog="lake")))
    planned = shop.lake_plan().tables
    built = [run_build(shop.lake, one, replace(run, run_id="second")) for one in shop.builds.values()]
    assert [one.strategy for one in planned] == [one.strategy for one in built]
    assert [one.is_published for one in planned] == [one.status is Status.PUBLISHED for one in built]


# What a plan costs


def data_files(lake: Lake, name: str) -> list[Path]:
    return [Path(urlparse(task.file.file_path).path) for task in lake.table(name).scan().plan_files()]


def test_nothing_is_read_and_nothing_is_changed(shop: Shop) -> None:
    shop.insert((1, "a", 5))
    shop.published("large")
    shop.insert((2, "b", 6))
    files = data_files(shop.lake, shop.orders.name)
    for file in files:
        file.unlink()
    tracker = shop.lake.spark.sparkContext.statusTracker()
    names = [one.name for one in shop.graph.tables.values()]
    before = len(tracker.getJobIdsForGroup()), [state(shop.lake, name) for name in names]
    found = shop.lake_plan()
    assert len(files) == 2
    assert (found.errors, len(found.published)) == (0, 2)
    assert (len(tracker.getJobIdsForGroup()), [state(shop.lake, name) for name in names]) == before


def state(lake: Lake, name: str) -> str | None:
    found = lake.find(name)
    return found.metadata_location if found else None


@pytest.mark.parametrize(
    ("change", "strategy", "partitions"),
    [
        ("INSERT INTO {t} VALUES (8, 'x', 7), (9, 'y', 7)", Strategy.APPEND, 2),
        ("DELETE FROM {t} WHERE customer = 'a'", Strategy.REPLACE, 1),
        ("DELETE FROM {t} WHERE order_id IN (1, 2)", Strategy.REPLACE, 2),
    ],
    ids=["rows came", "a file went", "rows of files went"],
)
def test_the_partitions_in_which_an_input_changed_are_counted(
    shop: Shop, change: str, strategy: Strategy, partitions: int
) -> None:
    name = full_name(shop.orders, catalog="lake")
    shop.lake.spark.sql(f"ALTER TABLE {name} ADD PARTITION FIELD customer")
    shop.insert((1, "a", 5), (2, "b", 5), (3, "c", 5), (4, "a", 6), (5, "b", 6))
    shop.published("large")
    shop.lake.spark.sql(change.format(t=name))
    plan = shop.plan("large")
    assert plan.reads
    assert (plan.strategy, plan.reads.partitions) == (strategy, partitions)


class Timed(LedgerEntry):
    """A publish that tells how long it took, whatever it read."""

    def summary(self) -> dict[str, str]:
        strategy, seconds = self.run_id.split("_")
        took = {"bytes-read": "0", "seconds": seconds, "strategy": strategy}
        return super().summary() | {f"lakehouse.{name}": value for name, value in took.items()}


@pytest.mark.parametrize(("runs", "seconds"), [(("x_7", "x_9"), 8.0), (("x_7", "x_9", "replace all_30"), 30.0)])
def test_past_runs_tell_how_long_the_next_takes_those_of_its_strategy_before_others(
    shop: Shop, runs: tuple[str, ...], seconds: float
) -> None:
    spec = shop.builds["large"].table
    for name in runs:
        publish(open_audit(shop.lake, spec, run_id=uuid.uuid4().hex), Timed(run_id=name, published_at=NOW))
    found = shop.lake_plan()
    assert [len(one.past) for one in found.tables] == [len(runs), 0]
    assert (found.tables[0].seconds, found.tables[1].seconds, found.seconds) == (seconds, None, seconds)

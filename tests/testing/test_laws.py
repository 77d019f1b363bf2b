"""The law checker finds builds that do not follow their inputs as they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType

from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.contract.follows import Follows, Groups, Keys, Rows, Whole
from lakehouse.testing import assert_build, assert_build_laws, build_rows, make_rows


@table("bronze.law_orders")
class Orders(Schema):
    """Orders."""

    id: Column[IntegerType]
    customer: Column[StringType]
    amount: Column[IntegerType]


@table("bronze.law_customers")
class Customers(Schema):
    """Customers."""

    customer: Column[StringType]
    country: Column[StringType]


@table("silver.law_orders", key=("id",))
class Copies(Schema):
    """Orders, with a number."""

    id: Column[IntegerType]
    number: Column[LongType]


@table("silver.law_newest", key=("id",), newest_by=("amount",))
class Newest(Schema):
    """The greatest order of an id."""

    id: Column[IntegerType]
    amount: Column[IntegerType]


@table("gold.law_totals", key=("customer", "country"))
class Totals(Schema):
    """What a customer ordered."""

    customer: Column[StringType]
    country: Column[StringType]
    amount: Column[LongType]


def of_orders(target: Any, follows: Follows, body: Callable[[Any], DataFrame]) -> Any:
    """A build of orders alone."""

    def function(orders):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return conform(body(orders), target)

    function.__annotations__ = {"orders": DataSet[Orders], "return": DataSet[target]}
    return build(follows=follows)(function)


def of_both(follows: Follows, body: Callable[[Any, Any], DataFrame]) -> Any:
    """A build of orders and customers."""

    def function(orders, customers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return conform(body(orders, customers), Totals)

    function.__annotations__ = {
        "orders": DataSet[Orders], "customers": DataSet[Customers], "return": DataSet[Totals],
    }  # fmt: skip
    return build(follows=follows)(function)


@pytest.fixture
def orders(spark: SparkSession) -> DataFrame:
    return make_rows(spark, Orders, [{"id": n, "customer": "abc"[n % 3], "amount": n % 5} for n in range(12)])


@pytest.fixture
def customers(spark: SparkSession) -> DataFrame:
    return make_rows(spark, Customers, [{"customer": c, "country": "NO" if c == "a" else "SE"} for c in "abc"])


def numbered(orders: Any) -> DataFrame:
    found: DataFrame = orders.select("id", F.col("amount").cast("long").alias("number"))
    return found


def totals(orders: Any, customers: Any) -> Any:
    joined = orders.join(customers, "customer")
    return joined.groupBy("customer", "country").agg(F.sum("amount").cast("long").alias("amount"))


def share(orders: Any, customers: Any) -> Any:
    """Depends on all customers of a country."""
    all_ = orders.join(customers, "customer").groupBy("country").agg(F.sum("amount").cast("long").alias("amount"))
    return customers.join(all_, "country").select("customer", "country", "amount")


def test_a_projection_follows_rows(orders: DataFrame) -> None:
    assert_build_laws(of_orders(Copies, Rows(), numbered), orders=orders)


@pytest.mark.slow  # some dozen small jobs
def test_a_count_of_all_rows_does_not_follow_rows(orders: DataFrame) -> None:
    counted = of_orders(Copies, Rows(), lambda rows: rows.select("id", F.lit(rows.count()).alias("number")))
    with pytest.raises(AssertionError, match="rows added in orders"):
        assert_build_laws(counted, orders=orders)


def test_the_newest_of_a_key_follows_rows(orders: DataFrame) -> None:
    assert_build_laws(of_orders(Newest, Rows(), lambda rows: rows.select("id", "amount")), orders=orders)


@pytest.mark.slow  # some dozen small jobs
def test_totals_follow_the_groups_of_all_their_inputs(orders: DataFrame, customers: DataFrame) -> None:
    assert_build_laws(of_both(Keys("customer"), totals), orders=orders, customers=customers)


@pytest.mark.slow  # some dozen small jobs
def test_what_depends_on_another_group_is_found(orders: DataFrame, customers: DataFrame) -> None:
    with pytest.raises(AssertionError, match=r"gold\.law_totals"):
        assert_build_laws(of_both(Groups("customer"), share), orders=orders, customers=customers)


@pytest.mark.slow  # some dozen small jobs
def test_a_group_by_a_wrong_expression_is_found(orders: DataFrame, customers: DataFrame) -> None:
    wrong = Groups("customer", orders="upper(customer)")
    with pytest.raises(AssertionError, match="follows=Groups"):
        assert_build_laws(of_both(wrong, totals), orders=orders, customers=customers)


def test_a_build_that_leans_on_the_order_of_rows_is_found(orders: DataFrame) -> None:
    leaning = of_orders(
        Copies, Whole(), lambda rows: rows.select("id", F.monotonically_increasing_id().alias("number"))
    )
    with pytest.raises(AssertionError, match="in another order"):
        assert_build_laws(leaning, orders=orders)


def test_what_is_no_build_is_refused(orders: DataFrame) -> None:
    with pytest.raises(TypeError, match="numbered is not declared with @build"):
        assert_build_laws(cast("Any", numbered), orders=orders)


def test_inputs_that_are_not_the_builds_are_refused(orders: DataFrame) -> None:
    with pytest.raises(TypeError, match="takes orders; given were people"):
        build_rows(of_orders(Copies, Rows(), numbered), people=orders)


def test_a_build_is_held_against_the_columns_that_matter(orders: DataFrame) -> None:
    newest = of_orders(Newest, Rows(), lambda rows: rows.select(F.lit(1).alias("id"), "amount"))
    assert_build(newest, [{"amount": 4}], orders=orders)
    with pytest.raises(Exception, match="4"):
        assert_build(newest, [{"amount": 3}], orders=orders)


def test_expected_rows_name_the_same_columns(orders: DataFrame) -> None:
    with pytest.raises(ValueError, match="each expected row names the same columns of id, number"):
        assert_build(of_orders(Copies, Rows(), numbered), [{"id": 1}, {"number": 1}], orders=orders)

"""A column that was added later: no row is made anew because of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import pytest
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract import Rows, added_later
from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.table import spec_of
from lakehouse.pipeline.build_plan import Strategy, fingerprint
from tests.pipeline.test_incremental import NOW, Large, make


class Wider(Large):
    """With the customer, too."""

    customer: Annotated[Column[StringType], added_later]


class Rewritten(Large):
    """With the customer in all rows."""

    customer: Column[StringType]


def wider(spec: BuildSpec, schema: type[Schema], *, code_version: str = "1") -> BuildSpec:
    """The build of a table with more columns."""
    target: Any = table(spec.table.name, key=("order_id",))(type("T", (schema,), {"__annotations__": {}}))

    def function(orders):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return conform(orders, target)

    function.__annotations__ = {"orders": DataSet[spec.inputs[0][1]], "return": DataSet[target]}  # type: ignore[misc]
    found = build_of(build(follows=Rows(), code_version=code_version)(function))
    assert found is not None
    return found


@table("bronze.some", external=True)
class Some(Schema):
    """Anything."""

    order_id: Column[IntegerType]


@build(follows=Rows(), code_version="1")
def some(orders: DataSet[Some]) -> DataSet[Some]:
    """Only its declaration is looked at."""
    return orders


def test_the_fingerprint_is_that_of_the_columns_from_the_first_and_of_the_version_of_the_code() -> None:
    spec = build_of(some)
    assert spec is not None
    found = {
        name: fingerprint(wider(spec, schema, code_version=version), NOW)
        for name, schema, version in (
            ("as it was", Large, "1"), ("wider", Wider, "1"), ("rewritten", Rewritten, "1"), ("other code", Large, "2"),
        )
    }  # fmt: skip
    assert found["wider"] == found["as it was"]
    assert len(set(found.values())) == 3


def test_without_a_version_the_source_is_the_code() -> None:
    spec = build_of(some)
    assert spec is not None
    assert fingerprint(replace(spec, code_version=""), NOW) != fingerprint(spec, NOW)


@pytest.mark.slow
def test_rows_that_are_there_stay_and_have_null_and_rows_that_come_have_it(lake: Lake, unique: str) -> None:
    shop = make(lake, unique)
    shop.builds["large"] = wider(shop.builds["large"], Large)
    shop.insert((1, "a", 1, 5))
    shop.run("large")
    shop.builds["large"] = wider(shop.builds["large"], Wider)
    assert shop.run("large").strategy is Strategy.NOTHING
    shop.insert((2, "b", 1, 5))
    assert shop.run("large").strategy is Strategy.APPEND
    rows = lake.rows(spec_of(shop.builds["large"].output)).orderBy("order_id").collect()
    assert [(row.order_id, row.customer) for row in rows] == [(1, None), (2, "b")]

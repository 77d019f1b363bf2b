"""Queries in Snowflake's dialect on real gold tables give the numbers that Spark gives.

fakesnow translates them for DuckDB, which reads the tables' metadata and files. It is no proof that Snowflake takes a
statement; it shows that the views which are rendered give the right columns with the right values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fakesnow.instance import FakeSnow
from pyspark.sql import types as spark_types

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.iceberg_schema import create_table
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.domains.orders.gold_dimensions import DimCustomer
from lakehouse.domains.orders.gold_facts import FactOrders
from lakehouse.domains.orders.gold_reports import BasketPairs, CustomerLifetimeValue, OrderFunnel, RevenueDaily
from lakehouse.serving.duckdb import extension
from lakehouse.serving.snowflake import account
from lakehouse.serving.snowflake.iceberg_table import table_name
from lakehouse.serving.snowflake.view import view, view_name
from tests.domains.shop import shop_of

pytestmark = pytest.mark.slow  # a shop's tables are built, and fakesnow takes seconds to begin

TO = SnowflakeSettings(masking=False)
SCHEMAS = (DimCustomer, FactOrders, RevenueDaily, CustomerLifetimeValue, OrderFunnel, BasketPairs)
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def specs(lake: Lake) -> Iterator[dict[str, TableSpec]]:
    """The shop's gold tables, in Iceberg, written by Spark; in a namespace that no other test has."""
    shop, found = shop_of(lake.spark), {}
    for schema in SCHEMAS:
        own = spec_of(schema)
        spec = replace(own, name=f"served_gold.{own.name.split('.')[1]}")
        create_table(lake.catalog, spec)
        frame = shop.frames[own.name]
        frame.select(*spec.struct.names).writeTo(f"{lake.name}.{spec.name}").append()
        found[own.name] = spec
    yield found
    for spec in found.values():
        lake.catalog.drop_table(spec.name)


@pytest.fixture(scope="module")
def snowflake(lake: Lake, specs: dict[str, TableSpec]) -> Any:
    """A cursor that knows the tables, and the views as they are rendered."""
    connection = FakeSnow().connect(database=TO.database, schema="PUBLIC")
    duck, cursor = connection._duck_conn, connection.cursor()
    for name in ("avro", "iceberg"):
        duck.execute(f"LOAD '{extension(name)}'")
    duck.execute("SET TimeZone = 'UTC'")
    for place in (account.layer_schema(TO, "served_gold"), account.table_schema(TO, "served_gold")):
        cursor.execute(account.schema(place, comment="").sql)
    for spec in specs.values():
        file = lake.table(spec.name).metadata_location.removeprefix("file:")
        # What CREATE ICEBERG TABLE does in Snowflake.
        duck.execute(f"CREATE VIEW {table_name(TO, spec)} AS SELECT * FROM iceberg_scan('{file}')")
        cursor.execute(view(TO, spec).sql)
    return cursor


def same(one: Any) -> Any:
    """Give a value as both have it: numbers to 6 places, instants in UTC."""
    if isinstance(one, Decimal | float | int) and not isinstance(one, bool):
        return round(float(one), 6)
    if isinstance(one, datetime):
        return one.replace(tzinfo=None) if one.tzinfo is None else one.astimezone(UTC).replace(tzinfo=None)
    return one


def of(rows: Sequence[Any]) -> Rows:
    return [tuple(same(value) for value in row) for row in rows]


def figures(spec: TableSpec) -> list[str]:
    """Give what is asked of each column: how often it is there, its ends, and its sum if it has one."""
    asked = ["COUNT(*)"]
    for column in spec.columns:
        if column.pii:
            continue
        asked.append(f"COUNT({column.name})")
        if isinstance(column.type, spark_types.NumericType):
            asked.append(f"SUM({column.name})")
        if not isinstance(column.type, spark_types.BooleanType | spark_types.ArrayType):
            asked += [f"MIN({column.name})", f"MAX({column.name})"]
    return asked


@pytest.mark.parametrize("table", [spec_of(schema).name for schema in SCHEMAS])
def test_each_column_of_a_view_has_the_figures_of_the_table(
    lake: Lake, specs: dict[str, TableSpec], snowflake: Any, table: str
) -> None:
    spec = specs[table]
    asked = ", ".join(figures(spec))
    # Session time zones differ; instants do not.
    expected = lake.spark.sql(f"SELECT {asked} FROM {lake.name}.{spec.name}").collect()
    found = snowflake.execute(f"SELECT {asked} FROM {view_name(TO, spec)}").fetchall()
    assert expected[0][0] > 0
    assert [len(row) for row in found] == [len(row) for row in expected]
    assert of(found) == of(as_utc(expected))


def as_utc(rows: Sequence[Any]) -> Rows:
    """Spark's collected instants are in the zone of this process."""
    return [
        tuple(one.astimezone(UTC) if isinstance(one, datetime) and one.tzinfo is None else one for one in row)
        for row in rows
    ]


QUERIES = {
    "by month, with a share": (
        "WITH m AS (SELECT date_trunc('MONTH', day) AS month, currency, sum(net_amount) AS net FROM {revenue_daily}"
        " GROUP BY ALL) SELECT *, round(net / sum(net) OVER (PARTITION BY month), 4) AS share FROM m"
        " WHERE net > 0 ORDER BY month, currency",
        "WITH M AS (SELECT DATE_TRUNC('MONTH', DAY)::TIMESTAMP_NTZ AS MONTH, CURRENCY, SUM(NET_AMOUNT) AS NET"
        " FROM {revenue_daily} GROUP BY ALL) SELECT *,"
        " ROUND(NET / SUM(NET) OVER (PARTITION BY MONTH), 4) AS SHARE"
        " FROM M QUALIFY NET > 0 ORDER BY MONTH, CURRENCY",
    ),
    "the best days": (
        "SELECT day, currency, orders FROM (SELECT *, row_number() OVER (PARTITION BY currency ORDER BY orders DESC,"
        " day) AS n FROM {revenue_daily}) WHERE n <= 2 ORDER BY currency, n",
        "SELECT DAY, CURRENCY, ORDERS FROM {revenue_daily}"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY CURRENCY ORDER BY ORDERS DESC, DAY) <= 2"
        " ORDER BY CURRENCY, ROW_NUMBER() OVER (PARTITION BY CURRENCY ORDER BY ORDERS DESC, DAY)",
    ),
    "orders by the tier that a customer had": (
        "SELECT coalesce(c.tier, '-') AS tier, count(*) AS n, sum(o.order_amount) AS amount FROM {fact_orders} o"
        " LEFT JOIN {dim_customer} c ON o.customer_id = c.customer_id AND c.is_current GROUP BY 1 ORDER BY 1",
        "SELECT NVL(C.TIER, '-') AS TIER, COUNT(*) AS N, SUM(O.ORDER_AMOUNT) AS AMOUNT FROM {fact_orders} O"
        " LEFT JOIN {dim_customer} C ON O.CUSTOMER_ID = C.CUSTOMER_ID AND C.IS_CURRENT GROUP BY 1 ORDER BY 1",
    ),
    "days between a customer's orders": (
        "SELECT currency, max(datediff(last_order_on, first_order_on)) AS days, count_if(orders > 1) AS again"
        " FROM {customer_lifetime_value} GROUP BY 1 ORDER BY 1",
        "SELECT CURRENCY, MAX(DATEDIFF('DAY', FIRST_ORDER_ON, LAST_ORDER_ON)) AS DAYS, COUNT_IF(ORDERS > 1) AS AGAIN"
        " FROM {customer_lifetime_value} GROUP BY 1 ORDER BY 1",
    ),
    "the articles that go together most": (
        "SELECT sku, other_sku, orders FROM {basket_pairs} ORDER BY orders DESC, sku, other_sku LIMIT 10",
        "SELECT TOP 10 SKU, OTHER_SKU, ORDERS FROM {basket_pairs} ORDER BY ORDERS DESC, SKU, OTHER_SKU",
    ),
    "versions by the hour they began": (
        "SELECT hour(valid_from) AS h, count(*) AS n FROM {dim_customer} GROUP BY 1 ORDER BY 1",
        "SELECT HOUR(VALID_FROM) AS H, COUNT(*) AS N FROM {dim_customer} GROUP BY 1 ORDER BY 1",
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_in_snowflakes_dialect_gives_what_spark_gives(
    lake: Lake, specs: dict[str, TableSpec], snowflake: Any, name: str
) -> None:
    spark, dialect = QUERIES[name]
    names = {table.split(".")[1]: spec for table, spec in specs.items()}
    expected = lake.spark.sql(spark.format(**{n: f"{lake.name}.{s.name}" for n, s in names.items()})).collect()
    found = snowflake.execute(dialect.format(**{n: view_name(TO, s) for n, s in names.items()})).fetchall()
    assert expected
    assert of(found) == of(as_utc(expected))

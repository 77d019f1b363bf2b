"""Who ordered, as they were at any instant."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import LongType, StringType, TimestampType

from lakehouse.contract import Column, DataSet, Pii, Rows, Scd2, Versioned, build, conform, doc, table
from lakehouse.domains.orders.silver_customers import CustomerChanges


@table(
    "gold.dim_customer",
    key=("customer_id",),
    newest_by=("changed_at", "log_position"),
    deleted_by="op = 'd'",
    history=Scd2(effective="changed_at", ignore=("op",)),
)
class DimCustomer(Versioned):
    """Where did a customer live, and how did they stand with us, on the day of an order?

    One row per customer and version of name, country or tier, which a deletion ends. No contact data.
    """

    customer_id: Annotated[Column[StringType], doc("Identifier given by the shop")]
    name: Annotated[Column[StringType], doc("Given and family name"), Pii.NAME]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2")]
    tier: Annotated[Column[StringType], doc("Standing with the shop: standard, silver, gold")]
    registered_at: Annotated[Column[TimestampType], doc("Instant of registration", unit="UTC")]
    op: Annotated[Column[StringType], doc("Change that began the version: c created, u updated, r read")]
    changed_at: Annotated[Column[TimestampType], doc("Instant of that change", unit="UTC")]
    log_position: Annotated[Column[LongType], doc("Place of that change in the database's log")]


@build(follows=Rows())
def dim_customer(changes: DataSet[CustomerChanges]) -> DataSet[DimCustomer]:
    """Give each change; the table makes versions of them."""
    return conform(changes, DimCustomer)

"""Customers: each change that the database made, and each customer as they are now."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, TimestampType

from lakehouse.contract import Column, DataSet, Pii, Rows, Schema, Scored, build, conform, doc, table
from lakehouse.domains.orders.bronze import CustomersRaw
from lakehouse.quality import CountryCode, EmailSyntax, NotNull, OneOf, Unique
from lakehouse.transforms.text import squeeze

TIERS = ("standard", "silver", "gold")


@table(
    "silver.customer_changes",
    key=("customer_id", "log_position"),
    newest_by=("source_partition", "source_offset"),
    partitioned_by=("bucket(4, customer_id)",),
)
class CustomerChanges(Schema):
    """One row per change of a customer, deletes too; one that was sent several times is there once."""

    customer_id: Annotated[Column[StringType], doc("Identifier given by the shop")]
    log_position: Annotated[Column[LongType], doc("Place of the change in the database's log")]
    op: Annotated[Column[StringType], doc("c created, u updated, d deleted, r read of a snapshot")]
    changed_at: Annotated[Column[TimestampType], doc("Instant of the change in the database", unit="UTC")]
    name: Annotated[Column[StringType], doc("Given and family name; of a delete the last one"), Pii.NAME]
    email: Annotated[Column[StringType], doc("Lower-case address; of a delete the last one"), Pii.CONTACT]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2; of a delete the last one")]
    tier: Annotated[Column[StringType], doc("Standing with the shop; of a delete the last one")]
    registered_at: Annotated[Column[TimestampType], doc("Instant of registration", unit="UTC")]
    source_partition: Annotated[Column[IntegerType], doc("Kafka partition of the change")]
    source_offset: Annotated[Column[LongType], doc("Kafka offset of the change")]


@build(follows=Rows())
def customer_changes(raw: DataSet[CustomersRaw]) -> DataSet[CustomerChanges]:
    """Flatten each change; of a delete the row before it says whose it is."""
    return conform(_changes(raw), CustomerChanges)


@table(
    "silver.customers",
    key=("customer_id",),
    newest_by=("changed_at", "log_position"),
    deleted_by="op = 'd'",
    partitioned_by=("bucket(4, customer_id)",),
    rules=(Unique("customer_id"),),
)
class Customers(Scored):
    """One row per customer as the database's newest change says, in whatever order the changes came.

    A customer who was deleted stays as a mark that no older change gets past; builds and ``read`` do not see it.
    """

    customer_id: Annotated[Column[StringType], doc("Identifier given by the shop")]
    op: Annotated[Column[StringType], doc("Newest change: c created, u updated, d deleted, r read of a snapshot")]
    changed_at: Annotated[Column[TimestampType], doc("Instant of the newest change", unit="UTC"), NotNull()]
    log_position: Annotated[Column[LongType], doc("Place of the newest change in the database's log")]
    name: Annotated[Column[StringType], doc("Given and family name"), NotNull(), Pii.NAME]
    email: Annotated[Column[StringType], doc("Lower-case address"), NotNull(), EmailSyntax(), Pii.CONTACT]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), NotNull(), CountryCode()]
    tier: Annotated[Column[StringType], doc("Standing with the shop"), NotNull(), OneOf(*TIERS)]
    registered_at: Annotated[Column[TimestampType], doc("Instant of registration", unit="UTC"), NotNull()]


@build(follows=Rows())
def customers(raw: DataSet[CustomersRaw]) -> DataSet[Customers]:
    """Flatten each change; of the rows of a customer the table keeps the newest."""
    return conform(_changes(raw), Customers)


def _changes(raw: DataFrame) -> DataFrame:
    rows = raw.withColumn("row", F.coalesce("record.after", "record.before"))
    # A truncate (op t) has no row, and is of no customer.
    return rows.where(F.col("row").isNotNull()).select(
        squeeze(F.col("row.customer_id")).alias("customer_id"),
        F.col("record.source.lsn").alias("log_position"),
        F.col("record.op").alias("op"),
        F.timestamp_millis("record.source.ts_ms").alias("changed_at"),
        squeeze(F.col("row.name")).alias("name"),
        F.lower(squeeze(F.col("row.email"))).alias("email"),
        F.upper(squeeze(F.col("row.country"))).alias("country"),
        F.lower(squeeze(F.col("row.tier"))).alias("tier"),
        F.try_to_timestamp(F.col("row.created_at")).alias("registered_at"),
        F.col("partition").alias("source_partition"),
        F.col("offset").alias("source_offset"),
    )

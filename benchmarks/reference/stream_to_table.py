"""The barest stream of the same columns: ``readStream … from_json … toTable``, as a user writes it by hand.

No dead letters, no stamps, no look-up: what cannot be parsed becomes a row of nulls.
"""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType


def stream_to_table(
    spark: SparkSession, *, bootstrap_servers: str, topic: str, payload: StructType, table: str, checkpoint: str
) -> None:
    """Stream the whole topic into ``table``, which is made if it is not there, and return when it has caught up."""
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", bootstrap_servers)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .load()
    )
    rows = records.select(
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.current_timestamp().alias("ingested_at"),
        F.from_json(F.col("value").cast("string"), payload).alias("record"),
    )
    query = rows.writeStream.trigger(availableNow=True).option("checkpointLocation", checkpoint).toTable(table)
    query.awaitTermination()

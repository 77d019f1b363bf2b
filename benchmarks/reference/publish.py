"""Changed rows into a table by hand: one ``MERGE`` by key, newest wins, with the score columns of the new rows."""

from __future__ import annotations

from pyspark.sql import DataFrame

from benchmarks.reference.main_job import users_of, with_scores


def merge_silver(messages: DataFrame, table: str) -> None:
    """Merge the newest row of each person of some messages into ``table``.

    Cost: the table is joined with the rows by a sort of both: of an outer join the inner side alone can be sent to all.
    """
    with_scores(users_of(messages)).createOrReplaceTempView("changed_users")
    order = "{0}.updated_at, {0}.source_partition, {0}.source_offset"
    messages.sparkSession.sql(f"""MERGE INTO {table} t USING changed_users s ON t.user_id = s.user_id
        WHEN MATCHED AND struct({order.format("s")}) >= struct({order.format("t")}) THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *""")

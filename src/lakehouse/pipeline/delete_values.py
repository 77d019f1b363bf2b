"""Rows of some values are deleted from the branch of an audit."""

from __future__ import annotations

import uuid

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.publish import Audit
from lakehouse.contract.partitioning import quote_name


def delete_values(audit: Audit, values: DataFrame, *, near: str, few: bool) -> None:
    """Delete the rows that have one of the values, null being one too, by position deletes.

    Cost: of the rows that meet ``near`` (see ``near_values``) these columns are read, without a shuffle where the
    values are ``few`` enough to be sent to every task.
    """
    same = " AND ".join(f"t.{quote_name(name)} <=> s.{quote_name(name)}" for name in values.columns)
    view = f"values_{uuid.uuid4().hex[:12]}"
    (F.broadcast(values) if few else values).createOrReplaceTempView(view)
    try:
        values.sparkSession.sql(
            f"DELETE FROM {audit.target} t WHERE ({near}) AND EXISTS (SELECT 1 FROM {view} s WHERE {same})"
        )
    finally:
        values.sparkSession.catalog.dropTempView(view)

"""A change of a row in someone else's database, as Debezium tells it.

The contract of a topic of changes declares the rows, and what of the source it wants::

    class UserChange(Change):
        before: Annotated[Column[StructType[UserRow]], doc("The row before; null for a new one")]
        after: Annotated[Column[StructType[UserRow]], doc("The row after; null for one that was deleted")]


    @table("bronze.users_cdc", partitioned_by=("dead_letter.reason",))
    class UsersCdc(KafkaRecord):
        record: Annotated[Column[StructType[UserChange]], doc("The change")]
"""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import LongType, StringType

from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema

OPERATIONS = ("c", "d", "r", "t", "u")
"""Create, delete, read (of a snapshot), truncate, update."""


class Change(Schema):
    """What every change has; a class of its own adds ``before``, ``after`` and, if it wants, ``source``."""

    op: Annotated[Column[StringType], required, doc("c create, u update, d delete, r read of a snapshot, t truncate")]
    ts_ms: Annotated[Column[LongType], doc("Instant at which Debezium handled it, since 1970", unit="ms")]

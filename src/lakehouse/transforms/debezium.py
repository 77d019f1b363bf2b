"""Changes of rows as Debezium writes them: what its envelope must have, and which operations there are."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.change import OPERATIONS
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import PAYLOAD, DeadLetterReason
from lakehouse.errors import ContractError

_SHOWN = 60


def check_change(payload: ColumnSpec) -> None:
    """Make sure that a payload is a change.

    Raises:
        ContractError: It has no text field ``op``.
    """
    if not any(field.name == "op" and field.type.simpleString() == "string" for field in payload.fields):
        raise ContractError(
            f"{payload.name} is no change as Debezium writes it: it has no field op: Column[StringType]. Let its class "
            "be a lakehouse.contract.change.Change with the fields before and after"
        )


def judged_change(decoded: DataFrame) -> DataFrame:
    """Refuse operations that are none of Debezium's, and say of a tombstone that it is as it should be."""
    op, reason = F.col(f"{PAYLOAD}.op"), F.col("reason")
    wrong = reason.isNull() & ~F.coalesce(op.isin(*OPERATIONS), F.lit(False))
    known = ", ".join(OPERATIONS)
    found = F.concat(
        F.lit(f"op: expected one of {known}, found "), F.coalesce(F.substring(op, 1, _SHOWN), F.lit("nothing"))
    )
    usual = reason == DeadLetterReason.TOMBSTONE.value
    judged = decoded.withColumn("_wrong", F.coalesce(wrong, F.lit(False))).withColumns(
        {
            "detail": F.when(F.col("_wrong"), found)
            .when(usual, "no fault: it follows a delete, so that a compacted topic forgets the key")
            .otherwise(F.col("detail")),
            "reason": F.when(F.col("_wrong"), DeadLetterReason.CONTRACT_VIOLATION.value).otherwise(reason),
            PAYLOAD: F.when(~F.col("_wrong"), F.col(PAYLOAD)),
        }
    )
    return judged.drop("_wrong")

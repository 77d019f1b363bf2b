"""The quality columns of a table whose rows are scored when it is published."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import DoubleType, LongType, StringType

from lakehouse.contract.marks import Generated, doc
from lakehouse.contract.schema import ArrayType, Column, Schema


class Scored(Schema):
    """Base of a table that keeps each row's score: ``class Users(Scored): …``; a build leaves these columns out."""

    quality_score: Annotated[Column[DoubleType], Generated(), doc("Weighted share of rules that hold, 0 to 1")]
    failed_rules: Annotated[Column[ArrayType[StringType]], Generated(), doc("Names of the rules that failed")]
    quality_mask: Annotated[Column[LongType], Generated(), doc("Bit i is set when rule i of the rule set failed")]
    quality_mask_more: Annotated[
        Column[ArrayType[LongType]], Generated(), doc("Rules 63 and up, 63 a word; null where there are no more")
    ]
    quality_rules: Annotated[Column[StringType], Generated(), doc("Fingerprint of the rule set that the mask means")]

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

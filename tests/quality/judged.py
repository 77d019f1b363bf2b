"""What rules say of values: all cases of a module in one Spark job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.quality.rule import Rule

RIGHT, WRONG, NOT_JUDGED = "right", "wrong", "not judged"


@dataclass(frozen=True)
class Case:
    """A rule, the type of its column, and values by what the rule has to say of them."""

    rule: Rule
    type: str = "string"
    right: Sequence[object] = ()
    wrong: Sequence[object] = ()
    not_judged: Sequence[object] = (None,)

    @property
    def values(self) -> list[object]:
        return [*self.right, *self.wrong, *self.not_judged]

    @property
    def expected(self) -> list[tuple[str, str]]:
        said = [RIGHT] * len(self.right) + [WRONG] * len(self.wrong) + [NOT_JUDGED] * len(self.not_judged)
        return list(zip(map(repr, self.values), said, strict=True))

    def __str__(self) -> str:
        return f"{self.rule.kind}-{self.type}"


def judge(spark: SparkSession, cases: Sequence[Case], *, columns: Sequence[str] = ()) -> list[list[tuple[str, str]]]:
    """Give for each case what its rule says of each of its values.

    Args:
        spark: The session.
        cases: Each becomes a column, so that one job does for all.
        columns: Constant columns that the rules refer to, in SQL.
    """
    rows = max(len(case.values) for case in cases)
    padded = [[*case.values, *[None] * (rows - len(case.values))] for case in cases]
    schema = ", ".join(f"c{n} {case.type}" for n, case in enumerate(cases))
    data = [(row, *values) for row, values in enumerate(zip(*padded, strict=True))]
    df = spark.createDataFrame(data, f"row int, {schema}").selectExpr("*", *columns)
    said = []
    for n, case in enumerate(cases):
        wrong = F.coalesce(case.rule.violated(F.col(f"c{n}")), F.lit(False))
        right = F.when(case.rule.assessed(F.col(f"c{n}")), RIGHT).otherwise(NOT_JUDGED)
        # A rule that finds fault with what it says it does not judge would give scores below 0.
        judged = F.when(case.rule.assessed(F.col(f"c{n}")), WRONG).otherwise("wrong, but not judged")
        said.append(F.when(wrong, judged).otherwise(right).alias(f"s{n}"))
    found = df.orderBy("row").select(*said).collect()
    return [[(repr(value), found[row][n]) for row, value in enumerate(case.values)] for n, case in enumerate(cases)]

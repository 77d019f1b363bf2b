"""What is read from the plan of a query that has run."""

from __future__ import annotations

from benchmarks.spark_status import Ran

ADAPTIVE = """== Physical Plan ==
AdaptiveSparkPlan (9)
+- == Final Plan ==
   ResultQueryStage (6), Statistics(sizeInBytes=8.0 EiB)
   +- * HashAggregate (5)
      +- Exchange (4)
         +- {star}Project (3)
            +- * ColumnarToRow (2)
               +- Scan parquet  (1)
+- == Initial Plan ==
   HashAggregate (8)
   +- Project (7)
      +- Scan parquet  (1)


(1) Scan parquet 
Output [1]: [a#1]

(2) ColumnarToRow [codegen id : 1]

(5) HashAggregate [codegen id : 2]
"""


def ran(plan: str) -> Ran:
    return Ran(cpu=0, shuffled=0, plans=(plan,))


def test_a_plan_of_generated_code_has_nothing_interpreted_and_the_initial_plan_does_not_count() -> None:
    found = ran(ADAPTIVE.format(star="* "))

    assert (found.scans, found.interpreted, found.stages) == (1, (), 2)


def test_a_projection_without_a_star_is_interpreted() -> None:
    assert ran(ADAPTIVE.format(star="")).interpreted == ("Project",)

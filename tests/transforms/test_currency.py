from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.currency import convert_currency, convert_unit

UNITS = [("F", "C", 212.0, 100.0), ("K", "C", 0.0, -273.15), ("km/h", "m/s", 36.0, 10.0), ("lb", "kg", 2.0, 0.907185)]


def test_an_amount_is_worth_what_the_newest_rate_of_its_day_says(spark: SparkSession) -> None:
    rates = spark.createDataFrame(
        [("USD", date(2026, 1, 2), 0.9), ("USD", date(2026, 1, 5), 0.5), ("EUR", date(2026, 1, 1), 1.0)],
        "currency string, day date, rate double",
    )
    asked = {("USD", 1): None, ("USD", 2): 90, ("USD", 4): 90, ("USD", 9): 50, ("EUR", 9): 100, ("XQZ", 9): None}
    rows = [(Decimal(100), currency, date(2026, 1, day)) for currency, day in asked]
    sold = spark.createDataFrame(rows, "amount decimal(12,2), currency string, day date")
    made = convert_currency(sold, rates, amount="amount", currency="currency", day="day", into="amount_eur")
    assert {(row.currency, row.day.day): row.amount_eur for row in made.collect()} == asked


@pytest.mark.parametrize(("from_", "to", "value", "expected"), UNITS)
def test_a_measure_is_the_same_in_another_unit(
    spark: SparkSession, from_: str, to: str, value: float, expected: float
) -> None:
    found = spark.range(1).select(convert_unit(F.lit(value), from_=from_, to=to)).collect()[0][0]
    assert found == pytest.approx(expected, rel=1e-6)


def test_units_of_two_kinds_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"'kg' cannot be converted to 'm'.*length: mm, cm"):
        convert_unit(F.lit(1), from_="kg", to="m")

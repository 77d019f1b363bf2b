"""Amounts in one currency and unit, by tables of rates with dates."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on

_UNITS = {
    "length": {
        "mm": 0.001,
        "cm": 0.01,
        "m": 1.0,
        "km": 1000.0,
        "in": 0.0254,
        "ft": 0.3048,
        "yd": 0.9144,
        "mi": 1609.344,
    },
    "mass": {"mg": 1e-6, "g": 0.001, "kg": 1.0, "t": 1000.0, "oz": 0.028349523125, "lb": 0.45359237},
    "speed": {"m/s": 1.0, "km/h": 1 / 3.6, "mph": 0.44704, "kn": 1852 / 3600},
    "pressure": {"Pa": 1.0, "hPa": 100.0, "kPa": 1000.0, "bar": 1e5, "psi": 6894.757293168},
    "volume": {"ml": 0.001, "l": 1.0, "m3": 1000.0, "gal": 3.785411784},
}
_SCALES = {"C": (1.0, 273.15), "K": (1.0, 0.0), "F": (5 / 9, 459.67 * 5 / 9)}


@runs_on(*SPARK)
def convert_unit(value: Column, *, from_: str, to: str) -> Column:
    """Give a measure in another unit of the same kind: length, mass, speed, pressure, volume, temperature (C, K, F).

    Rows: unchanged. Columns: a double, null for null. Cost: a multiplication, no shuffle.

    Raises:
        ValueError: A unit is not known, or the two are of different kinds.

    Source: NIST SP 811, appendix B.
    """
    if from_ in _SCALES and to in _SCALES:
        (scale, zero), (other, other_zero) = _SCALES[from_], _SCALES[to]
        return (value.cast("double") * scale + (zero - other_zero)) / other
    for units in _UNITS.values():
        if from_ in units and to in units:
            return value.cast("double") * (units[from_] / units[to])
    kinds = {kind: ", ".join(units) for kind, units in _UNITS.items()} | {"temperature": ", ".join(_SCALES)}
    known = "; ".join(f"{kind}: {units}" for kind, units in kinds.items())
    raise ValueError(f"{from_!r} cannot be converted to {to!r}: both have to be units of one kind ({known})")


@runs_on(*SPARK)
def convert_currency(df: DataFrame, rates: DataFrame, *, amount: str, currency: str, day: str, into: str) -> DataFrame:
    """Add amounts in one currency, by the rate of the day, or of the last day before it that has one.

    Rows: unchanged. Columns: those of ``df`` and ``into``, decimal(22,2) rounded half up; null where there is no rate
    yet, or the amount, currency or day is null. Cost: the rates, which should be few, are sent to every task; no
    shuffle of ``df``. Batch and stream.

    Args:
        df: Amounts.
        rates: ``currency``, ``day`` and ``rate``: what one of the currency was worth that day. The target itself has
            a rate of 1 in it.
        amount: Column of the amount.
        currency: Column of its currency.
        day: Column of its day.
        into: Name of the new column.
    """
    later = Window.partitionBy("currency").orderBy("day")
    held = rates.select(
        F.col("currency").alias("__currency"),
        F.col("day").alias("__from"),
        F.lead("day").over(later).alias("__until"),
        F.col("rate").cast("decimal(18,8)").alias("__rate"),
    )
    is_of = (
        (F.col(currency) == F.col("__currency"))
        & (F.col(day) >= F.col("__from"))
        & (F.col("__until").isNull() | (F.col(day) < F.col("__until")))
    )
    value = F.round(F.col(amount).cast("decimal(18,2)") * F.col("__rate"), 2).cast("decimal(22,2)")
    return df.join(F.broadcast(held), is_of, "left").select(*df.columns, value.alias(into))

"""Telephone numbers to E.164 by expressions, against ``phonenumbers`` in a UDF, and how often the two agree."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from phonenumbers import re_util
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.measure import Timing, interleave, medians
from benchmarks.phone_numbers import Typed, parsed, typed_numbers
from benchmarks.reference.phone_udf import phone_udf
from benchmarks.result import Result
from lakehouse.config import Settings
from lakehouse.session import make_session
from lakehouse.transforms.phone import parse_phone

ROWS = {"small": 500_000, "full": 2_000_000}
REPEATS = {"small": 3, "full": 5}
_FEW = 1_000
_OURS, _FEW_OURS, _CACHED, _PLAIN = "ours", "few", "with its pattern cache", "as it comes"
# The UDFs get a part of the rows; they have next to no start, so that the others would cost them the same.
_PART = {_CACHED: 0.4, _PLAIN: 0.1}


def run(size: str) -> list[Result]:
    """Parse the same numbers by expressions and by the UDF in both ways, in turn, and compare all of them."""
    numbers = typed_numbers(ROWS[size])
    with _rows(numbers) as rows:
        ours = parse_phone(F.col("text"), country=F.col("country"))
        candidates = {_OURS: _writer(rows, ours), _FEW_OURS: _writer(_first(rows, _FEW), ours)}
        for way, part in _PART.items():
            udf = phone_udf(F.col("text"), F.col("country"), cached=way == _CACHED)
            candidates[way] = _writer(_first(rows, round(part * len(numbers))), udf)
        timings = {name: medians(runs) for name, runs in interleave(candidates, repeats=REPEATS[size]).items()}
        differ = _differences(rows, numbers)
    notes = [
        f"agreement {100 - 100 * differ.total() / len(numbers):.4f} % of {len(numbers):,}",
        *(f"{count} × {kind}" for kind, count in differ.most_common()),
        f"{_FEW:,} rows take {timings[_FEW_OURS].wall:.2f} s and {timings[_FEW_OURS].cpu:.2f} CPU s",
    ]
    return [_result(way, timings, len(numbers), REPEATS[size], "; ".join(notes)) for way in _PART]


def _result(way: str, timings: dict[str, Timing], rows: int, repeats: int, note: str) -> Result:
    mine, theirs = timings[_OURS].cpu, timings[way].cpu / _PART[way]
    return Result(
        name=f"telephone numbers to E.164, phonenumbers {way}",
        value=round(rows / mine),
        unit="rows/CPU s",
        reference="phonenumbers in an Arrow UDF",
        reference_value=round(rows / theirs),
        ratio=round(theirs / mine, 2),
        repeats=repeats,
        cpu_seconds=round(mine, 2),
        reference_cpu_seconds=round(theirs, 2),
        note=note,
    )


@contextmanager
def _rows(numbers: list[Typed]) -> Iterator[DataFrame]:
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    settings = Settings.model_validate(
        {
            "catalog": {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"},
            "session": {"master": "local[1]", "driver_memory": "2g"},
        }
    )
    # The workers of the UDF are of this Python, and find this package.
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(Path.cwd())}
    spark = make_session(settings)
    try:
        made = [(place, *number) for place, number in enumerate(numbers)]
        spark.createDataFrame(made, "place int, text string, country string").write.parquet(f"{folder}/numbers")
        yield spark.read.parquet(f"{folder}/numbers")
    finally:
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _first(rows: DataFrame, count: int) -> DataFrame:
    return rows.where(F.col("place") < count)


def _writer(rows: DataFrame, phone: Column) -> Callable[[int], None]:
    def write(number: int) -> None:
        del number
        rows.select(phone).write.format("noop").mode("overwrite").save()

    return write


def _differences(rows: DataFrame, numbers: list[Typed]) -> Counter[str]:
    """Count what ``phonenumbers`` sees otherwise: what it says, and what we say."""
    re_util.enable_pattern_cache()
    phone = parse_phone(F.col("text"), country=F.col("country"))
    found = rows.select("place", phone.alias("phone")).select("place", "phone.*").drop("extension")
    differ: Counter[str] = Counter()
    for place, *ours in found.toLocalIterator():
        theirs = parsed(*numbers[place])
        if tuple(ours) != theirs:
            differ[f"{theirs[3] or 'valid'} there, {ours[3] or 'valid'} here"] += 1
    return differ

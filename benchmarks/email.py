"""Addresses of mail by expressions, against ``email-validator`` in a UDF, and how often the two agree."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.email_addresses import addresses, agrees, validated
from benchmarks.measure import Timing, interleave, medians
from benchmarks.reference.email_udf import email_udf
from benchmarks.result import Result
from lakehouse.config import Settings
from lakehouse.session import make_session
from lakehouse.transforms.email import parse_email

ROWS = {"small": 500_000, "full": 2_000_000}
REPEATS = {"small": 3, "full": 5}
_FEW = 1_000
# A table of customers has a few addresses of other scripts, and a few mistyped ones; nothing has so many as the other.
_KINDS = {"as customers have them": 0.03, "of any kind": 0.35}
_FEW_OURS = "few"
# The UDF gets a part of the rows; it has next to no start, so that the others would cost it the same.
_PART = 0.2


def run(size: str) -> list[Result]:
    """Parse the same addresses by expressions and by the UDF, in turn, and compare all of them."""
    made = {kind: addresses(ROWS[size], odd=odd, faults=odd) for kind, odd in _KINDS.items()}
    results = []
    with _rows(made) as tables:
        candidates = {_FEW_OURS: _writer(_first(tables["of any kind"], _FEW), parse_email)}
        for kind, rows in tables.items():
            candidates[f"ours {kind}"] = _writer(rows, parse_email)
            candidates[f"theirs {kind}"] = _writer(_first(rows, round(_PART * ROWS[size])), email_udf)
        timings = {name: medians(runs) for name, runs in interleave(candidates, repeats=REPEATS[size]).items()}
        few = f"{_FEW:,} rows take {timings[_FEW_OURS].wall:.2f} s and {timings[_FEW_OURS].cpu:.2f} CPU s"
        for kind, rows in tables.items():
            differ = _differences(rows, made[kind])
            agreement = f"agreement {100 - 100 * differ.total() / ROWS[size]:.4f} % of {ROWS[size]:,}"
            notes = (agreement, *(f"{count} × {one}" for one, count in differ.most_common()), few)
            results.append(_result(kind, timings, ROWS[size], REPEATS[size], "; ".join(notes)))
    return results


def _result(kind: str, timings: dict[str, Timing], rows: int, repeats: int, note: str) -> Result:
    mine, theirs = timings[f"ours {kind}"].cpu, timings[f"theirs {kind}"].cpu / _PART
    return Result(
        name=f"addresses of mail {kind}",
        value=round(rows / mine),
        unit="rows/CPU s",
        reference="email-validator in an Arrow UDF",
        reference_value=round(rows / theirs),
        ratio=round(theirs / mine, 2),
        repeats=repeats,
        cpu_seconds=round(mine, 2),
        reference_cpu_seconds=round(theirs, 2),
        note=note,
    )


@contextmanager
def _rows(made: dict[str, list[str]]) -> Iterator[dict[str, DataFrame]]:
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
        for kind, texts in made.items():
            rows = spark.createDataFrame(list(enumerate(texts)), "place int, text string")
            rows.write.parquet(f"{folder}/{kind}")
        yield {kind: spark.read.parquet(f"{folder}/{kind}") for kind in made}
    finally:
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _first(rows: DataFrame, count: int) -> DataFrame:
    return rows.where(F.col("place") < count)


def _writer(rows: DataFrame, verb: Callable[[Column], Column]) -> Callable[[int], None]:
    def write(number: int) -> None:
        del number
        rows.select(verb(F.col("text"))).write.format("noop").mode("overwrite").save()

    return write


def _differences(rows: DataFrame, texts: list[str]) -> Counter[str]:
    """Count what ``email-validator`` sees otherwise: what it says, and what we say."""
    found = rows.select("place", parse_email(F.col("text")).alias("email")).select(
        "place", "email.address", "email.reason"
    )
    differ: Counter[str] = Counter()
    for place, address, reason in found.toLocalIterator():
        theirs = validated(texts[place])
        if not agrees(theirs, address, reason):
            differ[f"{'valid' if theirs else 'refused'} there, {reason or 'valid'} here"] += 1
    return differ

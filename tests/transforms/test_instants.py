from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.instants import parse_instant

INSTANTS = {
    "2026-03-01T12:30:00Z": "2026-03-01 12:30:00",
    "2026-03-01T12:30:00+02:00": "2026-03-01 10:30:00",
    " 2026-03-01 12:30:00 ": "2026-03-01 11:30:00",
    "2026-07-01 12:30": "2026-07-01 10:30:00",
    "01.03.2026 12:30": "2026-03-01 11:30:00",
    "31/12/2025": "2025-12-30 23:00:00",
    "1 Mar 2026": "2026-02-28 23:00:00",
    "20260301": "2026-02-28 23:00:00",
    "1772368200": "2026-03-01 12:30:00",
    "1772368200000": "2026-03-01 12:30:00",
    "2026-13-01": None,
    "12:30": None,
    "2026": None,
    "soon": None,
    "": None,
}


def test_instants_are_read_in_the_formats_that_people_use(spark: SparkSession) -> None:
    df = spark.createDataFrame([(text,) for text in INSTANTS], "text string")
    instant = parse_instant(F.col("text"), zone="Europe/Oslo").cast("string").alias("instant")
    assert {row.text: row.instant for row in df.select("text", instant).collect()} == INSTANTS

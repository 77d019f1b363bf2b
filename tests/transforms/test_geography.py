from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.geography import distance_km, geohash, is_on_earth


def test_a_geohash_is_that_of_others(spark: SparkSession) -> None:
    # From the description of geohash.org, and the corners of the earth.
    known = {
        (57.64911, 10.40744): "u4pruydqqvj",
        (42.6, -5.6): "ezs42e44yx9",
        (-90.0, -180.0): "00000000000",
        (90.0, 180.0): "zzzzzzzzzzz",
        (91.0, 0.0): None,
    }
    df = spark.createDataFrame(list(known), "north double, east double")
    found = df.select("north", "east", geohash(F.col("north"), F.col("east"), length=11).alias("cell")).collect()
    assert {(row.north, row.east): row.cell for row in found} == known


def test_distances_are_those_along_the_globe(spark: SparkSession) -> None:
    oslo, sydney = (59.9139, 10.7522), (-33.8688, 151.2093)
    pairs = [(*oslo, *oslo), (*oslo, *sydney), (*sydney, *oslo), (0.0, 0.0, 0.0, 180.0)]
    df = spark.createDataFrame(pairs, "a double, b double, c double, d double")
    found = [row[0] for row in df.select(distance_km(*(F.col(name) for name in "abcd"))).collect()]
    assert found == pytest.approx([0.0, 15_963, 15_963, 20_015.1], rel=0.002)


def test_coordinates_off_the_globe_or_of_those_who_know_none_are_told(spark: SparkSession) -> None:
    known = {(59.9, 10.8): True, (90.1, 0.0): False, (0.0, -180.5): False, (0.0, 0.0): False, (None, 1.0): None}
    df = spark.createDataFrame(list(known), "north double, east double")
    found = df.select("north", "east", is_on_earth(F.col("north"), F.col("east")).alias("could_be")).collect()
    assert {(row.north, row.east): row.could_be for row in found} == known


def test_a_geohash_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 12"):
        geohash(F.lit(0.0), F.lit(0.0), length=13)

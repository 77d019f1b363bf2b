from __future__ import annotations

from importlib.resources import files
from zoneinfo import ZoneInfo

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.country_places import FILE, country_places, is_in_country, time_zone, time_zones
from lakehouse.transforms.country_places_file import joined, one_clock

PLACES = {
    ("Oslo", 59.91, 10.75, "NO"): True,
    ("Oslo, swapped", 10.75, 59.91, "NO"): False,
    ("Oslo, in Denmark", 59.91, 10.75, "DK"): False,
    ("Honolulu", 21.31, -157.86, "US"): True,
    ("between California and Hawaii", 30.0, -140.0, "US"): False,
    ("Attu, behind the date line", 52.9, 172.9, "US"): True,
    ("of no country", 59.91, 10.75, "XX"): None,
    ("of a part of France", 4.92, -52.31, "GF"): None,
    ("unknown", None, 10.75, "NO"): None,
}


def test_coordinates_are_in_a_box_of_the_country_or_not(spark: SparkSession) -> None:
    df = spark.createDataFrame(list(PLACES), "place string, north double, east double, code string")
    found = df.select("place", is_in_country(F.col("north"), F.col("east"), F.col("code")).alias("inside")).collect()
    assert {row.place: row.inside for row in found} == {place: inside for (place, *_), inside in PLACES.items()}


def test_a_country_has_a_time_zone_where_all_its_clocks_tell_the_same(spark: SparkSession) -> None:
    wanted = {"NO": "Europe/Oslo", "DE": "Europe/Berlin", "IN": "Asia/Kolkata", "US": None, "XX": None, None: None}
    df = spark.createDataFrame([(code,) for code in wanted], "code string")
    found = df.select(
        "code", time_zone(F.col("code")).alias("zone"), time_zones(F.col("code")).alias("zones")
    ).collect()
    assert {row.code: row.zone for row in found} == wanted
    zones = {row.code: row.zones for row in found}
    assert (zones["NO"], zones["US"][0], zones["XX"]) == (["Europe/Oslo"], "America/New_York", None)


def test_the_file_says_its_sources_and_its_zones_are_known() -> None:
    head = [line for line in (files("lakehouse.transforms") / FILE).read_text().splitlines() if line.startswith("#")]
    assert [
        word for word in ("tzdata", "Natural Earth", "public domain", "Made on") if word not in " ".join(head)
    ] == []
    assert all(ZoneInfo(zone) for place in country_places().values() for zone in place.zones)
    boxes = [box for place in country_places().values() for box in place.boxes]
    assert all(-90 <= s < n <= 90 and -180 <= w < e <= 180 for s, w, n, e in boxes)


def test_boxes_that_are_near_become_one_and_others_do_not() -> None:
    near, far = (0.0, 0.0, 1.0, 1.0), (9.0, 9.0, 10.0, 10.0)
    assert joined([near, far, (2.5, 0.0, 3.0, 1.0)]) == [far, (0.0, 0.0, 3.0, 1.0)]
    # Two that are far apart are near the third.
    assert joined([(0.0, 0.0, 1.0, 1.0), (4.0, 0.0, 5.0, 1.0), (1.0, 0.0, 4.0, 1.0)]) == [(0.0, 0.0, 5.0, 1.0)]


def test_zones_have_one_clock_by_their_offsets() -> None:
    assert one_clock(["Europe/Berlin", "Europe/Busingen"])
    assert not one_clock(["America/Denver", "America/Phoenix"])

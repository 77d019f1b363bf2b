"""Where countries lie, and what their clocks tell: time zones, and whether coordinates can be in a country."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on
from lakehouse.transforms.literal_lookup import looked_up

FILE = "country_places.tsv"


class CountryPlace(NamedTuple):
    """The time zones of a country by their IANA names, one where all its clocks tell the same, and its boxes."""

    zones: tuple[str, ...]
    boxes: tuple[tuple[float, ...], ...]
    """South, west, north and east [degrees]; none of territories that lie within the borders of another country."""


@cache
def country_places() -> dict[str, CountryPlace]:
    """Read all of them, by ISO 3166-1 alpha-2 code. Cost: a file of 20 kB, once."""
    found = {}
    for line in (files("lakehouse.transforms") / FILE).read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            code, zones, boxes = line.split("\t")
            corners = tuple(tuple(map(float, box.split())) for box in boxes.split(";") if box)
            found[code] = CountryPlace(tuple(zones.split()), corners)
    return found


@runs_on(*SPARK)
def time_zone(code: Column) -> Column:
    """Give the IANA time zone of a country whose clocks have all told the same since 2000: ``Europe/Oslo`` of ``NO``.

    Of a country with several, such as ``US``, it is null: which one it is depends on the place, and the first would be
    wrong without a sign of it. ``time_zones`` gives them all.

    Rows: unchanged. Columns: text. Cost: 1 µs per row; no shuffle, no Python; batch and stream.

    Args:
        code: ISO 3166-1 alpha-2 in capitals, as ``country_code`` gives it.

    Source: IANA time zone database, ``zone.tab``.
    """
    zones = time_zones(code)
    return F.when(F.size(zones) == 1, F.get(zones, F.lit(0)))


@runs_on(*SPARK)
def time_zones(code: Column) -> Column:
    """Give the IANA time zones of a country [array], that of most of its people first; null of none.

    Rows: unchanged. Cost, arguments, source: those of ``time_zone``.
    """
    # A slash ends what stands for a word.
    table = {one: " ".join(place.zones).replace("/", "|") for one, place in country_places().items()}
    text = F.nullif(looked_up(code, table, default=""), F.lit(""))
    return F.split(F.translate(text, "|", "/"), " ")


@runs_on(*SPARK)
def is_in_country(latitude: Column, longitude: Column, code: Column) -> Column:
    """Tell whether coordinates are roughly in a country: within a box around it, or around one of its parts.

    What is not in a box is in another country, or at sea. What is may be in a neighbour all the same: it finds
    coordinates that are swapped, of another sign or of another country, and proves nothing.

    Rows: unchanged. Columns: boolean; null where a coordinate is, and of what is no country with borders of its own.
    Cost: some 3 µs per row; no shuffle, no Python; batch and stream.

    Args:
        latitude: Degrees.
        longitude: Degrees, -180 to 180.
        code: ISO 3166-1 alpha-2 in capitals, as ``country_code`` gives it.

    Source: borders of Natural Earth, 1:10m, in tenths of a degree; parts 2 degrees apart have boxes of their own.
    """
    table = {one: _text(place) for one, place in country_places().items() if place.boxes}
    boxes = F.split(F.nullif(looked_up(code, table, default=""), F.lit("")), ";")

    def holds(box: Column) -> Column:
        south, west, north, east = (F.get(F.split(box, " "), F.lit(at)).cast("double") for at in range(4))
        return latitude.between(south, north) & longitude.between(west, east)

    return F.exists(boxes, holds)


def _text(place: CountryPlace) -> str:
    return ";".join(" ".join(f"{degrees:g}" for degrees in box) for box in place.boxes)

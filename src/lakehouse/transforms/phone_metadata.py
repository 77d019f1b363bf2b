"""``python -m lakehouse.transforms.phone_metadata``: make the tables of telephone numbers anew from ``phonenumbers``.

They are a file of the package, so that no cluster needs ``phonenumbers``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.transforms.phone_layout import Row, Walks, laid_out
from lakehouse.transforms.phone_plan import CallingCode, Graph, Leaf, Outcome, Region
from lakehouse.transforms.phone_tables import FILE, LONGEST

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneMetadata

Plans = dict[int, dict[str, "PhoneMetadata"]]

_TOO_SHORT, _TOO_LONG = Outcome(reason="too_short"), Outcome(reason="too_long")


def numbering_plans() -> Plans:
    """Give the plans of ``phonenumbers`` by calling code and region, the main region first."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
    from phonenumbers.phonemetadata import PhoneMetadata

    found: Plans = {}
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        plans = {region: PhoneMetadata.metadata_for_region_or_calling_code(code, region) for region in regions}
        found[code] = {region: plan for region, plan in plans.items() if plan is not None}
    return found


def source(plans: Plans) -> str:
    """Give a fingerprint of the plans: it changes with what the tables are made of, not with every release."""
    return hashlib.sha256(repr(plans).encode()).hexdigest()


def tables_of(plans: Plans) -> dict[str, object]:
    """Give the fields of ``PhoneTables``. Cost: about a minute; the same plans give the same tables."""
    from phonenumbers import __version__

    graph = Graph()
    calling = [CallingCode(regions) for regions in plans.values()]
    dialling = {region: plan for regions in plans.values() for region, plan in regions.items() if region != "001"}
    walks = Walks(
        codes=[str(code) for code in plans],
        regions={region: str(plan.country_code) for region, plan in dialling.items()},
        valid=[[*_begins(one.valid, graph, LONGEST), _TOO_LONG] for one in calling],
        typed=[[*_begins(one.typed, graph, LONGEST), _TOO_LONG] for one in calling],
        dialled=[_begins(Region(plan).dialled, graph, LONGEST) for plan in dialling.values()],
        nodes=[list(node) for node in graph.nodes],
    )
    return {"version": __version__, "source": source(plans), **laid_out(walks)}


def packed(tables: dict[str, object]) -> bytes:
    """Give the bytes of the file. What zlib makes of the same tables may differ from release to release of it."""
    return gzip.compress(json.dumps(tables, separators=(",", ":")).encode(), mtime=0)


def _begins(grow: Callable[[Graph, int], Leaf | int], graph: Graph, longest: int) -> Row:
    """Give where walks begin, by the number of digits; with fewer than two there is no number."""
    return [_TOO_SHORT, _TOO_SHORT, *(grow(graph, length) for length in range(2, longest + 1))]


def main() -> None:
    """Write the file beside this module."""
    file = Path(__file__).with_name(FILE)
    tables = tables_of(numbering_plans())
    file.write_bytes(packed(tables))
    print(f"{file.name}: the numbering plans of phonenumbers {tables['version']}, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

"""A table without a key, which gets rows as they come, built twice with Sail; prints what was published each time."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from acme_lake.bronze import ScansRaw
from pyspark.sql.types import LongType, StringType

from lakehouse import Column, DataSet, Schema, build, conform, table
from lakehouse.catalog.connect import open_lake
from lakehouse.contract import Rows
from lakehouse.contract.build import build_of
from lakehouse.pipeline.run import Run, run_build
from lakehouse.session import make_session
from tests.engines.filled_lakes import add_scans, catalog_in, settings_in


@table("silver.sightings", sorted_by=("offset",))
class Sightings(Schema):
    """One row per scan."""

    parcel: Column[StringType]
    offset: Column[LongType]


@build(follows=Rows())
def sightings(scans: DataSet[ScansRaw]) -> DataSet[Sightings]:
    """Keep which parcel was seen."""
    return conform(scans.select("record.parcel", "offset"), Sightings)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    settings = settings_in(folder)
    found, spec = [], build_of(sightings)
    assert spec is not None
    lake = open_lake(settings, make_session(settings))
    for numbers in (range(30), range(30, 50)):
        add_scans(catalog_in(folder), ScansRaw, numbers)
        built = run_build(lake, spec, Run(minimum_score=lambda *_: 0.0))
        rows = lake.table("silver.sightings").scan().to_arrow()
        found.append([built.strategy, sorted(rows["offset"].to_pylist())])
    print(json.dumps(found))

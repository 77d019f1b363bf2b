"""What the dispatcher looks at."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType

from acme_lake.silver import Parcels
from lakehouse import Column, DataSet, Schema, build, conform, doc, table
from lakehouse.contract import Groups


@table("gold.depot_load", key=("depot",))
class DepotLoad(Schema):
    """One row per depot."""

    depot: Annotated[Column[StringType], doc("Depot")]
    parcels: Annotated[Column[LongType], doc("Parcels that were scanned there last", unit="parcels")]


@build(follows=Groups("depot"))
def depot_load(parcels: DataSet[Parcels]) -> DataSet[DepotLoad]:
    """Count parcels by depot."""
    known = parcels.where(Parcels.depot.isNotNull())
    return conform(known.groupBy(Parcels.depot).agg(F.count("*").alias("parcels")), DepotLoad)

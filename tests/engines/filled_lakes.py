"""Bronze of the courier without Kafka and without a session: written by PyIceberg, read by any engine."""

from __future__ import annotations

import importlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyspark.sql import SparkSession

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.iceberg_schema import iceberg_partitions, iceberg_schema
from lakehouse.config import Settings
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.schema import Schema
from lakehouse.contract.table import spec_of
from lakehouse.session import catalog_conf

ACME = Path(__file__).parent.parent / "acme_lake"
_START = datetime(2026, 1, 1, tzinfo=UTC)


def settings_in(folder: Path) -> Settings:
    there = {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"{folder}/warehouse"}
    return Settings.model_validate({"catalog": there, "session": {"engine": "sail"}})


def catalog_in(folder: Path) -> Catalog:
    return open_catalog(settings_in(folder))


def courier_module(name: str) -> ModuleType:
    """Import a module of the courier's package, which lies beside the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ACME))
        return importlib.import_module(f"acme_lake.{name}")


def scans_raw() -> type[Schema]:
    found: type[Schema] = courier_module("bronze").ScansRaw
    return found


def lake_in(folder: Path, spark: SparkSession) -> Lake:
    """Give the lake of a folder to a session that has another."""
    name = f"lake_{folder.name}"
    settings = Settings.model_validate({"catalog": {**settings_in(folder).catalog.model_dump(), "name": name}})
    for key, value in catalog_conf(settings.catalog).items():
        if not key.endswith("defaultCatalog"):
            spark.conf.set(key, value)
    return Lake(spark, open_catalog(settings), name)


def make(catalog: Catalog, schema: type[Schema]) -> None:
    spec, columns = spec_of(schema), iceberg_schema(spec_of(schema))
    catalog.create_namespace_if_not_exists(spec.namespace)
    partitions = iceberg_partitions(spec, columns)
    catalog.create_table_if_not_exists(spec.name, columns, partition_spec=partitions, properties=table_properties(spec))


def add_scans(catalog: Catalog, schema: type[Schema], numbers: range) -> None:
    """Append scans: of a few parcels, some with a depot that is not there, some dead letters."""
    make(catalog, schema)
    target, chance = catalog.load_table(spec_of(schema).name), random.Random(numbers.start)
    columns = target.schema().as_arrow()
    letter = {field.name: None for field in columns.field("dead_letter").type} | {"reason": "missing_required"}
    rows = []
    for number in numbers:
        scan = {
            "parcel": f"P{chance.randrange(40)}",
            "depot": chance.choice(["Gent", "Utrecht", "Århus", None]),
            "status": chance.choice(["received", "sorted", "delivered", "teleported"]),
            "weight_kg": chance.choice([0.0, 31.5, 99.0, float("nan"), None]),
        }
        good = number % 10 > 0
        at = _START + timedelta(microseconds=number)
        where = {"topic": "scans", "partition": number % 3, "offset": number, "kafka_timestamp": at, "ingested_at": at}
        rows.append({**where, "record": scan if good else None, "dead_letter": None if good else letter})
    target.append(pa.Table.from_pylist(rows, schema=columns))

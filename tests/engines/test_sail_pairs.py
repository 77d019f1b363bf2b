"""What is declared for Sail gives there what it gives on Spark: functions, casts, steps of plans, rules, transforms."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog
from pyspark.sql import SparkSession

from lakehouse import transforms
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import build_of
from lakehouse.contract.engine import Engine, engines_of
from lakehouse.engines.sail_functions import BY_TYPE, CASTS, FUNCTIONS
from lakehouse.pipeline.cost import FOLLOW_ALWAYS
from lakehouse.pipeline.engine_check import left_behind
from lakehouse.pipeline.run import Run, run_build
from lakehouse.quality.rule_file import rule_kinds
from tests.conftest import needs_spark_4
from tests.engines import sail_cases, sail_pairs
from tests.engines.filled_lakes import add_scans, catalog_in, courier_module, lake_in, scans_raw
from tests.engines.test_sail_run import python_with_acme, run

pytestmark = needs_spark_4("Sail is a server for the client of PySpark 4")

WORKER = """
import json
from lakehouse.config import Settings
from lakehouse.session import make_session
from tests.engines import sail_cases, sail_pairs
spark = make_session(Settings.model_validate({"session": {"engine": "sail"}}))
print(json.dumps({**sail_cases.answers(spark), **sail_pairs.answers(spark)}))
"""
OTHER_SPELLINGS = {"<>", "!=", "!"}
"""Of SQL, for what is tried by another name."""


def tried(name: str) -> str:
    """Give the function, cast or step that a case is about."""
    return name.removeprefix("cast ").split(" ")[0].lower()


@pytest.mark.slow  # both engines, some hundred queries
def test_all_that_sail_is_trusted_with_gives_the_rows_that_spark_gives(spark: SparkSession, tmp_path: Path) -> None:
    done = python_with_acme("-c", WORKER, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    on_sail = json.loads(done.stdout)
    on_spark = {**sail_cases.answers(spark), **sail_pairs.answers(spark)}
    failed = {name: text for name, text in on_spark.items() if text.startswith("error")}
    other = {name: (text, on_sail[name]) for name, text in on_spark.items() if text != on_sail[name]}
    assert failed == {}
    assert {name: found for name, found in other.items() if name not in sail_cases.UNLIKE} == {}
    assert set(sail_cases.UNLIKE) <= other.keys(), "Sail has changed: what is equal now can be trusted"


@pytest.mark.slow
def test_the_couriers_lake_is_the_same_on_both(spark: SparkSession, tmp_path: Path) -> None:
    for engine in Engine:
        (tmp_path / engine).mkdir()
    lake, sail = lake_in(tmp_path / Engine.SPARK, spark), catalog_in(tmp_path / Engine.SAIL)
    for catalog in (lake.catalog, sail):
        add_scans(catalog, scans_raw(), range(300))
    run(tmp_path / Engine.SAIL)
    build_courier(lake, "silver", "parcels")
    build_courier(lake, "gold", "depot_load")
    assert published(sail) == published(lake.catalog)
    # A merge leaves position deletes, which PyIceberg would leave behind.
    add_scans(lake.catalog, scans_raw(), range(300, 310))
    build_courier(lake, "silver", "parcels")
    (left,) = left_behind(lake.table("silver.parcels"))
    assert "`lakehouse maintain silver.parcels`" in left


def build_courier(lake: Lake, module: str, name: str) -> None:
    build = build_of(getattr(courier_module(module), name))
    assert build is not None
    run_build(lake, build, Run(minimum_score=lambda _table, _declared: 0.5, costs=FOLLOW_ALWAYS))


def published(catalog: Catalog) -> dict[str, object]:
    """Give rows and scores of both tables, and how they are laid out."""
    tables = {name: catalog.load_table(name) for name in ("silver.parcels", "gold.depot_load")}
    return {
        name: (
            sorted(map(repr, table.scan().to_arrow().to_pylist())),
            json.loads(table.current_snapshot().summary["lakehouse.score"] or "null"),  # type: ignore[union-attr,index]
            str(table.schema()),
            str(table.spec()),
        )
        for name, table in tables.items()
    }


def test_each_function_and_cast_that_is_trusted_was_tried() -> None:
    values = {*sail_cases.VALUES, *sail_cases.OVER, *sail_cases.AGGREGATES, *sail_cases.ROW_MAKERS}
    functions = {tried(name) for name in values if name not in sail_cases.UNLIKE}
    casts = {tried(name) for name in sail_cases.CASTS}
    assert functions >= FUNCTIONS - OTHER_SPELLINGS
    assert BY_TYPE.keys() <= functions
    assert casts >= CASTS.keys()


def test_each_rule_that_is_declared_for_sail_was_tried() -> None:
    declared = {rule for rule in rule_kinds().values() if Engine.SAIL in rule.engines}
    assert declared == {*sail_pairs.ROW_RULES, *sail_pairs.TABLE_RULES}


def test_each_transform_that_is_declared_for_sail_was_tried() -> None:
    names = [found.name for found in pkgutil.iter_modules(transforms.__path__, "lakehouse.transforms.")]
    functions = {one for name in names for one in vars(importlib.import_module(name)).values() if callable(one)}
    declared = {one for one in functions if hasattr(one, "__engines__") and Engine.SAIL in engines_of(one)}
    assert declared == {*sail_pairs.COLUMNS, *sail_pairs.FRAMES}

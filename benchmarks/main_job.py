"""The main job, from Kafka to gold with its scores and publishes, against the same by hand in the same session."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import functions as F

from benchmarks.measure import Timing, medians, peak_memory_mib, timed
from benchmarks.reference import main_job as by_hand
from benchmarks.result import Result
from benchmarks.sample_topic import SampleTopic, sample_topic
from lakehouse.catalog.connect import open_lake
from lakehouse.catalog.iceberg import Lake
from lakehouse.cli.ingest import ingest_of
from lakehouse.cli.run import retention_of
from lakehouse.config import Settings, load
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.domains.users.gold import DimUser, UserDemographics, UserGrowthDaily
from lakehouse.domains.users.silver import Users
from lakehouse.pipeline.graph import discover
from lakehouse.pipeline.run import Run, run_build
from lakehouse.pipeline.stream import run_stream
from lakehouse.session import make_session

COUNTS = {"small": 100_000, "full": 1_000_000}
REPEATS = {"small": 3, "full": 3}
_BRONZE, _SILVER = spec_of(UsersRaw), spec_of(Users)
_GOLD = tuple(map(spec_of, (DimUser, UserGrowthDaily, UserDemographics)))
# A script by hand keeps no mask.
_OURS_ALONE = ("quality_mask", "quality_mask_more", "quality_rules")
_INSTANT = datetime(2026, 6, 1, tzinfo=UTC)

Steps = Mapping[str, Callable[[], object]]


def run(size: str) -> list[Result]:
    """Run both in turn, each time into a catalog of its own, and hold what they have made against each other."""
    timings: dict[str, list[dict[str, Timing]]] = {"ours": [], "plain": []}
    with sample_topic(COUNTS[size]) as sample:
        jobs = {"ours": _ours, "plain": _plain}
        spark = make_session(_settings(sample, "first"))
        try:
            for number in range(REPEATS[size] + 1):
                made: dict[str, Lake] = {}
                for side, job in jobs.items():
                    settings = _settings(sample, f"{side}_{number}")
                    made[side] = open_lake(settings, make_session(settings))
                    steps = job(made[side], settings, sample)
                    timings[side].append({name: timed(step) for name, step in steps.items()})
                _require_equal(made["ours"], made["plain"], records=sample.records)
                for lake in made.values():
                    shutil.rmtree(sample.folder / lake.name)
        finally:
            spark.stop()
        # The first of each is for warming up.
        return [_result(timings["ours"][1:], timings["plain"][1:], records=sample.records)]


def _settings(sample: SampleTopic, catalog: str) -> Settings:
    """Give the settings of ``make run`` with a catalog and a checkpoint of this name."""
    folder = sample.folder / catalog
    changed = {
        "catalog.name": catalog,
        "catalog.uri": f"sqlite:///{folder}/catalog.db",
        "catalog.warehouse": f"{folder}/warehouse",
        "kafka.bootstrap_servers": sample.bootstrap_servers,
        f'streams."{_BRONZE.name}".checkpoint': f"{folder}/checkpoint",
    }
    overrides = ['packages=["lakehouse.domains.users"]', *(f'{name}="{value}"' for name, value in changed.items())]
    return load([Path("conf/local.toml")], overrides=overrides, environ={}).settings


def _ours(lake: Lake, settings: Settings, sample: SampleTopic) -> Steps:
    del sample
    graph = discover(settings.packages)
    plan = Run(minimum_score=settings.quality.minimum_for, instant=_INSTANT, retention=retention_of(settings))

    def build(layer: str) -> None:
        for one in graph.builds:
            if one.table.namespace == layer:
                run_build(lake, one, plan)

    return {
        "bronze": lambda: run_stream(lake, ingest_of(settings, _BRONZE.name)),
        "silver": lambda: build("silver"),
        "gold": lambda: build("gold"),
    }


def _plain(lake: Lake, settings: Settings, sample: SampleTopic) -> Steps:
    spark, bronze, silver = lake.spark, f"{lake.name}.{_BRONZE.name}", f"{lake.name}.{_SILVER.name}"

    def stream() -> None:
        for layer in ("bronze", "silver", "gold"):
            spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {lake.name}.{layer}")
        by_hand.stream_users(
            spark,
            bootstrap_servers=sample.bootstrap_servers,
            topic=sample.topic,
            most=settings.streams[_BRONZE.name].max_offsets_per_trigger,
            table=bronze,
            checkpoint=f"{sample.folder}/{lake.name}/checkpoint",
        )

    return {
        "bronze": stream,
        "silver": lambda: by_hand.write_silver(by_hand.parsed_messages(spark.table(bronze)), silver),
        "gold": lambda: by_hand.write_gold(spark, silver=silver, namespace=f"{lake.name}.gold", day=_INSTANT.date()),
    }


def _require_equal(ours: Lake, plain: Lake, *, records: int) -> None:
    """Demand that both have each record in bronze, and the same rows in silver and gold.

    Raises:
        AssertionError: They have not.
    """
    for lake in (ours, plain):
        if (found := lake.rows(_BRONZE).count()) != records:
            raise AssertionError(f"{lake.name}.{_BRONZE.name} has {found:,} rows of {records:,} records")
    for spec in (_SILVER, *_GOLD):
        mine, theirs = fingerprint(ours, spec), fingerprint(plain, spec)
        if mine != theirs or not mine[0]:
            raise AssertionError(f"{spec.name}: rows and their hash are {mine}, by hand {theirs}")


def fingerprint(lake: Lake, spec: TableSpec, *, table: str = "") -> tuple[int, int]:
    """Count the rows of a table, ``table`` if it is another than that of the contract, and sum up their hashes.

    Of all columns but those that only the library fills; a rounding error of a double makes no other row.
    """
    columns = [
        F.round(one.name, 9) if one.type.simpleString() == "double" else F.col(one.name)
        for one in spec.columns
        if one.name not in _OURS_ALONE
    ]
    rows = lake.spark.table(f"{lake.name}.{table or spec.name}")
    found = rows.agg(F.count("*"), F.sum(F.xxhash64(*columns).cast("decimal(20,0)"))).collect()[0]
    return int(found[0]), int(found[1] or 0)


def _result(ours: list[dict[str, Timing]], plain: list[dict[str, Timing]], *, records: int) -> Result:
    mine, reference = medians(list(map(_total, ours))), medians(list(map(_total, plain)))
    layers = [f"{name} {_median(ours, name):.1f} ({_median(plain, name):.1f})" for name in ours[0]]
    spread = " and ".join(f"{_range(_total(one).cpu for one in side)} s" for side in (ours, plain))
    return Result(
        name="main job, Kafka to gold",
        value=round(records / mine.wall),
        unit="records/s",
        reference="the same by hand, without contracts, audit and score of tables",
        reference_value=round(records / reference.wall),
        ratio=round(reference.cpu / mine.cpu, 3),
        repeats=len(ours),
        cpu_seconds=round(mine.cpu, 1),
        reference_cpu_seconds=round(reference.cpu, 1),
        note=f"{records:,} records; {mine.cpu / reference.cpu:.2f} times the CPU of the script; CPU s by layer "
        f"(the script's): {', '.join(layers)}; least to most {spread}; same rows in silver and gold; "
        f"JVM peak {peak_memory_mib():.0f} MiB",
    )


def _total(steps: Mapping[str, Timing]) -> Timing:
    return Timing(wall=sum(one.wall for one in steps.values()), cpu=sum(one.cpu for one in steps.values()))


def _median(runs: list[dict[str, Timing]], step: str) -> float:
    return statistics.median(run[step].cpu for run in runs)


def _range(values: Iterable[float]) -> str:
    found = sorted(values)
    return f"{found[0]:.1f}..{found[-1]:.1f}"

"""What every peer's process does: a session like ours, the rules on the rows, the counts checked, one line of JSON.

It runs in the peer's environment, which has PySpark and the peer, but not the library.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version

from pyspark.sql import DataFrame, SparkSession

from benchmarks.measure import interleave
from benchmarks.reference.quality_aggregate import violations_of
from benchmarks.reference.quality_projection import write_with_violations

Counts = dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tool: its distribution, at which level it judges, and the rules that a missing value breaks as well.

    ``work`` is timed and gets the rows and a folder; ``counts`` gives what was found, by our names, and is not timed.
    ``conf`` is what its session needs beyond ours.
    """

    distribution: str
    level: str
    nulls_fail: Collection[str]
    work: Callable[[DataFrame, str], object]
    counts: Callable[[DataFrame, str], Counts]
    conf: Mapping[str, str] = field(default_factory=dict)


def run(peer: Peer) -> None:
    """Measure a peer in turn with the reference by hand, and print one line of JSON.

    Raises:
        AssertionError: It does not count what the reference counts.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--repeats", type=int, required=True)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="lakehouse-bench-peer-")
    spark = _session(peer.conf)
    try:
        df = spark.read.parquet(arguments.data)
        by_hand = {
            "table": lambda _: violations_of(df),
            "row": lambda _: write_with_violations(df, f"{folder}/by-hand"),
        }[peer.level]
        candidates = {"by_hand": by_hand, "peer": lambda _: peer.work(df, f"{folder}/peer")}
        timings = interleave(candidates, repeats=arguments.repeats)  # type: ignore[arg-type]
        counts = peer.counts(df, f"{folder}/peer")
        _require_equal(counts, _expected(df, peer.nulls_fail))
    finally:
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
    runs = {name: [asdict(timing) for timing in found] for name, found in timings.items()}
    name = f"{peer.distribution} {version(peer.distribution)}"
    print(json.dumps({"name": name, "level": peer.level, **runs, "counts": counts}))


def _session(conf: Mapping[str, str]) -> SparkSession:
    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "2g")
    for name, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        **conf,
    }.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _expected(df: DataFrame, nulls_fail: Collection[str]) -> Counts:
    found, with_nulls = violations_of(df), violations_of(df, nulls_fail=True)
    return found | {name: with_nulls[name] for name in nulls_fail}


def _require_equal(found: Counts, expected: Counts) -> None:
    wrong = {name: (found.get(name), count) for name, count in expected.items() if found.get(name) != count}
    if wrong:
        raise AssertionError(f"the counts differ, rule: (found, expected): {wrong}")

"""What the process of every peer of builds does: it brings its table up to date each time that it is told to.

It has PySpark and the peer, but not the library. What it is told comes a word a line; it answers with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from benchmarks.measure import timed

BRONZE = "bronze.users_raw"
BUILD, UPDATE = "build", "update"


@dataclass(frozen=True, kw_only=True)
class Updater:
    """A tool: its name with its version, and how it makes its table and brings it up to date; both get the session and
    a folder of its own."""

    name: str
    build: Callable[[SparkSession, Path], object]
    update: Callable[[SparkSession, Path], object]
    remote: bool = False


def run(peer: Updater) -> None:
    """Make a session by the settings in a file, and do what standard input says until it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--conf", required=True, type=Path, help="JSON: the settings of the session.")
    parser.add_argument("--folder", required=True, type=Path)
    arguments = parser.parse_args()
    # What tools print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    spark = _session(json.loads(arguments.conf.read_text()), remote=peer.remote)
    try:
        _answer(answers, {"name": peer.name})
        for line in sys.stdin:
            work = {BUILD: peer.build, UPDATE: peer.update}[line.strip()]
            _answer(answers, asdict(timed(work, spark, arguments.folder)))
    finally:
        spark.stop()


def messages_of(bronze: DataFrame) -> DataFrame:
    """Give the payloads that could be parsed, and where each was."""
    return bronze.where("dead_letter.reason IS NULL").select("record.*", "kafka_timestamp", "partition", "offset")


def _answer(answers: object, facts: object) -> None:
    print(json.dumps(facts), file=answers, flush=True)  # type: ignore[call-overload]


def _session(conf: dict[str, str], *, remote: bool) -> SparkSession:
    builder = SparkSession.builder.remote(conf["spark.master"]) if remote else SparkSession.builder
    for name, value in conf.items():
        if not (remote and name == "spark.master"):
            builder = builder.config(name, value)
    return builder.getOrCreate()

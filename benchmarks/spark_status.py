"""What Spark says of what has run: CPU seconds of tasks, shuffled bytes and plans, from the REST API of its UI."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

CONF = {"spark.ui.enabled": "true", "spark.ui.liveUpdate.period": "0"}
"""What a session needs: the UI, whose figures are never older than the end of a job."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One group of jobs: CPU seconds of its tasks, bytes written to shuffles, and its plans as they ended."""

    cpu: float
    shuffled: int
    plans: tuple[str, ...]

    @property
    def operators(self) -> tuple[str, ...]:
        """Operators as they ran, with ``*`` in front where their code was generated; not the plan of the beginning."""
        trees = [plan.split("\n\n")[0].split("== Initial Plan ==")[0] for plan in self.plans]
        return tuple(found for tree in trees for found in re.findall(r"(?:\* )?[A-Z]\w+(?= .*\(\d+\))", tree))

    @property
    def scans(self) -> int:
        """How often files were read."""
        return self.operators.count("Scan")

    @property
    def interpreted(self) -> tuple[str, ...]:
        """Projections and aggregates that were left out of code generation: something in them falls back."""
        return tuple(operator for operator in self.operators if operator in ("Project", "HashAggregate", "Filter"))

    @property
    def stages(self) -> int:
        """Stages of generated code: the numbers behind the stars of a plan."""
        return sum(len(set(re.findall(r"\[codegen id : (\d+)\]", plan))) for plan in self.plans)


@contextmanager
def group(spark: SparkSession, name: str) -> Iterator[None]:
    """Run the jobs of a block under a name, by which ``ran`` finds them."""
    spark.sparkContext.setJobGroup(name, name)
    try:
        yield
    finally:
        spark.sparkContext.setJobGroup("", "")


def ran(spark: SparkSession) -> dict[str, Ran]:
    """Give what has run in each group. Cost: three requests to the driver; ask when nothing is being timed."""
    jobs: dict[str, list[Any]] = {}
    for job in _get(spark, "jobs"):
        jobs.setdefault(job.get("jobGroup", ""), []).append(job)
    stages: dict[int, list[Any]] = {}
    for stage in _get(spark, "stages"):
        stages.setdefault(stage["stageId"], []).append(stage)
    queries = _get(spark, "sql?details=true&planDescription=true&length=100000")
    return {name: _ran(these, stages, queries) for name, these in jobs.items() if name}


def collected_bytes(spark: SparkSession) -> int:
    """Give the bytes of results that tasks have sent to the driver until now."""
    return sum(stage["resultSize"] for stage in _get(spark, "stages"))


def _ran(jobs: list[Any], stages: dict[int, list[Any]], queries: list[Any]) -> Ran:
    # A stage that a later job reuses is in the list of both.
    mine = [stage for number in {n for job in jobs for n in job["stageIds"]} for stage in stages.get(number, [])]
    numbers = {job["jobId"] for job in jobs}
    return Ran(
        cpu=sum(stage["executorCpuTime"] for stage in mine) / 1e9,
        shuffled=sum(stage["shuffleWriteBytes"] for stage in mine),
        plans=tuple(q["planDescription"] for q in queries if numbers & set(q["successJobIds"])),
    )


def _get(spark: SparkSession, path: str) -> list[Any]:
    context = spark.sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/{path}"
    # The UI is on this machine: a proxy of the environment is not asked.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60) as answer:
        found: list[Any] = json.load(answer)
    return found

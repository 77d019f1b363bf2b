"""``lakehouse quickstart``, which is ``make run``: the whole path on a laptop, from Kafka to a warehouse."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from lakehouse.catalog.batch_stamp import BatchStamp, newest_stamp
from lakehouse.catalog.iceberg import Lake, dead_letter_counts
from lakehouse.cli.ingest import ingest_of
from lakehouse.cli.local import reachable_broker
from lakehouse.cli.options import ConfigFile, Override, lake_of, settings_of
from lakehouse.cli.outcome import Outcome
from lakehouse.cli.rules import more_rules
from lakehouse.cli.run import build_tables
from lakehouse.cli.serve import serve_locally, warehouse_of
from lakehouse.cli.status import probe_duckdb
from lakehouse.cli.summary import NEXT, print_summary, report_of
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.engines.jars import resolve_jars
from lakehouse.engines.local_conf import jars_of
from lakehouse.engines.versions import spark_version
from lakehouse.errors import LakehouseError
from lakehouse.local.aws import catalog_of, local_aws
from lakehouse.local.produce import produce_once
from lakehouse.local.samples import Sample, streamed_samples
from lakehouse.observe.progress import Step, Steps
from lakehouse.pipeline.graph import Graph, discover
from lakehouse.pipeline.run import Status
from lakehouse.pipeline.stream import run_stream
from lakehouse.quality.report import render_report
from lakehouse.sources.topics import ensure_topic, topic_size


def quickstart(
    config: ConfigFile = None,
    overrides: Override = None,
    aws: Annotated[
        bool, typer.Option("--aws", help="With its catalog in Glue and its files in S3: moto's, gone at the end.")
    ] = False,
) -> None:
    """Run everything once on this machine: broker, sample, bronze, silver, gold, warehouse, report.

    Nothing is done twice: a second run finds the sample in the topic, the stream caught up and the tables up to date.
    It stops what it started; interrupt it at any moment, the next run goes on.

    Examples:

        lakehouse quickstart

        lakehouse quickstart --set local.sample_count=10000

        lakehouse quickstart --aws --config conf/local.toml --config conf/glue.toml
    """
    steps, outcome = Steps(console), Outcome()
    with ExitStack() as stack:
        overrides = [*(overrides or ()), *(_in_local_aws(stack, steps, settings_of(config, overrides)) if aws else ())]
        settings = settings_of(config, overrides)
        graph = discover(settings.packages)
        with steps.step("resolve jars") as step:
            for conf in (*jars_of(settings, spark_version()), "kafka"):
                folder, show = Path(settings.local.jars), lambda what, count: step.say(f"{what}, {count} jars")
                resolve_jars(conf, folder=folder, on_progress=show)
        with steps.step("start Kafka"):
            servers = stack.enter_context(reachable_broker(settings))
        for sample in streamed_samples(settings):
            _produce(settings, sample, servers, steps, outcome)
        with steps.step("start Spark"):
            lake = lake_of(settings)
        stack.callback(_stop, lake)
        streamed = settings_of(config, [*overrides, f'kafka.bootstrap_servers="{servers}"'])
        _stream(lake, streamed, steps, outcome)
        outcome.built = build_tables(lake, settings, graph.builds, steps, more_rules=more_rules(settings, graph))
        _serve(settings, graph, steps, outcome)
    outcome.seconds = {**steps.seconds, "total": round(sum(steps.seconds.values()), 1)}
    _write(settings, outcome, lasting=not aws)
    if wrong := [one.table for one in outcome.probes if not one.right]:
        raise LakehouseError(f"the warehouse does not read what is published of {', '.join(wrong)}: lakehouse status")
    if not outcome.balanced:
        raise LakehouseError("the counts do not add up: produced is not good rows + dead letters; see the report")


def _in_local_aws(stack: ExitStack, steps: Steps, settings: Settings) -> list[str]:
    """Start a Glue and an S3; give the settings of a lake in them, with checkpoints and views that end as they do."""
    with steps.step("start Glue and S3"):
        endpoint = stack.enter_context(local_aws())
        catalog = catalog_of(endpoint, settings.catalog)
    folder = stack.enter_context(TemporaryDirectory(prefix="lakehouse-"))
    streams = {name: {"checkpoint": f"{folder}/{name}"} for name in settings.streams}
    sections = {"catalog": catalog, "streams": streams, "warehouse": {"duckdb": f"{folder}/warehouse.duckdb"}}
    return [f"{name}={json.dumps(section)}" for name, section in sections.items()]


def _stop(lake: Lake) -> None:
    # After Ctrl-C the JVM may be gone already; that must not hide why we stop.
    with suppress(Exception):
        lake.spark.stop()


def _produce(settings: Settings, sample: Sample, servers: str, steps: Steps, outcome: Outcome) -> None:
    with steps.step(f"produce {sample.name}", total=sample.count) as step:
        ensure_topic(servers, sample.topic)
        produce_once(
            seed=settings.local.sample_seed,
            count=sample.count,
            bootstrap_servers=servers,
            topic=sample.topic,
            name=sample.name,
            make=sample.make,
            on_progress=step.at,
        )
        step.done = sample.count
    outcome.produced_by_topic[sample.topic] = topic_size(servers, sample.topic)


def _stream(lake: Lake, settings: Settings, steps: Steps, outcome: Outcome) -> None:
    for name, stream in settings.streams.items():
        with steps.step(f"stream {name}", total=outcome.produced_by_topic.get(stream.topic)) as step:
            ingest = ingest_of(settings, name)
            run_stream(lake, ingest, on_batch=partial(_advance, step))
        live = lake.table(name)
        counts, stamp = dead_letter_counts(live), newest_stamp(live)
        outcome.bronze_rows += counts.pop(None, 0)
        outcome.replayed += stamp.replayed_so_far if stamp else 0
        for reason, count in counts.items():
            outcome.dead_letters[str(reason)] = outcome.dead_letters.get(str(reason), 0) + count


def _advance(step: Step, stamp: BatchStamp) -> None:
    step.at(step.done + stamp.records)


def _serve(settings: Settings, graph: Graph, steps: Steps, outcome: Outcome) -> None:
    with steps.step("let the warehouse read"):
        served = serve_locally(settings)
        outcome.probes = probe_duckdb(settings)
        newest = max((one.live.metadata.last_updated_ms for one in served if one.live), default=0)
        if any(one.status is Status.PUBLISHED for one in outcome.built):
            outcome.readable_after = round(time.time() - newest / 1000, 1)
        warehouse = warehouse_of(settings)
        for name in [build.table.name for build in graph.builds if build.table.namespace == "gold"]:
            outcome.gold[name] = int(warehouse.query(f"select count(*) from {name}").rows[0][0])


def _write(settings: Settings, outcome: Outcome, *, lasting: bool) -> None:
    folder = Path(settings.local.build)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(outcome.to_dict(), indent=2) + "\n")
    (folder / "report.html").write_text(render_report(report_of(outcome)))
    print_summary(outcome, folder, then=NEXT if lasting else ())

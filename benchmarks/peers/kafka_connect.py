"""The Iceberg Kafka Connect sink on the records of the stream benchmark; README.md says what it does less than ours."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyspark.sql.types import DataType, StructType

from benchmarks.measure import Timing, cpu_seconds, medians
from benchmarks.peers.connect_worker import Jars, Worker, worker
from benchmarks.result import Result
from benchmarks.sample_topic import SEED, SampleTopic
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import load_table
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.kafka_record import PAYLOAD
from lakehouse.contract.table import TableSpec
from lakehouse.local.dirt import messages
from lakehouse.session import catalog_conf
from lakehouse.sources.topics import ensure_topic

COMMIT_SECONDS = 10
"""The sink commits each so many seconds; its own default of 300 would be a wait and no figure."""
TASKS = 2
"""As many as ``local[2]`` has."""
_LOOKS_EVERY_SECONDS = 0.2
_ASKS_EVERY_SECONDS = 5.0  # an answer costs the worker some of the CPU seconds that are counted
_SECONDS_PER_ROW = 1e-3  # slower is stuck
_UNREADABLE = ("broken_json", "empty", "tombstone")  # dirt that the sink drops


def compare(before: Result, ours: Callable[[int], None], *, jars: Jars, sample: SampleTopic, spec: TableSpec) -> Result:
    """Run ours and the sink in turn, each time into a new table; the first of both is for warming up.

    Args:
        before: What was measured of ours in turn with its reference; it gives the name and the repeats.
        ours: One run of ours, given its number.
        jars: Those of the sink.
        sample: The topic.
        spec: Our bronze table; the sink's has the fields of its payload.

    Raises:
        RuntimeError: The worker died, or does not commit the rows that can be read, each once.
    """
    rows = sum(message.kind not in _UNREADABLE for message in messages(seed=SEED, count=sample.records))
    memory = sample.settings.session.driver_memory
    mine, peer = list[Timing](), list[Timing]()
    with worker(sample.folder / "connect", jars, bootstrap_servers=sample.bootstrap_servers, memory=memory) as connect:
        for number in range(before.repeats + 1):
            wall, cpu = time.monotonic(), cpu_seconds() - connect.cpu_seconds()
            ours(number)
            used = cpu_seconds() - connect.cpu_seconds() - cpu
            mine.append(Timing(wall=time.monotonic() - wall, cpu=used))
            peer.append(_sink(connect, sample, spec, number, rows))
    return _beside(before, sample.records, f"Iceberg Kafka Connect {jars.version}", connect.start, mine, peer)


def _sink(connect: Worker, sample: SampleTopic, spec: TableSpec, number: int, rows: int) -> Timing:
    catalog = open_catalog(sample.settings)
    name = f"connect-{number}"
    table = f"{spec.namespace}.connect_{number}"
    payload = spec.column(PAYLOAD).type
    schema = pa.schema([(field.name, _arrow(field.dataType)) for field in payload])  # type: ignore[attr-defined]
    catalog.create_table(table, schema=schema, properties=table_properties(spec))
    ensure_topic(sample.bootstrap_servers, f"control-{name}", partitions=1)
    wall, cpu = time.monotonic(), connect.cpu_seconds()
    connect.add(name, _connector(sample, table=table, control=f"control-{name}"))
    _await_rows(connect, catalog, name, table, rows)
    timing = Timing(wall=time.monotonic() - wall, cpu=connect.cpu_seconds() - cpu)
    connect.remove(name)
    return timing


def _arrow(kind: DataType) -> pa.DataType:
    # Text where ours has a number: the sink's task dies of a value that is none, and the sample has some.
    if isinstance(kind, StructType):
        return pa.struct([(field.name, _arrow(field.dataType)) for field in kind])
    return pa.string()


def _connector(sample: SampleTopic, *, table: str, control: str) -> dict[str, str]:
    catalog = sample.settings.catalog
    prefix = f"spark.sql.catalog.{catalog.name}."
    # The catalog of Spark's session in Iceberg's own words.
    properties = {
        name.removeprefix(prefix): value for name, value in catalog_conf(catalog).items() if name.startswith(prefix)
    }
    return {
        "connector.class": "org.apache.iceberg.connect.IcebergSinkConnector",
        "tasks.max": str(TASKS),
        "topics": sample.topic,
        "errors.tolerance": "all",
        "iceberg.tables": table,
        "iceberg.control.topic": control,
        "iceberg.control.commit.interval-ms": str(COMMIT_SECONDS * 1000),
        "iceberg.catalog": catalog.name,
        **{f"iceberg.catalog.{name}": value for name, value in properties.items()},
    }


def _await_rows(connect: Worker, catalog: Catalog, name: str, table: str, rows: int) -> None:
    asked = time.monotonic()
    give_up = asked + 120 + rows * _SECONDS_PER_ROW
    while (found := _committed(catalog, table)) != rows:
        if found > rows or time.monotonic() > give_up:
            raise RuntimeError(f"Kafka Connect committed {found:,} rows to {table}, and {rows:,} can be read")
        if time.monotonic() - asked > _ASKS_EVERY_SECONDS:
            connect.require_running(name)
            asked = time.monotonic()
        time.sleep(_LOOKS_EVERY_SECONDS)


def _committed(catalog: Catalog, table: str) -> int:
    snapshot = load_table(catalog, table).current_snapshot()
    return 0 if snapshot is None or snapshot.summary is None else int(snapshot.summary["total-records"] or 0)


def _beside(before: Result, records: int, name: str, start: Timing, ours: list[Timing], theirs: list[Timing]) -> Result:
    mine, peer = medians(ours[1:]), medians(theirs[1:])
    spread = sorted(run.cpu for run in theirs[1:])
    first = Timing(wall=start.wall + theirs[0].wall, cpu=start.cpu + theirs[0].cpu)
    return Result(
        name=f"{before.name}, against Iceberg Kafka Connect",
        value=round(records / mine.wall),
        unit=before.unit,
        reference=name,
        reference_value=round(records / peer.wall),
        ratio=round(peer.cpu / mine.cpu, 3),
        repeats=before.repeats,
        cpu_seconds=round(mine.cpu, 1),
        reference_cpu_seconds=round(peer.cpu, 1),
        note=f"{records:,} records; ratio of CPU seconds, both warm; {name}: its process alone, CPU {spread[0]:.1f}.."
        f"{spread[-1]:.1f} s, a commit each {COMMIT_SECONDS} s; to start {start.cpu:.1f} CPU s in {start.wall:.1f} s, "
        f"start and first run {first.cpu:.1f} CPU s in {first.wall:.1f} s; ours beside its reference: "
        f"{before.cpu_seconds} CPU s",
    )

"""Prove that a stream lost nothing and doubled nothing: from snapshots alone, or by the data and by Kafka as well."""

from __future__ import annotations

import dataclasses
from functools import reduce

from pyiceberg.catalog import Catalog
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.iceberg import Lake, load_table
from lakehouse.catalog.offsets import Offsets, Span
from lakehouse.catalog.stream_ledger import Problem, ProblemKind, StreamLedger, read_ledger
from lakehouse.contract.kafka_record import PLACE
from lakehouse.errors import StreamError
from lakehouse.pipeline.ingest import Ingest
from lakehouse.sources.kafka import read_batch
from lakehouse.sources.kafka_offsets import offsets_kept

_SHOWN = 100
"""Offsets that are named at most; all are counted."""


def verify(catalog: Catalog, ingest: Ingest, *, dense: bool = True) -> list[StreamLedger]:
    """Hold each table of a stream against the offsets that its snapshots say it took.

    Cost: metadata of the tables, no data.

    Raises:
        StreamError: No stream has written to a table yet.
        TableNotFoundError: A table does not exist.
    """
    tables = {spec.name: load_table(catalog, spec.name) for spec in ingest.targets}
    bronze = [spec.name for spec in ingest.bronze]
    found = []
    for name, table in tables.items():
        shared = [tables[other] for other in bronze if other != name] if name in bronze else []
        ledger = read_ledger(table, shared=shared, dense=dense, merged=name not in bronze)
        if ledger is None:
            raise StreamError(f"{name} has no commit of a stream: run `lakehouse stream {ingest.spec.name}` first")
        found.append(ledger)
    return found


def verify_deep(lake: Lake, ingest: Ingest, ledger: StreamLedger, *, since: Offsets) -> StreamLedger:
    """Add what the data and Kafka say of a ledger: each offset once as a good row or a dead letter, and none missing.

    Records are compared with Kafka from ``since`` on, as ``compared_from`` gives it. Cost: the places of all records
    are read and shuffled (topic, partition, offset), and the topic is read once, without its values.
    """
    places = reduce(DataFrame.union, [_places(lake, name) for name in (spec.name for spec in ingest.bronze)])
    counted = places.groupBy(*PLACE).agg(
        F.count_if(~F.col("dead")).alias("good"), F.count_if(F.col("dead")).alias("dead")
    )
    doubled = counted.where("good > 1 OR dead > 1")
    end: dict[str, dict[str, int]] = {}
    for one in ledger.partitions:
        end.setdefault(one.topic, {})[one.partition] = max(one.next, since[one.topic][one.partition])
    there = read_batch(lake.spark, ingest.topic, since, end).select(*PLACE)
    lost = there.join(counted, PLACE, "left_anti")
    problems = [
        *_named(doubled, ProblemKind.DOUBLED, "is in the table more than once"),
        *_named(lost, ProblemKind.LOST, "is in Kafka and not in the table"),
    ]
    return dataclasses.replace(ledger, problems=(*ledger.problems, *problems))


def compared_from(ingest: Ingest, ledger: StreamLedger) -> Offsets:
    """Give the offsets from which on Kafka still has the records of a table."""
    kept = offsets_kept(ingest.topic)
    found: dict[str, dict[str, int]] = {}
    for one in ledger.partitions:
        first = kept.get(one.topic, {}).get(one.partition, (one.first, one.next))[0]
        found.setdefault(one.topic, {})[one.partition] = max(one.first, first)
    return found


def _places(lake: Lake, name: str) -> DataFrame:
    lake.refresh(name)
    rows = lake.spark.table(lake.sql_name(name))
    return rows.select(*PLACE, F.col("dead_letter.reason").isNotNull().alias("dead"))


def _named(rows: DataFrame, kind: ProblemKind, text: str) -> list[Problem]:
    found = rows.select(*PLACE).orderBy(*PLACE).limit(_SHOWN + 1).collect()
    if not found:
        return []
    spans: list[Span] = []
    for topic, partition, offset in found[:_SHOWN]:
        last = spans[-1] if spans else None
        if last and (last.topic, last.partition, last.next) == (topic, str(partition), offset):
            spans[-1] = dataclasses.replace(last, next=offset + 1)
        else:
            spans.append(Span(topic=topic, partition=str(partition), first=offset, next=offset + 1))
    problems = [Problem(kind=kind, text=f"{span}: {text}", span=span) for span in spans]
    if len(found) > _SHOWN:
        problems.append(Problem(kind=kind, text=f"and more: {rows.count():,} records in all"))
    return problems

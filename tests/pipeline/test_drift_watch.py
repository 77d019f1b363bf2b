"""Fields that the contract does not have leave a trace: a line, and a row in ops.schema_drift."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from pyspark.sql import functions as F

from lakehouse.catalog.schema_drift import SchemaDrift
from lakehouse.pipeline import drift_watch
from lakehouse.transforms.decoder import JsonDecoder
from tests.pipeline.conftest import Bench

NEW = {"sensor": "a", "value": 1, "unit": "C"}


def watched(bench: Bench, *, sample: int = 100, prefixed: bool = False) -> Bench:
    return replace(bench, ingest=replace(bench.ingest, drift_sample=sample, decoder=JsonDecoder(prefixed=prefixed)))


def drift(bench: Bench) -> list[tuple[str, str, int, int]]:
    rows = bench.lake.read(SchemaDrift).where(F.col("topic") == bench.ingest.topic.topic)
    return [(row.field, row.found_type, row.messages, row.sampled) for row in rows.orderBy("field").collect()]


def test_a_field_that_is_not_declared_is_told_and_written_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    stream = watched(bench)
    stream.send(NEW, {"sensor": "b", "value": 2}, NEW | {"place": {"x": 1}})
    with caplog.at_level(logging.WARNING):
        stream.run()
    assert "unit (string, 2 of 3), place (object, 1 of 3)" in caplog.text
    stream.send(NEW)
    stream.run()
    assert drift(stream) == [("place", "object", 1, 3), ("unit", "string", 2, 3)]
    assert stream.values() == [1, 1, 1, 2]


def test_json_behind_the_id_of_a_schema_is_looked_at_too(bench: Bench) -> None:
    stream = watched(bench, prefixed=True)
    stream.send(b'\0\0\0\0\1{"sensor": "a", "value": 1, "unit": "C"}')
    stream.run()
    assert drift(stream) == [("unit", "string", 1, 1)]


def test_without_a_sample_nothing_is_looked_at(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    stream = watched(bench, sample=0)
    stream.send(NEW)
    stream.run()
    assert "does not declare" not in caplog.text


def test_what_goes_wrong_while_looking_stops_no_stream(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def die(*_: object) -> None:
        raise RuntimeError("the catalog is gone")

    monkeypatch.setattr(drift_watch, "note_drift", die)
    stream = watched(bench)
    stream.send(NEW)
    stream.run()
    assert stream.values() == [1]
    assert "were not looked for: the catalog is gone" in caplog.text


def test_a_look_is_not_taken_again_before_it_costs_less_than_one_percent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    # A look of a second, then a moment that is too early, one that is not, and one that is again.
    now = iter([0.0, 0.0, 1.0, 1.0, 50.0, 101.0, 101.0, 102.0, 102.0, 150.0])
    watch = drift_watch.DriftWatch(clock=lambda: next(now))
    monkeypatch.setattr(drift_watch.DriftWatch, "_look", lambda *_: looks.append(1))
    for _ in range(4):
        watch.look(bench.lake, bench.lake.spark.range(0), watched(bench).ingest)
    assert len(looks) == 2

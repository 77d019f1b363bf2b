"""Streams of messages whose schemas are in a registry: many in one topic, none lost while one is not there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lakehouse.errors import StreamError
from lakehouse.pipeline.avro_decoder import AvroDecoder, UnknownSchema
from lakehouse.pipeline.replay import Chosen, Replayed, replay
from lakehouse.sources.patience import Patience
from lakehouse.sources.schema_registry import SchemaRegistry
from lakehouse.transforms.decoder import JsonDecoder
from tests.pipeline.conftest import Bench
from tests.sources.avro_bytes import message, record
from tests.sources.registry_server import RegistryServer, registry_server

V1 = record("Reading", sensor="string", value="int")
V2 = record("Reading", unit="string", value=["null", "long"], sensor="string")
BAD = record("Reading", sensor="string", value="string")


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def avro(bench: Bench, server: RegistryServer, *, unknown: UnknownSchema = "wait", wait_seconds: float = 60) -> Bench:
    registry = SchemaRegistry(url=server.url, patience=Patience(wait_seconds=wait_seconds))
    decoder = AvroDecoder(registry=registry, subject=f"{bench.ingest.topic.topic}-value", unknown=unknown)
    return replace(bench, ingest=replace(bench.ingest, decoder=decoder))


def reading(number: int, value: int, schema: Any = V1) -> bytes:
    return message(number, schema, {"sensor": "a", "value": value, "unit": "C"})


def ids(bench: Bench) -> dict[str, int | None]:
    rows = bench.lake.dead_letters(bench.ingest.spec.schema).collect()  # type: ignore[arg-type]
    return {row.reason: row.schema_id for row in rows}


def test_messages_of_several_schemas_in_one_topic_become_rows(bench: Bench, server: RegistryServer) -> None:
    first, second, bad = (server.register("any", schema) for schema in (V1, V2, BAD))
    stream = avro(bench, server)
    unreadable = message(bad, BAD, {"sensor": "a", "value": "x"})
    stream.send(reading(first, 1), reading(second, 2**40, V2), unreadable, reading(first, 3)[:-1], None)
    stream.run()
    assert stream.values() == [1, 2**40]
    assert stream.counts() == {None: 2, "incompatible_schema": 1, "malformed_avro": 1, "tombstone": 1}
    assert ids(stream) == {"incompatible_schema": bad, "malformed_avro": first, "tombstone": None}


def test_a_message_whose_schema_is_not_known_is_set_aside_and_replayed_when_it_is(
    bench: Bench, server: RegistryServer
) -> None:
    stream = avro(bench, server, unknown="dead_letter")
    stream.send(reading(1, 5))
    stream.run()
    assert (stream.counts(), ids(stream)) == ({"unknown_schema_id": 1}, {"unknown_schema_id": 1})
    assert _replayed(stream) == Replayed(chosen=1, added=0, still_dead={"unknown_schema_id": 1})
    server.register("any", V1)
    assert _replayed(stream) == Replayed(chosen=1, added=1)
    assert stream.values() == [5]


def _replayed(stream: Bench) -> Replayed:
    decoder = stream.ingest.decoder
    return replay(stream.lake, stream.ingest.spec, Chosen(), max_bytes=1000, decoder=decoder)


def test_a_stream_waits_for_a_schema_that_comes_later(bench: Bench, server: RegistryServer) -> None:
    stream = avro(bench, server)
    stream.send(reading(1, 5))
    asker = threading.Thread(target=_register_when_asked, args=(server,))
    asker.start()
    stream.run()
    asker.join()
    assert (stream.values(), stream.counts()) == ([5], {None: 1})


def _register_when_asked(server: RegistryServer) -> None:
    end = time.monotonic() + 60
    while "/schemas/ids/1" not in server.asked and time.monotonic() < end:
        time.sleep(0.02)
    server.register("any", V1)


def test_a_schema_that_does_not_come_stops_the_stream_and_nothing_is_lost(bench: Bench, server: RegistryServer) -> None:
    stream = avro(bench, server, wait_seconds=0.5)
    stream.send(reading(1, 5))
    with pytest.raises(StreamError, match=r"no schema has the id 1 .*\n?.*unknown_schema = 'dead_letter'"):
        stream.run()
    assert stream.lake.table(stream.ingest.spec.name).current_snapshot() is None
    server.register("any", V1)
    stream.run()
    assert stream.values() == [5]


def test_a_registry_that_is_down_stops_the_stream_in_time_and_its_batch_is_read_again(
    bench: Bench, server: RegistryServer
) -> None:
    number = server.register("any", V1)
    stream = avro(bench, server, wait_seconds=0.5)
    stream.send(reading(number, 5))
    server.failing = [503] * 100
    with pytest.raises(StreamError, match=r"HTTP 503, for .* Nothing is lost"):
        stream.run()
    server.failing = []
    stream.run()
    assert stream.values() == [5]


def test_a_registry_that_comes_back_is_waited_for(bench: Bench) -> None:
    with registry_server() as server:
        number = server.register("any", V1)
    stream = avro(bench, server)
    stream.send(reading(number, 5))
    back = threading.Event()

    def come_back() -> None:
        time.sleep(2)
        with registry_server(int(server.url.rpartition(":")[2]), server):
            back.wait(60)

    later = threading.Thread(target=come_back)
    later.start()
    stream.run()
    back.set()
    later.join()
    assert stream.values() == [5]


def test_a_registry_that_is_down_later_is_not_missed_for_what_the_subject_had(
    bench: Bench, server: RegistryServer
) -> None:
    stream = avro(bench, server, wait_seconds=0)
    subject = f"{bench.ingest.topic.topic}-value"
    first, second = server.register(subject, V1), server.register(subject, V2)
    stream.send(reading(first, 1))
    stream.run()
    server.failing = [503] * 100
    stream.send(reading(second, 2, V2))
    stream.run()
    assert stream.values() == [1, 2]


def test_json_behind_the_id_of_a_schema_is_decoded_and_the_id_is_kept(bench: Bench) -> None:
    stream = replace(bench, ingest=replace(bench.ingest, decoder=JsonDecoder(prefixed=True)))
    prefix = b"\0\0\0\0\x07"
    stream.send(prefix + b'{"sensor": "a", "value": 1}', prefix + b"{broken", b'{"sensor": "a"}', prefix, b"", None)
    stream.run()
    assert stream.values() == [1]
    assert stream.counts() == {None: 1, "malformed_json": 2, "empty": 2, "tombstone": 1}
    rows = stream.lake.dead_letters(stream.ingest.spec.schema).orderBy("offset").collect()  # type: ignore[arg-type]
    assert [(row.schema_id, row.value) for row in rows[:2]] == [(7, prefix + b"{broken"), (None, b'{"sensor": "a"}')]


def test_garbage_that_names_thousands_of_schemas_is_set_aside(bench: Bench, server: RegistryServer) -> None:
    stream = avro(bench, server, unknown="dead_letter", wait_seconds=0)
    stream.send(*(b"\0" + number.to_bytes(4, "big") + b"x" for number in range(10**9, 10**9 + 3000)))
    stream.run()
    assert stream.counts() == {"unknown_schema_id": 3000}
    assert len(server.asked) <= 1100

"""A hundred kinds of bad input through the real broker: each is a good row or a dead letter, once."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import confluent_kafka

from lakehouse.catalog.iceberg import dead_letter_counts
from lakehouse.catalog.stream_ledger import read_ledger
from lakehouse.contract.kafka_record import DeadLetterReason
from lakehouse.pipeline.verify import compared_from, verify, verify_deep
from lakehouse.sources.topics import ensure_topic
from tests.pipeline.conftest import Bench

GOOD = b'{"sensor": "a", "value": 1}'
BY_HAND = [
    b"", b"\x00", b"\x00" * 100, b"\xff\xfe", b"\xef\xbb\xbf" + GOOD, GOOD.decode().encode("utf-16"), b"null",
    b"true", b"7", b'"text"', b"[]", b"[" + GOOD + b"]", b"{}", b"{", b"}", b"{" * 5_000, b"[" * 50_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000, GOOD + GOOD, GOOD + b"garbage", GOOD + b"\x00",
    b" \n\t" + GOOD + b"\r\n ", GOOD[:-1], GOOD[:5], b'{"sensor": "\xc3"}', b'{"sensor": "\xed\xa0\x80", "value": 1}',
    b'{"sensor": "\\ud800", "value": 1}', b'{"sensor": "\\u0000", "value": 1}',
    b'{"sensor": "a", "sensor": "b", "value": 1}', b'{"sensor": "a", "value": 1, "value": 2}',
    b"{'sensor': 'a', 'value': 1}", b'{sensor: "a", value: 1}', b'{"sensor": "a", "value": 1,}',
    b'{"sensor": "a" "value": 1}', b'{"sensor": "a", /* */ "value": 1}', b'{"sensor": "a", "value": NaN}',
    b'{"sensor": "a", "value": Infinity}', b'{"sensor": "a", "value": 1e400}',
    b'{"sensor": "a", "value": 9223372036854775807}', b'{"sensor": "a", "value": 9223372036854775808}',
    b'{"sensor": "a", "value": -9223372036854775809}', b'{"sensor": "a", "value": ' + b"9" * 5_000 + b"}",
    b'{"sensor": "a", "value": 1.5}', b'{"sensor": "a", "value": 1.0}', b'{"sensor": "a", "value": "1"}',
    b'{"sensor": "a", "value": [1]}', b'{"sensor": "a", "value": {"x": 1}}', b'{"sensor": ["a"], "value": 1}',
    b'{"sensor": {"x": 1}, "value": 1}', b'{"sensor": null, "value": 1}', b'{"Sensor": "a", "value": 1}',
    b'{"sensor": "' + b"x" * 900_000 + b'", "value": 1}', b'{"sensor": "a", "value": 01}',
    b'{"sensor": "a", "value": 0x1}', b'{"sensor": "a", "value": +1}', b'{"sensor": "a", "value": --1}',
    b'{"\xff": "a"}', b'{"": "a", "value": 1}', b'{"sensor": "a\nb", "value": 1}',
    b'{"sensor": "a", "value": 1, "z": ' + b"[" * 900 + b"]" * 900 + b"}", b"<xml/>", b"a,b,c", b"\x89PNG\r\n\x1a\n",
    b"\x00\x00\x00\x00\x01abc", b"PAR1", b']],"end":true}', b'],"end":true}', GOOD + b'],"end":true}',
    b'{"messages":[' + GOOD + b'],"end":true}', b"null," + GOOD, b",", b"\x1e" + GOOD,
]  # fmt: skip
"""What people and machines have sent: cut off, wrongly encoded, too deep, too great, of another format, or made to
look like the envelope that the decoder puts around a message."""


def mutated(seed: int, count: int) -> list[bytes]:
    """Good messages with some bytes lost, doubled, changed or put in."""
    chance = random.Random(seed)
    base = json.dumps({"sensor": "größe", "value": 12, "more": [1, {"x": None}]}, ensure_ascii=False).encode()
    found = []
    for _ in range(count):
        data = bytearray(base)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    del data[at : at + chance.randint(1, 5)]
                case 1:
                    data[at] = chance.randrange(256)
                case 2:
                    data[at:at] = bytes(chance.choice(b'{}[]",:\\\x00\xff 0') for _ in range(chance.randint(1, 3)))
                case _:
                    data[at:at] = data[at : at + chance.randint(1, 8)]
            data = data or bytearray(b"x")
        found.append(bytes(data))
    return found


def test_of_hostile_payloads_each_is_a_row_or_a_dead_letter_and_bytes_are_kept(bench: Bench) -> None:
    payloads = [*BY_HAND, *mutated(7, 60)]
    bench.send(*payloads)
    bench.run()
    rows = bench.lake.rows(bench.ingest.spec).select("offset", "dead_letter.reason", "dead_letter.value").collect()
    assert sorted(row["offset"] for row in rows) == list(range(len(payloads)))
    assert len(payloads) > 100
    dead = [row for row in rows if row["reason"] is not None]
    assert {row["reason"] for row in dead} <= set(DeadLetterReason)
    assert all(bytes(row["value"]) == payloads[row["offset"]] for row in dead)
    good = {payloads[row["offset"]] for row in rows if row["reason"] is None}
    assert GOOD + b"garbage" not in good
    assert GOOD + b'],"end":true}' not in good
    assert b'{"sensor": "a", "value": 9223372036854775807}' in good


def test_a_record_of_ten_megabytes_is_a_dead_letter_and_the_ledger_is_whole(bench: Bench, unique: str) -> None:
    servers, topic = bench.ingest.topic.bootstrap_servers, f"{unique}-large"
    ensure_topic(servers, topic, partitions=1, config={"max.message.bytes": "12000000"})
    producer = confluent_kafka.Producer({"bootstrap.servers": servers, "message.max.bytes": 12_000_000})
    producer.produce(topic, b'{"sensor": "' + b"x" * 10_000_000 + b'", "value": 1}')
    producer.produce(topic, GOOD)
    assert producer.flush(60) == 0
    large = replace(bench, ingest=replace(bench.ingest, topic=replace(bench.ingest.topic, topic=topic)))
    large.run()
    assert dead_letter_counts(large.lake.table(large.ingest.spec.name)) == {"too_large": 1, None: 1}
    ledger = read_ledger(large.lake.table(large.ingest.spec.name))
    assert ledger is not None
    assert ledger.problems == ()
    (whole,) = verify(large.lake.catalog, large.ingest)
    assert verify_deep(large.lake, large.ingest, whole, since=compared_from(large.ingest, whole)).problems == ()

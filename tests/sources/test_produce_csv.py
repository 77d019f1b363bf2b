"""A file of CSV into a real topic: typed, keyed, each record once however often it is cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from lakehouse.errors import SourceError
from lakehouse.local.broker import Broker
from lakehouse.sources.csv_messages import CsvFile
from lakehouse.sources.csv_producer import Sent, produce_csv
from lakehouse.sources.topics import ensure_topic
from tests.sources.sales import fresh_spec

HEADER = "number,article,amount,day,at\n"


def opened(folder: Path, lines: str, **options: str) -> CsvFile:
    path = folder / "sales.csv"
    path.write_text(lines)
    return CsvFile.open(path, fresh_spec("t_messages").column("record"), options, key="article")


def sent(file: CsvFile, kafka: Broker, topic: str, **more: Any) -> Sent:
    ensure_topic(kafka.bootstrap_servers, topic, partitions=2)
    return produce_csv(file, bootstrap_servers=kafka.bootstrap_servers, topic=topic, per_transaction=2, **more)


def committed(kafka: Broker, topic: str, count: int) -> list[dict[str, Any]]:
    """What a consumer of committed records reads, by number."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": kafka.bootstrap_servers, "group.id": topic, "isolation.level": "read_committed",
         "auto.offset.reset": "earliest", "enable.partition.eof": False}
    )  # fmt: skip
    consumer.subscribe([topic])
    found: list[Any] = []
    while len(found) < count and (message := consumer.poll(20)) is not None:
        found.append(json.loads(message.value() or b""))
    assert consumer.poll(1) is None, "there are more"
    consumer.close()
    return sorted(found, key=lambda one: one["number"])


class CutOffError(Exception):
    """The machine is gone."""


def test_a_file_that_was_cut_off_goes_on_behind_its_last_transaction(
    kafka: Broker, unique: str, tmp_path: Path
) -> None:
    file = opened(tmp_path, HEADER + "".join(f"{number},Tea,1.50,,\n" for number in range(7)))

    def cut_off(count: int) -> None:
        if count == 4:
            raise CutOffError

    with pytest.raises(CutOffError):
        sent(file, kafka, unique, on_progress=cut_off)
    again = sent(file, kafka, unique)
    assert (again.began_after, again.count) == (5, 3)
    assert sent(file, kafka, unique).count == 0
    found = committed(kafka, unique, 7)
    assert [one["number"] for one in found] == list(range(7))
    assert found[0] == {"number": 0, "article": "Tea", "amount": "1.50"}


def test_a_record_that_is_no_message_ends_the_run_or_is_left_out_and_told(
    kafka: Broker, unique: str, tmp_path: Path
) -> None:
    file = opened(tmp_path, HEADER + "1,Tea,1,,\n2,Tea,1.999,,\n3,Tea\n,Tea,,,\n5,Tea,1,,\n")
    with pytest.raises(SourceError, match=r"line 3: wrong_type: amount: expected decimal\(12,2\), found 1.999"):
        sent(file, kafka, unique)
    done = sent(file, kafka, unique, skip_bad=True)
    assert (done.count, done.skipped, [one.split(": ")[1] for one in done.wrong]) == (
        2, 3, ["wrong_type", "malformed_csv", "missing_required"],
    )  # fmt: skip
    assert [one["number"] for one in committed(kafka, unique, 2)] == [1, 5]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1;Tea;1.234,50;24.12.2026;24.12.2026 10:00", {"amount": "1234.50", "day": "2026-12-24"}),
        ('2;"Tea; ""green""\nand black";0,5;1.1.2026;', {"article": 'Tea; "green"\nand black', "amount": "0.5"}),
    ],
)
def test_values_are_typed_by_the_contract(tmp_path: Path, line: str, message: dict[str, Any]) -> None:
    text = HEADER.replace(",", ";") + line + "\n3;x;0,5;24.12.2026;24.12.2026 9:30\n"
    (first, last) = opened(tmp_path, text).messages()
    assert json.loads(first.value) | message == json.loads(first.value)
    assert json.loads(last.value)["at"] == "2026-12-24T09:30:00"
    assert first.key == json.loads(first.value)["article"].encode()

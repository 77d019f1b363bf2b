"""Records as lines of JSON with an id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse.agent.encode import Encoder
from lakehouse.agent.log_file import LogFile, LogRecord
from lakehouse.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> LogFile:
    """A file that records are of."""
    path = tmp_path / "app.log"
    path.write_text("x\n")
    found = LogFile.first_seen(str(path))
    assert found is not None
    found.close()
    return found


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"n": 1}\n', {"n": 1}),
        (b"{}\n", {}),
        (b'{ "text": "a\\nb" }\r\n', {"text": "a\nb"}),
        (b'{\n  "n": 1\n}\n', {"n": 1}),
        (b"plain \xc3\xbc\n", {"message": "plain ü"}),
        (b"not UTF-8: \xff\n", {"message": "not UTF-8: \\xff"}),
        (b"1 wrong\n  at a\n", {"message": "1 wrong\n  at a"}),
        (b"[1]\n", {"message": "[1]"}),
    ],
)
def test_a_record_is_one_line_of_json_with_its_id(file: LogFile, raw: bytes, expected: dict[str, object]) -> None:
    value = Encoder().value(LogRecord(file, 7, raw))
    assert b"\n" not in value
    assert json.loads(value) == {"record_id": f"{file.id}-7", **expected}


def test_without_an_id_a_record_is_sent_as_it_is(file: LogFile) -> None:
    assert Encoder(id_field="").value(LogRecord(file, 7, b"a {b}\r\n")) == b"a {b}"


@pytest.mark.parametrize(
    ("choice", "raw", "key"),
    [
        ("record", b"a\n", "{id}-7"),
        ("file", b"a\n", "{id}"),
        ("$.order", b'{"order": 12}\n', "12"),
        ("$.order", b"no JSON\n", "{id}-7"),
        ("$.order", b'{"order": null}\n', "{id}-7"),
    ],
)
def test_the_partition_key_is_what_was_chosen(file: LogFile, choice: str, raw: bytes, key: str) -> None:
    encoder, record = Encoder(partition_key=choice), LogRecord(file, 7, raw)
    assert encoder.key_of()(record, encoder.value(record)) == key.format(id=file.id)


def test_a_choice_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="give record, file, or a field"):
        Encoder(partition_key="order_id")

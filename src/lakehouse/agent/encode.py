"""A record of a log as one line of JSON that says where it came from, so that what is sent twice can be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from lakehouse.agent.log_file import LogRecord
from lakehouse.errors import ConfigError

_KEY_CHARACTERS = 256


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """What becomes of a record.

    Args:
        id_field: Field that is put in front of an object of JSON: the file's id and the record's offset in it. Other
            text becomes the field ``message`` of an object with it. Empty: records are sent as they are.
        partition_key: ``record``: shards are filled alike; ``file``: the records of a file go to one shard;
            ``$.name``: those with the same value of that field do.
    """

    id_field: str = "record_id"
    partition_key: str = "record"

    def __post_init__(self) -> None:
        if self.partition_key not in ("record", "file") and not self.partition_key.startswith("$."):
            raise ConfigError(f"--partition-key {self.partition_key}: give record, file, or a field such as $.order_id")
        if json.dumps(self.id_field) != f'"{self.id_field}"':
            raise ConfigError(f"--id-field {self.id_field} cannot be the name of a field as it stands; take letters")

    def value(self, record: LogRecord) -> bytes:
        """Give the record's bytes: nothing where it is empty."""
        text = record.raw.rstrip(b"\r\n")
        if not self.id_field or not text:
            return text
        id_ = f'{{"{self.id_field}":"{record.file.id}-{record.start}"'.encode()
        if text.startswith(b"{") and text.endswith(b"}"):
            rest = text[1:].lstrip()
            # In JSON a line break stands between values alone: within one it is written as \n.
            rest = rest.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in rest else rest
            return b"%b%b%b" % (id_, b"" if rest == b"}" else b",", rest)
        message = json.dumps(text.decode(errors="backslashreplace"), ensure_ascii=False)
        return b'%b,"message":%b}' % (id_, message.encode())

    def key_of(self) -> Callable[[LogRecord, bytes], str]:
        """Give what makes the partition key of a record and its bytes."""
        if self.partition_key == "record":
            return _record_key
        if self.partition_key == "file":
            return lambda record, _: record.file.id
        name = self.partition_key.removeprefix("$.")
        return lambda record, value: _field(value, name) or _record_key(record, value)


def _record_key(record: LogRecord, _: bytes) -> str:
    return f"{record.file.id}-{record.start}"


def _field(value: bytes, name: str) -> str:
    """Give the text of a field; of what is no object, or does not have it, nothing."""
    try:
        found = json.loads(value).get(name)
    except (ValueError, AttributeError):
        return ""
    return "" if found is None else str(found)[:_KEY_CHARACTERS]

"""What takes records: a stream of Kinesis or Firehose, with the limits of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lakehouse.errors import MissingExtraError

_MIB = 1024**2


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Most records and bytes of a request, and bytes of a record."""

    records: int
    bytes: int
    record_bytes: int


@dataclass(kw_only=True)
class Stream(ABC):
    """Something that takes records by the request, and may refuse some of them.

    Args:
        stream: Its name in AWS.
        region: None: that of the environment.
    """

    stream: str
    region: str | None = None
    _made: Any = field(default=None, init=False, repr=False)

    service: ClassVar[str]
    limits: ClassVar[Limits]

    @property
    def name(self) -> str:
        """What people call it."""
        return f"the {self.service.capitalize()} stream {self.stream}"

    @abstractmethod
    def entry(self, value: bytes, key: str) -> tuple[Any, int]:
        """Give a record as a request has it, and the bytes that it counts for."""

    @abstractmethod
    def check(self) -> None:
        """Ask whether it is there; raises what the client raises."""

    @abstractmethod
    def _answers(self, entries: list[Any]) -> list[Any]:
        """Send, and give what is said of each entry; nothing where all arrived."""

    def put(self, entries: list[Any]) -> tuple[list[Any], str]:
        """Send, and give what was refused and why the first of it was; raises what the client raises."""
        refused = [
            (entry, answer["ErrorCode"])
            for entry, answer in zip(entries, self._answers(entries), strict=False)
            if answer.get("ErrorCode")
        ]
        return [entry for entry, _ in refused], refused[0][1] if refused else ""

    def renew(self) -> None:
        """Take the credentials that there are now."""
        self._made = None

    @property
    def client(self) -> Any:
        """The client of boto3, which may be used by several threads.

        Raises:
            MissingExtraError: It is not installed.
        """
        if self._made is None:
            self._made = _client(self.service, self.region)
        return self._made


class Kinesis(Stream):
    """A stream of Kinesis: at most 500 records and 5 MiB a request, 1 MiB a record, its key included."""

    service = "kinesis"
    limits = Limits(records=500, bytes=5 * _MIB, record_bytes=_MIB)

    def entry(self, value: bytes, key: str) -> tuple[Any, int]:
        """Give a record with its partition key."""
        return {"Data": value, "PartitionKey": key}, len(value) + len(key.encode())

    def check(self) -> None:
        """Ask whether it is there."""
        self.client.describe_stream_summary(StreamName=self.stream)

    def _answers(self, entries: list[Any]) -> list[Any]:
        found = self.client.put_records(StreamName=self.stream, Records=entries)
        return list(found["Records"]) if found["FailedRecordCount"] else []


class Firehose(Stream):
    """A delivery stream of Firehose: at most 500 records and 4 MiB a request, 1,000 KiB a record; each is a line."""

    service = "firehose"
    limits = Limits(records=500, bytes=4 * _MIB, record_bytes=1_000 * 1024)

    def entry(self, value: bytes, key: str) -> tuple[Any, int]:
        """Give a record with the line break that Firehose does not put between records."""
        del key
        return {"Data": value + b"\n"}, len(value) + 1

    def check(self) -> None:
        """Ask whether it is there."""
        self.client.describe_delivery_stream(DeliveryStreamName=self.stream)

    def _answers(self, entries: list[Any]) -> list[Any]:
        found = self.client.put_record_batch(DeliveryStreamName=self.stream, Records=entries)
        return list(found["RequestResponses"]) if found["FailedPutCount"] else []


def _client(service: str, region: str | None) -> Any:
    try:
        import boto3
        from botocore.config import Config  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError(extra="aws", needed_for="the agent") from error
    # Whom to ask again, and when, is said in `delivery`; what is sent was measured here already.
    config = Config(
        retries={"total_max_attempts": 1}, parameter_validation=False, connect_timeout=5, read_timeout=20,
        max_pool_connections=32,
    )  # fmt: skip
    # A session of its own, or it has the credentials that were there before.
    return boto3.Session(region_name=region).client(service, config=config)

"""The agent against Kinesis and Firehose: what is refused is sent again, and nothing is lost on bad days."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from lakehouse.agent.checkpoint import Checkpoint
from lakehouse.agent.encode import Encoder
from lakehouse.agent.log_file import CHUNK_BYTES
from lakehouse.agent.run import Agent, Progress
from lakehouse.agent.streams import Firehose, Kinesis, Stream
from lakehouse.agent.tail import Tail
from lakehouse.catalog.aws_errors import AwsError
from lakehouse.errors import SourceError
from tests.aws.faults import Fault, FaultyAws
from tests.aws.wire import wire_to
from tests.cli.command_line import lakehouse

REGION = "eu-central-1"
PUT = "Kinesis_20131202.PutRecords"


@pytest.fixture
def stream(aws: FaultyAws, monkeypatch: pytest.MonkeyPatch, unique: str) -> Kinesis:
    """A stream of two shards."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    boto3.client("kinesis").create_stream(StreamName=unique, ShardCount=2)
    return Kinesis(stream=unique)


def records_in(stream: Stream) -> Iterator[dict[str, Any]]:
    """Read a stream of Kinesis from its beginning."""
    client = boto3.client("kinesis")
    for shard in client.list_shards(StreamName=stream.stream)["Shards"]:
        place = {"StreamName": stream.stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        answer = {"NextShardIterator": client.get_shard_iterator(**place)["ShardIterator"], "MillisBehindLatest": 1}
        while answer["MillisBehindLatest"]:
            answer = client.get_records(ShardIterator=answer["NextShardIterator"])
            yield from (json.loads(one["Data"]) for one in answer["Records"])


def agent_of(folder: Path, stream: Stream, **more: Any) -> Agent:
    kept = Checkpoint(path=folder / "checkpoint.json")
    tail = Tail(patterns=[str(folder / "*.log")], rotated_seconds=0.0)
    return Agent(**{"tail": tail, "stream": stream, "checkpoint": kept, "once": True, **more})


def write(folder: Path, first: int, last: int) -> None:
    with (folder / "app.log").open("a") as file:
        file.writelines(f'{{"n": {number}}}\n' for number in range(first, last))


def numbers(stream: Stream) -> list[int]:
    return sorted(one["n"] for one in records_in(stream))


def test_each_record_arrives_and_the_next_run_goes_on_behind_it(stream: Kinesis, tmp_path: Path) -> None:
    write(tmp_path, 0, 1_200)
    assert agent_of(tmp_path, stream).run().records == 1_200
    write(tmp_path, 1_200, 1_210)
    assert agent_of(tmp_path, stream).run().records == 10
    assert numbers(stream) == list(range(1_210))
    assert len({one["record_id"] for one in records_in(stream)}) == 1_210


def test_of_a_request_only_what_was_refused_is_sent_again(aws: FaultyAws, stream: Kinesis, tmp_path: Path) -> None:
    write(tmp_path, 0, 900)
    with aws.fails(Fault(begins=PUT, code="ProvisionedThroughputExceededException", every=3, times=3)):
        done = agent_of(tmp_path, stream, in_flight=1).run()
    assert (done.records, done.refused) == (900, 167 + 56 + 19)
    assert numbers(stream) == list(range(900))


def test_firehose_has_a_line_for_each_record_of_a_request_that_was_refused_in_part(
    aws: FaultyAws, stream: Kinesis, unique: str, tmp_path: Path
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": REGION})
    place = {"RoleARN": "arn:aws:iam::123456789012:role/firehose", "BucketARN": f"arn:aws:s3:::{unique}"}
    boto3.client("firehose").create_delivery_stream(
        DeliveryStreamName=unique, ExtendedS3DestinationConfiguration={**place, "Prefix": "landing/"}
    )
    write(tmp_path, 0, 700)
    with aws.fails(
        Fault(begins="Firehose_20150804.PutRecordBatch", code="ServiceUnavailableException", every=2, times=1)
    ):
        assert agent_of(tmp_path, Firehose(stream=unique)).run().records == 700
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=unique)["Contents"]]
    lines = [line for key in keys for line in s3.get_object(Bucket=unique, Key=key)["Body"].read().splitlines()]
    assert sorted(json.loads(line)["n"] for line in lines) == list(range(700))


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("ExpiredTokenException", 400, "the credentials have expired"),
        ("InternalFailure", 500, "InternalFailure"),
        ("ThrottlingException", 400, "it is asked too often"),
    ],
)
def test_what_passes_is_waited_for_and_told(
    aws: FaultyAws, stream: Kinesis, tmp_path: Path, code: str, status: int, said: str
) -> None:
    write(tmp_path, 0, 10)
    told: list[Progress] = []
    agent = agent_of(tmp_path, stream, say_seconds=0.05, on_progress=told.append)
    with aws.fails(Fault(begins=PUT, code=code, status=status, times=3)):
        assert agent.run().waiting_for == ""
    assert any(said in one.waiting_for for one in told)
    assert numbers(stream) == list(range(10))


def test_a_request_that_was_done_and_not_answered_is_sent_twice_under_the_same_ids(
    aws: FaultyAws, stream: Kinesis, tmp_path: Path
) -> None:
    write(tmp_path, 0, 10)
    with aws.fails(Fault(begins=PUT, code="InternalFailure", status=500, times=1, done=True)):
        agent_of(tmp_path, stream).run()
    found = Counter(one["record_id"] for one in records_in(stream))
    assert (len(found), set(found.values())) == (10, {2})


@contextmanager
def running(agent: Agent) -> Iterator[Callable[[], None]]:
    """Let an agent run beside the test; what is given ends it as SIGTERM does."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            agent.run()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def end() -> None:
        agent.stopping.set()
        thread.join(60)
        assert (failed, thread.is_alive()) == ([], False)

    try:
        yield end
    finally:
        end()


def eventually(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until, "it did not happen within a minute"
        time.sleep(0.05)


def test_a_network_that_is_cut_in_the_middle_of_a_request_is_waited_for(
    aws: FaultyAws, stream: Kinesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Progress] = []
    with wire_to(aws.url) as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        agent = agent_of(tmp_path, stream, once=False, say_seconds=0.05, on_progress=told.append)
        with running(agent) as end:
            write(tmp_path, 0, 100)
            eventually(lambda: bool(told) and told[-1].records == 100)
            wire.carries = 20_000
            write(tmp_path, 100, 2_000)
            eventually(lambda: bool(told[-1].waiting_for))
            wire.carries = float("inf")
            eventually(lambda: told[-1].records == 2_000)
            end()
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    assert sorted(set(numbers(stream))) == list(range(2_000))
    assert len({one["record_id"] for one in records_in(stream)}) == 2_000


def test_nothing_is_lost_while_files_are_renamed_and_cut_under_load(stream: Kinesis, tmp_path: Path) -> None:
    agent = agent_of(tmp_path, stream, once=False, linger_seconds=0.05)
    agent.tail.rotated_seconds, log, ids = 0.5, tmp_path / "app.log", set[str]()

    def seen() -> bool:
        """Whether the agent knows the file that the log is by now."""
        new = {one.id for one in agent.tail.files if one.path == str(log)} - ids
        ids.update(new)
        return bool(new)

    with running(agent) as end:
        for number in range(6):
            write(tmp_path, number * 200, number * 200 + 100)
            eventually(seen)
            write(tmp_path, number * 200 + 100, number * 200 + 200)
            if number % 2:
                log.rename(tmp_path / f"app.log.{number}")
            else:
                shutil.copy(log, tmp_path / f"app.log.{number}")
                log.write_text("")
        eventually(lambda: agent.tail.files == [])
        end()
    assert agent.tail.told == []
    assert numbers(stream) == list(range(1_200))


def test_while_the_stream_takes_nothing_files_are_not_read_on_and_the_next_run_sends_what_did_not_arrive(
    aws: FaultyAws, stream: Kinesis, tmp_path: Path
) -> None:
    with (tmp_path / "app.log").open("w") as log:
        log.writelines(f'{{"n": {number}, "text": "{"x" * 2_000}"}}\n' for number in range(3_000))
    agent = agent_of(tmp_path, stream, in_flight=1, drain_seconds=0.2, say_seconds=0.3)

    def end_when_it_waits(now: Progress) -> None:
        if now.waiting_for:
            agent.stopping.set()

    agent.on_progress = end_when_it_waits
    fails, told = aws.fails(Fault(begins=PUT, code="InternalFailure", status=500)), r"has not arrived in 0 s \(Intern"
    with fails, pytest.raises(SourceError, match=told):
        agent.run()
    (file,) = agent.tail.files
    assert (0 < file.read.offset <= CHUNK_BYTES, file.sent.offset) == (True, 0)
    agent_of(tmp_path, stream).run()
    assert numbers(stream) == list(range(3_000))


def test_what_was_read_arrives_before_the_agent_ends(aws: FaultyAws, stream: Kinesis, tmp_path: Path) -> None:
    write(tmp_path, 0, 300)
    agent = agent_of(tmp_path, stream, once=False, linger_seconds=60)
    with running(agent) as end:
        eventually(lambda: bool(agent.tail.files) and agent.tail.files[0].unsent > 0)
        end()
    assert numbers(stream) == list(range(300))
    assert agent.checkpoint.read()[0].sent.offset == (tmp_path / "app.log").stat().st_size


def test_a_stream_that_is_not_there_or_may_not_be_written_to_is_told(
    aws: FaultyAws, stream: Kinesis, tmp_path: Path
) -> None:
    write(tmp_path, 0, 10)
    with pytest.raises(SourceError, match="the Kinesis stream ordres is not there, in eu-central-1"):
        agent_of(tmp_path, Kinesis(stream="ordres")).run()
    with pytest.raises(SourceError, match="the Firehose stream ordres is not there"):
        agent_of(tmp_path, Firehose(stream="ordres")).run()
    refused = Fault(begins=PUT, code="AccessDeniedException", text="is not authorized to perform kinesis:PutRecords")
    with aws.fails(refused), pytest.raises(AwsError, match="the role may not do this"):
        agent_of(tmp_path, stream).run()
    assert agent_of(tmp_path, stream).run().records == 10


def test_a_record_that_no_request_takes_is_left_out_and_told_by_the_command(
    aws: FaultyAws, stream: Kinesis, tmp_path: Path
) -> None:
    (tmp_path / "app.log").write_text("one\n" + "x" * 1_100_000 + "\nthree\n")
    options = ["--kinesis", stream.stream, "--checkpoint", str(tmp_path / "c.json"), "--once", "--json"]
    shown = lakehouse("agent", str(tmp_path / "app.log"), *options, "--dry-run")
    assert json.loads(shown.stdout)["files"][0]["to"] == 1_100_011
    shown = lakehouse("agent", str(tmp_path / "app.log"), *options)
    done = json.loads(shown.stdout)
    assert (shown.exit_code, done["records"], done["too_long"]) == (3, 2, 1)
    assert "the record at byte 4 is too long" in done["told"][0]
    assert sorted(one["message"] for one in records_in(stream)) == ["one", "three"]


def test_the_partition_key_is_what_was_chosen(stream: Kinesis, tmp_path: Path) -> None:
    write(tmp_path, 0, 3)
    agent_of(tmp_path, stream, encoder=Encoder(partition_key="$.n")).run()
    client, found = boto3.client("kinesis"), dict[str, int]()
    for shard in client.list_shards(StreamName=stream.stream)["Shards"]:
        place = {"StreamName": stream.stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        answer = client.get_records(ShardIterator=client.get_shard_iterator(**place)["ShardIterator"])
        found |= {one["PartitionKey"]: json.loads(one["Data"])["n"] for one in answer["Records"]}
    assert found == {"0": 0, "1": 1, "2": 2}

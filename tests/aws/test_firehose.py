"""Log files by the agent to Firehose, by Firehose to a landing zone, by zones into bronze: each record once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import boto3
import pytest
from pyspark.sql.types import LongType, StringType

from lakehouse import Column, Schema, StructType, doc, required, table
from lakehouse.agent.checkpoint import Checkpoint
from lakehouse.agent.run import Agent
from lakehouse.agent.streams import Firehose
from lakehouse.agent.tail import Tail
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract import FileRecord
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.pipeline.take import take
from lakehouse.sources.landing import LandingZone
from lakehouse.transforms.deduplicate import keep_newest
from tests.aws.faults import Fault, FaultyAws

REGION = "eu-central-1"


class Logged(Schema):
    """What an application logs, and which record of which file it is."""

    record_id: Annotated[Column[StringType], required, doc("Id of the file, and the record's offset in it")]
    n: Annotated[Column[LongType], doc("A number")]
    message: Annotated[Column[StringType], doc("Text that is no object")]


def fresh_spec(unique: str) -> TableSpec:
    """A bronze table that no other test uses."""
    members = {"__annotations__": {"record": Annotated[Column[StructType[Logged]], doc("The record")]}}
    raw = type("Fresh", (FileRecord,), {**members, "__doc__": "Logs as they arrive."})
    return spec_of(table(f"bronze.{unique}", partitioned_by=("dead_letter.reason",))(raw))


@pytest.fixture
def firehose(aws: FaultyAws, monkeypatch: pytest.MonkeyPatch, unique: str) -> Firehose:
    """A delivery stream into a bucket of the same name."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    boto3.client("s3").create_bucket(Bucket=unique, **place)
    to = {"RoleARN": "arn:aws:iam::123456789012:role/firehose", "BucketARN": f"arn:aws:s3:::{unique}"}
    boto3.client("firehose").create_delivery_stream(
        DeliveryStreamName=unique, ExtendedS3DestinationConfiguration={**to, "Prefix": "landing/"}
    )
    return Firehose(stream=unique)


def fetch(bucket: str, root: Path) -> list[str]:
    """Copy what is in a bucket to a folder: the session of the tests has no file system for S3."""
    client = boto3.client("s3")
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]]
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, key, str(root / key))
    return keys


def test_what_is_logged_is_in_bronze_and_what_came_twice_is_told_by_its_id(
    aws: FaultyAws, firehose: Firehose, lake: Lake, unique: str, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(f'{{"n": {number}}}\n' for number in range(800)) + "plain\n")
    kept = Checkpoint(path=tmp_path / "checkpoint.json")
    agent = Agent(tail=Tail(patterns=[str(log)]), stream=firehose, checkpoint=kept, once=True)
    put = "Firehose_20150804.PutRecordBatch"
    refused = Fault(begins=put, code="ServiceUnavailableException", every=3, times=1)
    # Delivered, but the answer is lost: it comes again, in another object.
    unanswered = Fault(begins=put, code="InternalFailure", status=500, times=1, done=True)
    with aws.fails(refused), aws.fails(unanswered):
        assert agent.run().records == 801
    keys = fetch(unique, tmp_path / "zone")
    assert all(key.startswith("landing/20") and key.count("/") == 5 for key in keys)
    spec, zone = fresh_spec(unique), LandingZone(root=str(tmp_path / "zone"), settle_seconds=0)
    took = take(lake, spec, zone, max_record_bytes=1_000_000)
    assert took.pieces == len(keys)
    rows = lake.rows(spec)
    told = rows.groupBy("dead_letter.reason", "dead_letter.detail").count().collect()
    assert [(one.reason, one.detail, one["count"] > 801) for one in told] == [(None, None, True)]
    once = keep_newest(rows, key=["record.record_id"], newest_by=["ingested_at"])
    found = once.select("record.n", "record.message").collect()
    assert sorted(row.n for row in found if row.message is None) == list(range(800))
    assert [row.message for row in found if row.n is None] == ["plain"]

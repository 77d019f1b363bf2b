"""Files in S3: which are there, how they are written, and landing zones, by the real client."""

from __future__ import annotations

import gzip
from pathlib import PurePosixPath
from typing import Any

import boto3
import pytest

from lakehouse.catalog.connect import pyiceberg_properties
from lakehouse.config import Settings
from lakehouse.errors import SourceError
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.landing import LandingZone
from tests.aws.faults import FaultyAws

LINE = gzip.compress(b'{"number": 1}\n')


@pytest.fixture
def put(aws: FaultyAws, in_glue: Settings) -> Any:
    """Puts objects into the bucket of the lake."""
    region = in_glue.catalog.properties["client.region"]
    client = boto3.client("s3", endpoint_url=aws.url, region_name=region)
    return lambda *keys: [client.put_object(Bucket="lake", Key=key, Body=LINE) for key in keys]


def folder(settings: Settings, place: str) -> Folder:
    return Folder(location=f"s3://lake/{place}", settle_seconds=0, properties=pyiceberg_properties(settings))


def test_objects_are_listed_and_opened_as_files_are(in_glue: Settings, put: Any) -> None:
    put("in/2026/a.jsonl.gz", "in/_under_way/b.jsonl", "in/c.jsonl.tmp")
    (found,), left = folder(in_glue, "in/").files()
    assert (found.source, left) == ("s3://lake/in/2026/a.jsonl.gz", [])
    assert folder(in_glue, "in/").open(found).read() == gzip.decompress(LINE)
    with pytest.raises(SourceError, match="there is nothing at s3://lake/nowhere/"):
        folder(in_glue, "nowhere/").files()


def test_objects_move_through_the_zones(in_glue: Settings, put: Any) -> None:
    put("zone/landing/2026/11/28/a.gz", "zone/landing/2026/11/28/b.gz")
    zone = LandingZone(root="s3://lake/zone", settle_seconds=0, properties=pyiceberg_properties(in_glue))
    for piece in zone._zone("landing").files()[0]:
        zone._begin(piece)
    moved, _ = zone._zone("processing").files()
    zone._finish(moved[:1])
    names = {part: [PurePosixPath(one.source).name for one in zone._zone(part).files()[0]]
             for part in ("processing", "processed")}  # fmt: skip
    assert names == {"processing": ["b.gz"], "processed": ["a.gz"]}

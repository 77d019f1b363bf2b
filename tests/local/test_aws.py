"""The Glue and the S3 that `make run-aws` starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakehouse.catalog.connect import open_catalog
from lakehouse.config import Settings, load
from lakehouse.local.aws import catalog_of, local_aws

GLUE = Path(__file__).parent.parent.parent / "conf" / "glue.toml"


def test_the_configuration_for_glue_works_on_loopback_with_keys_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "mine")
    configured = load([GLUE], environ={}).settings.catalog
    with local_aws() as endpoint:
        catalog = open_catalog(Settings.model_validate({"catalog": catalog_of(endpoint, configured)}))
        catalog.create_namespace("loopback")
        assert catalog.load_namespace_properties("loopback")["location"] == "s3://acme-lake/warehouse/loopback.db"
        assert (os.environ["AWS_ACCESS_KEY_ID"], "AWS_SESSION_TOKEN" in os.environ) == ("local", False)
    assert (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SESSION_TOKEN"]) == ("mine", "mine")

"""One server of AWS for a module of this folder, and credentials that it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyiceberg.catalog import Catalog

from lakehouse.catalog.connect import open_catalog
from lakehouse.config import Settings
from lakehouse.local.aws import catalog_of
from tests.aws.faults import FaultyAws, faulty_aws

_OF_A_PERSON = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")


@pytest.fixture(scope="package")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyAws]:
    """Glue, S3 and Athena; no credentials or region of a person."""
    with pytest.MonkeyPatch.context() as patch, faulty_aws() as running:
        for name in _OF_A_PERSON:
            patch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, str(tmp_path_factory.getbasetemp() / "none"))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield running


@pytest.fixture(scope="package")
def in_glue(aws: FaultyAws) -> Settings:
    """Settings of a lake in that Glue."""
    return Settings.model_validate({"catalog": catalog_of(aws.url)})


@pytest.fixture(scope="package")
def catalog(in_glue: Settings) -> Catalog:
    """Its catalog, as PyIceberg sees it."""
    return open_catalog(in_glue)


def empty(catalog: Catalog) -> None:
    """Drop what other tests have left in Glue: the courier's lake is made by several, each in a place of its own."""
    for (name,) in catalog.list_namespaces():
        catalog.glue.delete_database(Name=name)  # type: ignore[attr-defined]


@pytest.fixture
def emptied(catalog: Catalog) -> None:
    """Nothing of another test is in Glue."""
    empty(catalog)

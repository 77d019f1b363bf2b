"""DuckDB over tables in S3."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from lakehouse.catalog.iceberg_schema import create_table
from lakehouse.config import Settings
from lakehouse.contract.table import spec_of
from lakehouse.errors import ServingError
from lakehouse.serving.duckdb import DuckDbWarehouse
from lakehouse.serving.duckdb_s3 import s3_secret
from lakehouse.serving.protocol import ServedTable
from tests.contract.tables import Orders


def test_views_read_s3_where_the_catalog_says_it_is(catalog: Catalog, in_glue: Settings, tmp_path: Path) -> None:
    spec = replace(spec_of(Orders), name="gold.few_orders")
    table = create_table(catalog, spec)
    table.append(pa.Table.from_pylist([{"order_id": 1}, {"order_id": 2}], schema=table.schema().as_arrow()))
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb", s3=in_glue.catalog.properties)
    warehouse.publish(
        [ServedTable(spec=spec, metadata_location=catalog.load_table("gold.few_orders").metadata_location)]
    )
    assert warehouse.query("SELECT sum(order_id) FROM gold.few_orders").rows == ((3,),)


def test_without_credentials_it_is_said(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(ServingError, match="there are no credentials"):
        s3_secret({})


def test_a_key_cannot_end_the_statement(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a'b")
    assert "SECRET 'a''b'" in s3_secret({})

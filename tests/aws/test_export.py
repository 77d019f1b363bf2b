"""Exports in S3, with the credentials of the catalog."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from pyiceberg.catalog import Catalog

from lakehouse.catalog.iceberg_schema import create_table
from lakehouse.config import Settings
from lakehouse.contract.table import spec_of
from lakehouse.serving.export import current_export, export
from lakehouse.serving.protocol import ServedTable
from tests.contract.tables import Orders


def test_an_export_in_s3_is_what_its_pointer_names(catalog: Catalog, in_glue: Settings) -> None:
    spec = replace(spec_of(Orders), name="gold.exported_orders", partitioned_by=())
    table = create_table(catalog, spec)
    table.append(pa.Table.from_pylist([{"order_id": 1}, {"order_id": 2}], schema=table.schema().as_arrow()))
    root = f"{in_glue.catalog.warehouse}/exports/"
    made = export(ServedTable.of(spec, table.refresh()), root)
    assert (made.rows, current_export(table, spec, root)) == (2, made)
    assert all(table.io.new_input(root + file).exists() for file in made.files)

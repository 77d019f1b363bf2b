"""Commits as another engine makes them: rows, and equality deletes, which neither the library nor Spark ever writes.

Iceberg's own Java API writes the files, reached through the session of the test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.table import TableSpec

Values = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What a checkpoint of a Flink job commits; its deletes do not reach the rows that are inserted with them.

    ``insert`` has values of all columns. ``delete`` has values of some, and all rows with these are deleted: in one
    partition, or in all where the values do not tell which (of a table that was not partitioned once).
    """

    delete: Sequence[Values] = ()
    insert: Sequence[Values] = ()


def commit_as_flink(lake: Lake, spec: TableSpec, commit: Commit) -> None:
    """Write each row to a file of its own, and commit them together."""
    writer = _FileWriter(lake, spec)
    change = writer.table.newRowDelta()
    for values in commit.delete:
        change.addDeletes(writer.equality_delete(values))
    for values in commit.insert:
        change.addRows(writer.data(values))
    change.commit()
    lake.refresh(spec.name)


class _FileWriter:
    """Writes files of a row each."""

    def __init__(self, lake: Lake, spec: TableSpec) -> None:
        session: Any = lake.spark
        self.gateway = session.sparkContext._gateway
        self.iceberg = session._jvm.org.apache.iceberg
        self.table = self.iceberg.spark.Spark3Util.loadIcebergTable(session._jsparkSession, f"{lake.name}.{spec.name}")
        self.table.refresh()

    def equality_delete(self, values: Values) -> Any:
        schema = self.table.schema().select(list(values))
        columns = self.gateway.new_array(self.gateway.jvm.int, len(values))
        for at, name in enumerate(values):
            columns[at] = schema.findField(name).fieldId()
        files = self._files().equalityDeleteRowSchema(schema).equalityFieldIds(columns).build()
        return self._written(values, schema, files.newEqualityDeleteWriter).toDeleteFile()

    def data(self, values: Values) -> Any:
        return self._written(values, self.table.schema(), self._files().build().newDataWriter).toDataFile()

    def _files(self) -> Any:
        parquet, builder = self.iceberg.FileFormat.PARQUET, self.iceberg.data.GenericFileWriterFactory.Builder
        return builder(self.table).dataFileFormat(parquet).deleteFileFormat(parquet)

    def _written(self, values: Values, schema: Any, new_writer: Callable[[Any, Any, Any], Any]) -> Any:
        record, spec, partition = self.iceberg.data.GenericRecord.create(schema), self.table.spec(), None
        for name, value in values.items():
            record.setField(name, value)
        if any(schema.findField(field.sourceId()) is None for field in spec.fields()):
            spec = self.iceberg.PartitionSpec.unpartitioned()
        if spec.isPartitioned():
            partition = self.iceberg.PartitionKey(spec, schema)
            partition.partition(record)
        outputs = self.iceberg.io.OutputFileFactory.builderFor(self.table, 0, 0)
        output = outputs.format(self.iceberg.FileFormat.PARQUET).build().newOutputFile(spec, partition)
        writer = new_writer(output, spec, partition)
        writer.write(record)
        writer.close()
        return writer

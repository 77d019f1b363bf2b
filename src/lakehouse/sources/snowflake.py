"""Tables and queries of Snowflake: read whole in the types of a contract, or as a source that takes what is new."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.dataset as ds
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types
from typedspark import DataSet

from lakehouse.catalog.file_ledger import Held
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.conform import conform
from lakehouse.contract.schema import SchemaT
from lakehouse.contract.table import is_table, spec_of
from lakehouse.errors import SourceError
from lakehouse.snowflake.names import literal, quoted
from lakehouse.snowflake.session import Session
from lakehouse.sources.file_listing import Folder, spark_path
from lakehouse.sources.protocol import LeftOut, Piece, Portion, SourceBatch
from lakehouse.sources.snowflake_rows import SnowflakeRows, source_of
from lakehouse.sources.text_lines import as_records
from lakehouse.transforms.decode_rows import ROW, RowDecoder

_ROWS_PER_GROUP = 100_000


def rows_of_snowflake(query: str, schema: type[SchemaT], *, session: Session) -> SnowflakeRows:
    """Give a table or query of Snowflake as Arrow in the types of a contract: see its ``arrow``.

    Columns that the library fills are not asked for.
    """
    if not is_table(schema):
        return SnowflakeRows(session=session, query=query, what=schema.__name__, declared=schema.get_structtype())
    spec = spec_of(schema)
    fields = [one for one in spec.struct.fields if one.name not in spec.generated]
    return SnowflakeRows(session=session, query=query, what=spec.name, declared=spark_types.StructType(fields))


def read_snowflake(
    query: str, schema: type[SchemaT], *, lake: Lake, session: Session, staging: str = ""
) -> DataSet[SchemaT]:
    """Read a table or query of Snowflake into Spark, in the types of a contract.

    Rows: those of the query when this is called. Columns: those of the contract; names count without case. Cost: the
    query runs once; its rows pass through this process a batch at a time and are Parquet in ``staging`` from then on,
    which Spark reads as often as it likes.

    Args:
        query: ``CRM.PUBLIC.PEOPLE``, or one SELECT.
        session: ``Session.of(settings.snowflake)``.
        staging: Folder or ``s3://`` prefix that Spark can read. Empty: a temporary folder of this machine, which goes
            with this process; then Spark has to run here. Nothing is removed from one that is named.

    Raises:
        SchemaMismatchError: A column is missing or has another type; no row was read.
        SourceError: A value does not fit its column.
        ServingError: Snowflake refuses the query, or the connection was lost on the way.
    """
    rows = rows_of_snowflake(query, schema, session=session)
    folder, _ = _staged(rows, rows.arrow(), staging=staging, properties=lake.catalog.properties)
    return conform(_parquet(lake.spark, folder.place, rows.declared), schema)


@dataclass(kw_only=True)
class SnowflakeSource:
    """What is new in a table or query of Snowflake, into a bronze table: rows past the newest ``watermark`` taken.

    The newest value taken is in the summary of the commit that has the rows, so each row is taken once whatever dies.
    A row that comes later with an older value, or the same one, is never taken: let the watermark be what only grows
    in the order of commits, as the number of a load; or read the table whole, ``read_snowflake``. Rows without a
    watermark are told and not taken.

    Args:
        name: What it is called; the watermark is kept under it.
        query: A table, or one SELECT.
        watermark: Column of the query; it need not be declared.
        session: Who is asked.
        staging: As of ``read_snowflake``.
        properties: Of the catalog, where its object store needs an address or keys.
    """

    name: str
    query: str
    watermark: str
    session: Session
    staging: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    left_out: Sequence[LeftOut] = ()

    def batches(self, spark: SparkSession, payload: ColumnSpec, held: Held) -> Iterator[SourceBatch]:
        """Give the rows that are newer than what the table holds, as one commit. Cost: two queries.

        Raises:
            SchemaMismatchError: A column is missing or has another type; no row was read.
            SourceError: The query has no such watermark.
            ServingError: Snowflake refuses, or the connection was lost on the way.
        """
        self.left_out = ()
        assert isinstance(payload.type, spark_types.StructType), "a payload is a struct"
        declared = SnowflakeRows(session=self.session, query=self.query, what=self.name, declared=payload.type)
        # A value that does not fit becomes a dead letter, as of any source.
        rows = declared.as_given()
        column, since = self._column(), held.cursor(self.name)
        until = self._newest(column)
        if until in {"", since}:
            return
        after = f" AND {column} > {literal(since)}" if since else ""
        found = rows.arrow(where=f" WHERE {column} <= {literal(until)}{after}")
        folder, count = _staged(rows, found, staging=self.staging, properties=self.properties)
        try:
            if count:
                piece = Piece(source=self.name, version=until)
                part = _portion(spark, folder.place, rows.declared, piece, count)
                yield SourceBatch(portions=[part], cursor=until)
        finally:
            # What was committed needs it no more, and what was not is read anew.
            folder.filesystem.delete_dir(folder.path_of(folder.place))

    def _column(self) -> str:
        described = self.session.describe(f"SELECT * FROM {source_of(self.query)}")
        names = [one.name for one in described if one.name.lower() == self.watermark.lower()]
        if not names:
            there = ", ".join(one.name.lower() for one in described)
            raise SourceError(f"{self.name} has no column {self.watermark!r} to go on from; it has {there}")
        return quoted(names[0])

    def _newest(self, column: str) -> str:
        """Give the newest watermark as text, exact to the nanosecond; empty: there is none."""
        asked = f"SELECT MAX({column}) AS NEWEST, COUNT_IF({column} IS NULL) AS ABSENT FROM {source_of(self.query)}"
        newest, absent = pa.concat_tables(self.session.arrow(asked)).columns
        if absent[0].as_py():
            why = f"{absent[0].as_py():,} rows have no {self.watermark}, and cannot be told to be new"
            self.left_out = (LeftOut(source=self.name, why=why),)
        if not newest[0].is_valid:
            return ""
        if pa.types.is_timestamp(newest.type) and newest.type.tz:
            local = newest.cast(pa.timestamp(newest.type.unit, tz="UTC")).cast(pa.timestamp(newest.type.unit))
            return f"{local.cast(pa.string())[0].as_py()}+00:00"
        return str(newest.cast(pa.string())[0].as_py())


def _staged(
    rows: SnowflakeRows, found: Iterator[pa.Table], *, staging: str, properties: Mapping[str, str]
) -> tuple[Folder, int]:
    """Write rows as Parquet to a folder of their own, a batch in memory at a time; give the folder and their count."""
    place = f"{staging.rstrip('/') or _temporary()}/read-{uuid.uuid4().hex}"
    folder = Folder(location=place, properties=properties)
    count = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal count
        for table in found:
            count += table.num_rows
            yield from table.to_batches()

    path = folder.path_of(folder.place)
    folder.filesystem.create_dir(path, recursive=True)
    ds.write_dataset(
        pa.RecordBatchReader.from_batches(rows.schema, batches()),
        path,
        filesystem=folder.filesystem,
        format="parquet",
        # One file, so that its rows have numbers; Spark reads its groups side by side.
        min_rows_per_group=_ROWS_PER_GROUP,
    )
    return folder, count


def _temporary() -> str:
    folder = tempfile.mkdtemp(prefix="lakehouse-snowflake-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _parquet(spark: SparkSession, folder: str, columns: spark_types.StructType) -> DataFrame:
    return spark.read.schema(columns).parquet(spark_path(folder))


def _portion(spark: SparkSession, folder: str, columns: spark_types.StructType, piece: Piece, count: int) -> Portion:
    # A literal is never null, and with such columns Spark writes files as the frame is and not as the table is: the
    # version in a dead letter is then required, which Iceberg reads of good rows too, and fails.
    place = spark.createDataFrame([(piece.source, piece.version)], "source string, source_version string")
    # Of a query no row has a place: the number is one among those of this reading.
    placed = (
        _parquet(spark, folder, columns)
        .select((F.col("_metadata.row_index") + 1).alias("line"), F.struct("*").alias(ROW))
        .crossJoin(F.broadcast(place))
    )
    return Portion(
        pieces=[piece],
        records=as_records(placed, F.lit(None), ROW),
        counts={piece.source: count},
        decoder=RowDecoder(),
        undeclared={},
    )

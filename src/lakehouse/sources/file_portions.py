"""Files that are written alike, read by Spark as records: one function per format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.contract.columns import ColumnSpec
from lakehouse.sources.file_listing import spark_path
from lakehouse.sources.protocol import Piece, Portion
from lakehouse.sources.small_files import read_small_lines
from lakehouse.sources.text_lines import Lines, as_records, path_key, piece_by_path, read_lines
from lakehouse.transforms.csv_dialect import CsvDialect, plain_name
from lakehouse.transforms.decode_csv import CsvDecoder
from lakehouse.transforms.decode_rows import ROW, RowDecoder
from lakehouse.transforms.decoder import JsonDecoder

CSV_DIALECT = "csv-dialect"
"""Header of a record that says how its file is written."""


def read_csv(
    spark: SparkSession,
    pieces: Sequence[Piece],
    dialect: CsvDialect,
    payload: ColumnSpec,
    counts: Mapping[str, int] | None,
) -> Portion:
    """Read files of CSV that are written alike. Cost: see ``read_lines``; with ``counts``, as of small files, none."""
    lines = _lines(spark, pieces, counts, header=dialect.header, quote=dialect.open_quote)
    declared = {field.name for field in payload.fields}
    extra = [name for name in dialect.columns if plain_name(name) not in declared]
    return Portion(
        pieces=pieces,
        records=with_header(lines.records, CSV_DIALECT, dialect.to_json()),
        counts=lines.counts,
        decoder=CsvDecoder(dialect=dialect),
        undeclared=dict.fromkeys(extra, "string"),
        notes=[*_written(dialect), *_held_against(dialect, payload, extra)],
    )


def read_json_lines(
    spark: SparkSession,
    pieces: Sequence[Piece],
    counts: Mapping[str, int] | None,
    sample: Sequence[bytes],
    *,
    glued: bool,
) -> Portion:
    """Read files with a JSON object on each line. Cost: see ``read_lines``; none with ``counts`` of small files."""
    lines = _lines(spark, pieces, counts, header=False, glued=glued)
    return Portion(
        pieces=pieces, records=lines.records, counts=lines.counts, decoder=JsonDecoder(), undeclared={}, sample=sample
    )


def _lines(
    spark: SparkSession,
    pieces: Sequence[Piece],
    counts: Mapping[str, int] | None,
    *,
    header: bool,
    quote: str | None = None,
    glued: bool = False,
) -> Lines:
    if counts is None:
        return read_lines(spark, pieces, header=header, quote=quote)
    return Lines(records=read_small_lines(spark, pieces, header=header, quote=quote, glued=glued), counts=counts)


def read_documents(spark: SparkSession, pieces: Sequence[Piece], records: str) -> Portion:
    """Read files that are one JSON document each: an array of records, or a record. A file is in memory as a whole.

    ``records`` is where the array is inside of the document, as in ``$.results``. A number of more digits than a double
    has loses them: write it as text, or one record a line.
    """
    whole = spark.read.text([spark_path(one.source) for one in pieces], wholetext=True)
    each = split_documents(whole, records, F.col("_metadata.file_path").alias("path"))
    each, counts = _placed(each, pieces)
    rows = as_records(each, F.col("text"))
    return Portion(pieces=pieces, records=rows, counts=counts, decoder=JsonDecoder(), undeclared={})


def split_documents(whole: DataFrame, records: str, *kept: Column) -> DataFrame:
    """Give each record of JSON documents in ``value`` as ``text``, with its number from 1 as ``line``.

    Rows: one per element of the array, or one of a document that is none or cannot be read; none of an empty one.
    """
    text = F.regexp_replace(F.trim("value"), "^\ufeff", "")
    found = F.coalesce(F.get_json_object(text, records), text) if records else text
    texts = F.coalesce(F.from_json(found, "array<string>"), F.array(found))
    each = whole.select(*kept, F.posexplode(texts).alias("at", "text"))
    return each.where("octet_length(text) > 0").withColumn("line", F.col("at").cast("bigint") + 1).drop("at")


def read_parquet(spark: SparkSession, pieces: Sequence[Piece], payload: ColumnSpec) -> Portion:
    """Read files of Parquet that have the same columns. Cost: their footers here."""
    read = spark.read.parquet(*(spark_path(one.source) for one in pieces))
    declared = {field.name for field in payload.fields}
    extra = {one.name: one.dataType.simpleString() for one in read.schema if plain_name(one.name) not in declared}
    place = (F.col("_metadata.file_path").alias("path"), (F.col("_metadata.row_index") + 1).alias("line"))
    kept = [one.name for one in read.schema if one.name not in extra] or read.columns[:1]
    row = F.struct(*(F.col(f"`{name}`").alias(plain_name(name)) for name in kept)).alias(ROW)
    placed, counts = _placed(read.select(*place, row), pieces)
    rows = as_records(placed, F.lit(None), ROW)
    return Portion(pieces=pieces, records=rows, counts=counts, decoder=RowDecoder(), undeclared=extra)


def with_header(records: DataFrame, key: str, value: str) -> DataFrame:
    """Give records a header as Kafka's have: what is needed to read one again by itself."""
    header = F.struct(F.lit(key).alias("key"), F.lit(value).cast("binary").alias("value"))
    return records.withColumn("headers", F.array(header))


def _placed(rows: DataFrame, pieces: Sequence[Piece]) -> tuple[DataFrame, dict[str, int]]:
    """Give rows with a ``path`` the source and its version, and how many there are of each. Cost: one job."""
    by_key = {path_key(one.source): one for one in pieces}
    counted = {row["path"]: row["count"] for row in rows.groupBy("path").count().collect()}
    of_path = {path: piece_by_path(path, by_key) for path in counted}
    found = [(path, one.source, one.version) for path, one in of_path.items()]
    places = rows.sparkSession.createDataFrame(found, "path string, source string, source_version string")
    counts = {one.source: 0 for one in pieces} | {of_path[path].source: count for path, count in counted.items()}
    return rows.join(F.broadcast(places), "path", "left"), counts


def _written(dialect: CsvDialect) -> Iterator[str]:
    delimiter = "tab" if dialect.delimiter == "\t" else dialect.delimiter
    yield (
        f"delimiter {delimiter}  quote {dialect.quote or 'none'}  escape {dialect.escape}  "
        f"encoding {dialect.encoding}  header {'yes' if dialect.header else 'no'}  decimal {dialect.decimal}"
        + ("  line breaks inside of values" if dialect.multi_line else "")
    )
    yield from (f"dates of {column}: {pattern}" for column, pattern in dialect.dates.items())


def _held_against(dialect: CsvDialect, payload: ColumnSpec, extra: Sequence[str]) -> Iterator[str]:
    absent = [field.name for field in payload.fields if dialect.place_of(field.name) is None]
    if absent:
        yield f"missing, null in the table: {', '.join(absent)}"
    if extra:
        yield f"not in the contract, left out: {', '.join(extra)}"

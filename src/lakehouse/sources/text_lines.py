"""Files of lines as records with the number of each line, read by Spark in as many pieces as it likes.

Spark tells neither. But it reads the same files in the same pieces each time, and counts rows in each task: so the
lines of each piece are counted first, which takes a fraction of parsing them, and the sums before it make the number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pyspark.sql import Column, DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as F

from lakehouse.errors import SourceError
from lakehouse.sources.file_listing import spark_path
from lakehouse.sources.protocol import Piece

BOM = b"\xef\xbb\xbf"
_MAP = "path string, block bigint, first bigint, before bigint, header bigint, source string, source_version string"


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines of files as ``RECORD``, and how many of them each file has; without blank ones and headers."""

    records: DataFrame
    counts: Mapping[str, int]


def read_lines(spark: SparkSession, pieces: Sequence[Piece], *, header: bool, quote: str | None = None) -> Lines:
    """Read files of lines.

    Rows: one per line that is not blank, without the first of a file with a ``header``. Cost: the files are read once
    here, without parsing, and once by whoever reads the records; with ``quote`` there is a shuffle as well.

    Args:
        quote: Lines between which a quote is open are one record, which has the number of the first.
    """
    raw = _raw(spark, pieces)
    splits = raw.groupBy("path", "block").agg(
        F.min("id").alias("first"),
        F.count(F.lit(1)).alias("lines"),
        F.count_if(F.octet_length("text") > 0).alias("filled"),
        F.min(F.when(F.octet_length("text") > 0, F.col("id"))).alias("first_filled"),
    )
    found = splits.collect()
    rows = list(_mapped(found, pieces, header=header))
    places = F.broadcast(spark.createDataFrame(rows, _MAP))
    numbered = raw.join(places, ["path", "block"], "left").withColumn("line", F.expr("id - first + before + 1"))
    kept = numbered.where("line IS DISTINCT FROM header")
    # A blank line inside of quotes is a part of a value.
    kept = (kept if quote is None else joined(kept, quote)).where("octet_length(text) > 0")
    records = as_records(kept, _value())
    if quote is not None:
        counted = records.groupBy("source").count().collect()
        return Lines(records=records, counts={one.source: 0 for one in pieces} | dict(counted))
    return Lines(records=records, counts=_counts(found, pieces, header=header))


def piece_by_path(path: str, pieces: Mapping[str, Piece]) -> Piece:
    """Give the piece of a path as Spark writes it; ``pieces`` are by ``path_key``.

    Raises:
        SourceError: Spark has read something else.
    """
    found = pieces.get(path_key(unquote(path)))
    if found is None:
        raise SourceError(f"Spark has read {path}, which was not asked for; read it once more")
    return found


def path_key(path: str) -> str:
    """Give what a path has in common with the same path in Spark's words: file:/a is /a, s3a://b/c is s3://b/c."""
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]+:", "", path).lstrip("/")


def as_records(rows: DataFrame, value: Column, *more: str) -> DataFrame:
    """Give rows with ``source``, ``source_version`` and ``line`` as ``RECORD``, and some columns ``more``."""
    return rows.select(
        "source",
        "source_version",
        "line",
        F.lit(None).cast("binary").alias("key"),
        value.cast("binary").alias("value"),
        F.lit(None).cast("array<struct<key: string, value: binary>>").alias("headers"),
        *more,
    )


def _raw(spark: SparkSession, pieces: Sequence[Piece]) -> DataFrame:
    # Nothing may stand between the scan and the id, or rows would be counted that are not lines of the file.
    return spark.read.text([spark_path(one.source) for one in pieces]).select(
        F.col("value").alias("text"),
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("id"),
    )


def _value() -> Column:
    text = F.col("text").cast("binary")
    marked = (F.col("line") == 1) & (F.substring(text, 1, len(BOM)) == F.lit(BOM))
    return F.when(marked, F.substring(text, len(BOM) + 1, (1 << 31) - 1)).otherwise(text)


def _mapped(found: Sequence[Row], pieces: Sequence[Piece], *, header: bool) -> Iterator[tuple[object, ...]]:
    by_path = {path_key(one.source): one for one in pieces}
    blocks: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        blocks[row["path"]].append(row)
    for path, parts in blocks.items():
        piece, before, first = piece_by_path(path, by_path), 0, None
        places = []
        for part in sorted(parts, key=lambda one: int(one["block"])):
            places.append((part["block"], part["first"], before))
            if header and first is None and part["first_filled"] is not None:
                first = part["first_filled"] - part["first"] + before + 1
            before += part["lines"]
        for block, begins, lines in places:
            yield path, block, begins, lines, first, piece.source, piece.version


def _counts(found: Sequence[Row], pieces: Sequence[Piece], *, header: bool) -> dict[str, int]:
    by_path = {path_key(one.source): one for one in pieces}
    counts = {one.source: 0 for one in pieces}
    for row in found:
        counts[piece_by_path(row["path"], by_path).source] += row["filled"]
    return {source: max(0, count - header) for source, count in counts.items()}


def joined(lines: DataFrame, quote: str) -> DataFrame:
    """Put lines together between which a quote is open."""
    of_file = Window.partitionBy("source", "source_version").orderBy("line")
    quotes = F.length("text") - F.length(F.replace(F.col("text"), F.lit(quote), F.lit("")))
    before = F.coalesce(F.sum(quotes).over(of_file.rowsBetween(Window.unboundedPreceding, -1)), F.lit(0))
    begun = lines.withColumn("begins", F.when(before % 2 == 0, F.col("line")))
    begun = begun.withColumn("begins", F.max("begins").over(of_file))
    together = begun.groupBy("source", "source_version", "begins").agg(
        F.array_sort(F.collect_list(F.struct("line", "text"))).alias("parts")
    )
    text = F.array_join(F.transform("parts", lambda part: part["text"]), "\n").alias("text")
    return together.select("source", "source_version", F.col("begins").alias("line"), text)

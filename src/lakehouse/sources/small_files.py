"""Small files of lines as records, in one pass of Spark: each is one text, so the place of a line in it is its number.

Their records are counted here, where their beginning is read anyway, and not in a pass of Spark before the write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow.fs as pa_fs
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.file_listing import spark_path
from lakehouse.sources.protocol import Piece
from lakehouse.sources.text_lines import BOM, as_records, joined, path_key

SMALL_BYTES = 16 * 1024**2
"""Of one file, unpacked: a task has a few times of it in memory."""
SMALL_BATCH_BYTES = 128 * 1024**2
"""Of all files that are taken together, as they are: here they are read by one machine."""
_FILLED = re.compile(rb"[^\r\n]+")
_BYTES = "ISO-8859-1"
"""Each byte is a character of it: what is text for a while comes back byte for byte, whatever it is."""


def count_records(head: bytes, rest: pa_fs.NativeFile, *, header: bool = False, quote: str | None = None) -> int | None:
    """Count the records of a file that begins with ``head``; None where it is not small.

    Those are the lines that are not blank, without the header; with ``quote``, lines between which one is open are one.
    """
    text = head + rest.read(SMALL_BYTES + 1 - len(head))
    if len(text) > SMALL_BYTES:
        return None
    text = text.removeprefix(BOM)
    if quote is None:
        return max(0, sum(1 for _ in _FILLED.finditer(text)) - header)
    first = _FILLED.search(text) if header else None
    records, is_open = 0, False
    for line in text[first.end() if first else 0 :].splitlines():
        records += bool(line) and not is_open
        is_open ^= line.count(quote.encode()) % 2 == 1
    return records


def read_small_lines(
    spark: SparkSession, pieces: Sequence[Piece], *, header: bool, quote: str | None = None
) -> DataFrame:
    """Read small files of lines as ``RECORD``, as ``read_lines`` does. Cost: none here; a shuffle with ``quote``."""
    # As it stands in the file system: Spark gives an address, in which + is no blank.
    path = F.url_decode(F.replace(F.col("_metadata.file_path"), F.lit("+"), F.lit("%2B")))
    key = F.regexp_replace(path, r"^[A-Za-z][A-Za-z0-9+.-]+:/*|^/+", "")
    whole = spark.read.text([spark_path(one.source) for one in pieces], wholetext=True)
    placed = _with_place(whole.select(key.alias("key"), _text(F.col("value").cast("binary")).alias("text")), pieces)
    header_at = F.octet_length(F.regexp_extract("text", r"^\n*", 0)) if header else F.lit(-1)
    lines = F.posexplode(F.split("text", "\n")).alias("at", "text")
    each = placed.select("source", "source_version", header_at.alias("header"), lines).where("at > header")
    each = each.withColumn("line", F.col("at").cast("bigint") + 1)
    kept = (each if quote is None else joined(each, quote)).where("octet_length(text) > 0")
    return as_records(kept, F.encode("text", _BYTES))


def _text(raw: Column) -> Column:
    marked = F.substring(raw, 1, len(BOM)) == F.lit(BOM)
    unmarked = F.when(marked, F.substring(raw, len(BOM) + 1, SMALL_BYTES)).otherwise(raw)
    text = F.decode(unmarked, _BYTES)
    return F.replace(F.replace(text, F.lit("\r\n"), F.lit("\n")), F.lit("\r"), F.lit("\n"))


def _with_place(files: DataFrame, pieces: Sequence[Piece]) -> DataFrame:
    rows = [(path_key(one.source), one.source, one.version) for one in pieces]
    places = files.sparkSession.createDataFrame(rows, "key string, source string, source_version string")
    return files.join(F.broadcast(places), "key", "left")

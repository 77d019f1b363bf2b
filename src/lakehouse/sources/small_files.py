"""Small files of lines as records, in one pass of Spark: each is one text, so the place of a line in it is its number.

Their records are counted here, where their beginning is read anyway, and not in a pass of Spark before the write.
"""

from __future__ import annotations

import json
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
_BATCH_BYTES, _BATCH_FILES = 128 * 1024**2, 1_000
"""Of files that are taken together: all are read by one machine here, and the plan has the version of each."""
_FILLED = re.compile(rb"[^\r\n]+")
_GLUE = r"\}[ \t]*\{(?=[ \t]*(?:\}|\"[^\"\\]*\"[ \t]*:))"
"""Between two objects of JSON: the next one begins with a name or ends at once."""
_BYTES = "ISO-8859-1"
"""Each byte is a character of it: what is text for a while comes back byte for byte, whatever it is."""


def is_small(pieces: Sequence[Piece]) -> bool:
    """Tell whether so many files, of these sizes, may be taken as small ones."""
    return len(pieces) <= _BATCH_FILES and sum(one.size for one in pieces) <= _BATCH_BYTES


def is_glued(head: bytes) -> bool:
    """Tell whether a file of JSON lines begins with objects that follow each other without a line break."""
    line = head.removeprefix(BOM).lstrip().partition(b"\n")[0].decode("utf-8", errors="replace")
    try:
        _, end = json.JSONDecoder().raw_decode(line)
    except ValueError:
        return False
    return line[end:].lstrip().startswith("{")


def count_records(
    head: bytes, rest: pa_fs.NativeFile, *, header: bool = False, quote: str | None = None, glued: bool = False
) -> int | None:
    """Count the records of a file that begins with ``head``; None where it is not small.

    Those are the lines that are not blank, without the header; with ``quote``, lines between which one is open are one;
    with ``glued``, objects of JSON on the same line are several.
    """
    text = head + rest.read(SMALL_BYTES + 1 - len(head))
    if len(text) > SMALL_BYTES:
        return None
    text = text.removeprefix(BOM)
    text = re.sub(_GLUE.encode(), b"}\n{", text) if glued else text
    if quote is None:
        return max(0, sum(1 for _ in _FILLED.finditer(text)) - header)
    first = _FILLED.search(text) if header else None
    records, is_open = 0, False
    for line in text[first.end() if first else 0 :].splitlines():
        records += bool(line) and not is_open
        is_open ^= line.count(quote.encode()) % 2 == 1
    return records


def read_small_lines(
    spark: SparkSession, pieces: Sequence[Piece], *, header: bool, quote: str | None = None, glued: bool = False
) -> DataFrame:
    """Read small files of lines as ``RECORD``, as ``read_lines`` does. Cost: none here; a shuffle with ``quote``.

    Of ``glued`` objects each has a line of its own, and the number that it would have then.
    """
    # As it stands in the file system: Spark gives an address, in which + is no blank.
    path = F.url_decode(F.replace(F.col("_metadata.file_path"), F.lit("+"), F.lit("%2B")))
    whole = spark.read.text([spark_path(one.source) for one in pieces], wholetext=True).select(
        F.regexp_replace(path, r"^[A-Za-z][A-Za-z0-9+.-]+:/*|^/+", "").alias("path"),
        _text(F.col("value").cast("binary"), glued=glued).alias("text"),
    )
    header_at = F.octet_length(F.regexp_extract("text", r"^\n*", 0)) if header else F.lit(-1)
    each = whole.select("path", header_at.alias("header"), F.posexplode(F.split("text", "\n")).alias("at", "text"))
    filled = F.octet_length("text") > 0
    kept = each.where((F.col("at") > F.col("header")) & (filled if quote is None else F.lit(True)))
    kept = kept.select(*_place(pieces), (F.col("at").cast("bigint") + 1).alias("line"), "text")
    return as_records(kept if quote is None else joined(kept, quote).where(filled), F.encode("text", _BYTES))


def _text(raw: Column, *, glued: bool) -> Column:
    marked = F.substring(raw, 1, len(BOM)) == F.lit(BOM)
    text = F.decode(F.when(marked, F.substring(raw, len(BOM) + 1, SMALL_BYTES)).otherwise(raw), _BYTES)
    lines = F.replace(F.replace(text, F.lit("\r\n"), F.lit("\n")), F.lit("\r"), F.lit("\n"))
    return F.regexp_replace(lines, _GLUE, "}\n{") if glued else lines


def _place(pieces: Sequence[Piece]) -> tuple[Column, Column]:
    """Give the source and its version by ``path``: a literal, because a join would be one more job."""
    first, end, between = pieces[0].source, "\0", "\1"
    before = first.removesuffix(path_key(first))
    versions = end.join(f"{path_key(one.source)}{between}{one.version}" for one in pieces)
    version = F.str_to_map(F.lit(versions), F.lit(end), F.lit(between))[F.col("path")]
    return F.concat(F.lit(before), "path").alias("source"), version.alias("source_version")

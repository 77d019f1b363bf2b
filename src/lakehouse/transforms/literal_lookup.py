"""Words that are in a list or stand for another, found at once in a literal of SQL, however many there are.

Spark goes through an array and a map from their beginning, and plans a list of thousands of literals for seconds. One
text, cut at its commas when the query is planned, is neither: the CRC-32 of a word tells which piece it would be in.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files

from pyspark.sql import Column
from pyspark.sql import functions as F


@cache
def words_of(file: str) -> tuple[str, ...]:
    """Read a list that is a file beside this one, without the notes at its head. Cost: some ms, once."""
    text = gzip.decompress((files("lakehouse.transforms") / file).read_bytes()).decode("ascii")
    return tuple(line for line in text.splitlines() if not line.startswith("//"))


def is_one_of(word: str, words: Collection[str]) -> str:
    """Give SQL of whether a word is one of a few hundred."""
    listed = "', '".join(words)
    return f"{word} in ('{listed}')"


def is_listed(word: str, words: Collection[str]) -> str:
    """Give SQL of whether a word is one of thousands. Cost: 0.2 µs per row; the list is in the plan.

    Args:
        word: SQL of text.
        words: ASCII without slash, comma and quotation mark.
    """
    pieces = _pieces({known: f"/{known}/" for known in words}, default="")
    place = f"cast(crc32(cast({word} as binary)) % {len(pieces)}L as int)"
    return f"contains(get(split('{','.join(pieces)}', ','), {place}), concat('/', {word}, '/'))"


def looked_up(word: Column, table: Mapping[str, str], *, default: str) -> Column:
    """Give what stands for a word. Cost: 0.4 µs per row; once some ms, and the text of the table in the plan.

    Args:
        word: Text.
        table: Words and what stands for each: without slash, comma and equals sign.
        default: What stands for all others.
    """
    pieces = _pieces({known: f"/{known}={meaning}" for known, meaning in table.items()}, default=default)
    piece = F.get(F.split(F.lit(",".join(pieces)), ","), F.crc32(word.cast("binary")) % len(pieces))
    # What does not hold the word is given back whole, and begins with the default.
    found = F.call_function("substring_index", piece, F.concat(F.lit("/"), word, F.lit("=")), F.lit(-1))
    return F.substring_index(found, "/", 1)


def _pieces(texts: Mapping[str, str], *, default: str) -> list[str]:
    """Share out texts, each by its word."""
    pieces = [default] * (len(texts) // 2 + 1)
    for known, text in texts.items():
        pieces[zlib.crc32(known.encode()) % len(pieces)] += text
    return pieces

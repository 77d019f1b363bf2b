"""Bytes as text of an encoding, null where they are none of it."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1")
_OF_1252 = {byte: bytes([byte]).decode("cp1252", errors="ignore") for byte in range(0x80, 0xA0)}
_UNUSED = "".join(chr(byte) for byte, char in _OF_1252.items() if not char)


def decoded_text(value: Column, encoding: str) -> Column:
    """Give bytes as text; null where they are not of the encoding, of which each of 8 bits has all."""
    if encoding == "utf-8":
        return F.when(is_utf8(value), value.cast("string"))
    text = F.decode(value, "ISO-8859-1")
    if encoding == "iso-8859-1":
        return text
    # Spark 4 knows no other charsets of 8 bits by itself. Windows has letters where ISO 8859-1 has control characters.
    here = "".join(chr(byte) for byte, char in _OF_1252.items() if char)
    there = "".join(char for char in _OF_1252.values() if char)
    return F.when(~text.rlike(f"[{_UNUSED}]"), F.translate(text, here, there))


def is_utf8(value: Column) -> Column:
    """Tell whether bytes are text in UTF-8."""
    if hasattr(F, "is_valid_utf8"):
        return F.is_valid_utf8(value.cast("string"))
    return F.encode(F.decode(value, "UTF-8"), "UTF-8") == value

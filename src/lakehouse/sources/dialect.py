"""Finds out how a file of CSV is written, from how it begins and what its table expects."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from pyspark.sql import types as spark_types

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.kafka_record import DeadLetterReason
from lakehouse.errors import ConfigError
from lakehouse.sources.date_pattern import find_pattern
from lakehouse.transforms.csv_dialect import CsvDialect, plain_name
from lakehouse.transforms.encoded_text import ENCODINGS

HEAD_BYTES = 256 * 1024
_ROWS = 1_000
_LONGEST_CELL = 1 << 30
_DELIMITERS = ",;\t|"
_BOM = "\ufeff"
_OPTIONS = ("delimiter", "quote", "escape", "header", "encoding", "decimal", "null", "multi_line", "dates")
_NUMBERS = (spark_types.DecimalType, spark_types.DoubleType, spark_types.FloatType)
_INSTANTS = (spark_types.DateType, spark_types.TimestampType, spark_types.TimestampNTZType)
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_EITHER = re.compile(r"[+-]?\d{1,3},\d{3}")


class UnreadableError(Exception):
    """No record of a file can be told from another, or none can be a row."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


def check_options(options: Mapping[str, str]) -> None:
    """Refuse options that no dialect has, or values that they do not take.

    Raises:
        ConfigError: It says which, and which there are.
    """
    for name, value in options.items():
        if name.split(".")[0] not in _OPTIONS or ("." in name and not name.startswith("dates.")):
            known = ", ".join(_OPTIONS)
            raise ConfigError(f"--option {name}=…: files of CSV have {known}, and dates.COLUMN for one column")
        if name in ("header", "multi_line") and value not in ("true", "false"):
            raise ConfigError(f"--option {name}={value}: it is true or false")
        if name == "encoding" and value not in ENCODINGS:
            raise ConfigError(f"--option encoding={value}: it is one of {', '.join(ENCODINGS)}")
        if name == "decimal" and value not in (".", ","):
            raise ConfigError(f"--option decimal={value}: it is . or ,")


def find_dialect(head: bytes, payload: ColumnSpec, options: Mapping[str, str], *, whole: bool) -> CsvDialect:
    """Give the dialect of a file that begins with ``head``; what ``options`` say is not looked for.

    Args:
        whole: Whether that is all of it, so that its last line is a line.

    Raises:
        UnreadableError: It cannot become rows of this table at all.
        DoubtError: Its dates can be read in two ways; one has to be named.
    """
    encoding = options.get("encoding") or _encoding(head, whole=whole)
    text = head.decode(encoding, errors="replace").removeprefix(_BOM)
    text = text if whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    quote, delimiter = options.get("quote", '"'), options.get("delimiter", "").replace("\\t", "\t") or _delimiter(text)
    escape = options.get("escape") or ("\\" if '\\"' in text and '""' not in text else quote or '"')
    found = CsvDialect(columns=(), delimiter=delimiter, quote=quote, escape=escape, encoding=encoding)
    rows = list(islice(_rows(text, found), _ROWS))
    header, columns = _columns(rows[0] if rows else [], payload, options.get("header"))
    found = replace(found, header=header, columns=columns, null=options.get("null", ""))
    values = _values(rows[1:] if header else rows, found, payload)
    return replace(
        found,
        decimal=options.get("decimal") or _decimal(values, payload),
        dates=_dates(values, payload, options),
        multi_line=options["multi_line"] == "true" if "multi_line" in options else _has_line_breaks(text, found),
    )


def _encoding(head: bytes, *, whole: bool) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        detail = "it is UTF-16, of which Spark cannot tell lines; write it as UTF-8: iconv -f UTF-16 -t UTF-8"
        raise UnreadableError(DeadLetterReason.WRONG_ENCODING, detail)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # Of a part of a file the last character may be cut in two.
        if whole or error.start < len(head) - 4:
            # A line or two of another encoding in a file of UTF-8 do not make it one of Windows.
            wrong = sum(1 for line in head.splitlines() if not _is_utf8(line))
            right = sum(1 for line in head.splitlines() if _is_utf8(line) and not line.isascii())
            return "windows-1252" if wrong > right else "utf-8"
    return "utf-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def python_reader(lines: Iterable[str], dialect: CsvDialect) -> Any:
    """Give Python's reader of a dialect; it counts lines."""
    backslash = dialect.escape == "\\"
    csv.field_size_limit(_LONGEST_CELL)
    return csv.reader(
        lines,
        delimiter=dialect.delimiter[0],
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        doublequote=not backslash,
        escapechar="\\" if backslash else None,
    )


def _rows(text: str, dialect: CsvDialect) -> Iterator[list[str]]:
    """Give the rows of a text; what Python's reader refuses is no row."""
    reader = python_reader(io.StringIO(text, newline=""), dialect)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        if row:
            yield row


def _has_line_breaks(text: str, dialect: CsvDialect) -> bool:
    """Tell whether quoted values have line breaks: lines make a row together, and none of them is one by itself.

    Where one is, a quote before it was left open, and to join them would spoil it too.
    """
    width = len(dialect.columns)
    for row in islice(_rows(text, dialect), _ROWS):
        at = next((at for at, cell in enumerate(row) if "\n" in cell), None)
        # One that ends with the text is left open.
        if at is not None and len(row) == width and not row[at].endswith("\n"):
            inside = row[at].splitlines()
            last = dialect.delimiter.join([inside[-1], *row[at + 1 :]])
            if all(len(next(_rows(one, dialect), [])) < width for one in (*inside[1:-1], last)):
                return True
    return False


def _delimiter(text: str) -> str:
    """Give what cuts the lines into the same number of columns, the more of them the better."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in islice(_rows(text, CsvDialect(columns=(), delimiter=delimiter)), 100))
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return (count / widths.total() if width > 1 else 0.0, width)

    best = max(_DELIMITERS, key=score)
    return best if score(best)[0] else ","


def _columns(first: Sequence[str], payload: ColumnSpec, header: str | None) -> tuple[bool, tuple[str, ...]]:
    declared = [field.name for field in payload.fields]
    names = [plain_name(one) for one in first]
    if header == "false" or (header is None and not set(names) & set(declared)):
        if len(first) != len(declared):
            raise UnreadableError(
                DeadLetterReason.UNREADABLE_FILE,
                f"its first line names no column of the contract ({', '.join(declared)}) and has {len(first)} values, "
                f"not {len(declared)}: {', '.join(first)[:200]}",
            )
        return False, tuple(declared)
    if twice := sorted(name for name in declared if names.count(name) > 1):
        raise UnreadableError(DeadLetterReason.UNREADABLE_FILE, f"its header has {', '.join(twice)} more than once")
    if absent := [field.name for field in payload.fields if field.required and field.name not in names]:
        detail = f"its header lacks {', '.join(absent)}, which the contract requires; it has {', '.join(first)[:200]}"
        raise UnreadableError(DeadLetterReason.MISSING_REQUIRED, detail)
    return True, tuple(first)


def _values(rows: Sequence[Sequence[str]], dialect: CsvDialect, payload: ColumnSpec) -> dict[str, list[str]]:
    """Give the values of numbers and instants, by column."""
    found: dict[str, list[str]] = {}
    for field in payload.fields:
        at = dialect.place_of(field.name)
        if at is not None and isinstance(field.type, (*_NUMBERS, *_INSTANTS)):
            cells = (row[at].strip() for row in rows if len(row) == len(dialect.columns))
            found[field.name] = [cell for cell in cells if cell and cell != dialect.null]
    return found


def _decimal(values: Mapping[str, Sequence[str]], payload: ColumnSpec) -> str:
    numbers = [
        one for field in payload.fields if isinstance(field.type, _NUMBERS) for one in values.get(field.name, ())
    ]
    commas = sum(1 for one in numbers if _COMMA.fullmatch(one) and not _EITHER.fullmatch(one))
    points = sum(1 for one in numbers if re.fullmatch(r"[+-]?[\d,]*\.\d+", one) and not re.fullmatch(r".*\.\d{3}", one))
    return "," if commas > points else "."


def _dates(values: Mapping[str, Sequence[str]], payload: ColumnSpec, options: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in payload.fields:
        if not isinstance(field.type, _INSTANTS):
            continue
        said = options.get(f"dates.{field.name}", options.get("dates"))
        clock = not isinstance(field.type, spark_types.DateType)
        pattern = find_pattern(values.get(field.name, ()), clock=clock, column=field.name) if said is None else said
        if pattern:
            found[field.name] = pattern
    return found

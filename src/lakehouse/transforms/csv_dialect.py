"""How a file of CSV is written: what separates and quotes, its columns in their order, decimals, dates, encoding."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

_NOT_IN_NAMES = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True, kw_only=True)
class CsvDialect:
    """The way in which a file is written.

    Args:
        columns: Names in the order of the file: of its header, or of the contract where it has none.
        delimiter: Between two values.
        quote: Around a value that has a delimiter in it; empty: there are no quotes.
        escape: Before a quote inside of a value: the quote itself, or a backslash.
        header: Whether the first line has the names.
        encoding: ``utf-8``, ``windows-1252`` or ``iso-8859-1``.
        decimal: Before the fraction of a number: ``.`` or ``,``; the other one then stands between thousands.
        null: A text that stands for nothing, beside nothing at all.
        dates: Column of the contract → Java's pattern of its dates or instants; ISO 8601 where none is named.
        multi_line: Whether quoted values may have line breaks. It costs a shuffle.
    """

    columns: tuple[str, ...]
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    encoding: str = "utf-8"
    decimal: str = "."
    null: str = ""
    dates: Mapping[str, str] = field(default_factory=dict)
    multi_line: bool = False

    def place_of(self, name: str) -> int | None:
        """Give where a column of the contract stands in a line, from 0; None where the file does not have it."""
        return next((at for at, found in enumerate(self.columns) if plain_name(found) == name), None)

    @property
    def open_quote(self) -> str | None:
        """What may be open at the end of a line; None where a line is always a record."""
        return self.quote if self.multi_line else None

    def to_json(self) -> str:
        """Give it as text: a dead letter carries it, so that it can be read again by itself."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> CsvDialect:
        """Read what ``to_json`` has written."""
        found = json.loads(text)
        return replace(CsvDialect(**found), columns=tuple(found["columns"]))


def plain_name(text: str) -> str:
    """Give a header's name as contracts write names: ``Order ID`` and ``order-id`` are ``order_id``."""
    return _NOT_IN_NAMES.sub("_", text.strip().lower()).strip("_")

"""Rules on text in a known format. They judge how it is written; whether the thing exists is another question.

No pattern here repeats a group without a limit: Java takes stack for each turn, and one long text could end the JVM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK_AND_SAIL
from lakehouse.errors import ContractError
from lakehouse.quality.rule import Col, Dimension, Rule
from lakehouse.transforms.email import parse_email
from lakehouse.transforms.functions import starts_with_json
from lakehouse.transforms.phone import parse_phone


@dataclass(frozen=True, kw_only=True)
class Format(Rule):
    """Base of the rules whose text matches a pattern of the library as a whole."""

    dimension = Dimension.VALIDITY
    pattern: ClassVar[str]

    def violated(self, column: Column) -> Column:
        """Give true for text that does not match."""
        return ~column.rlike(rf"\A(?:{self.pattern})\z")


# What people write as an address: a dot-atom, @, and a domain with at least one dot. Deliverability is not judged.
# No address is longer than 64 + 1 + 255 characters, and parts without end would exhaust Java's stack.
_LONGEST_ADDRESS = 320
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


@dataclass(frozen=True, kw_only=True)
class EmailSyntax(Format):
    """The text has the syntax of an e-mail address in ASCII.

    Other scripts, and whether there is such a domain, are not judged: see ``Email``.
    """

    kind = "email_syntax"
    engines = SPARK_AND_SAIL
    pattern = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"

    def violated(self, column: Column) -> Column:
        """Give true for text that does not match, and for what is too long to be matched."""
        # Not a look-ahead in the pattern: that goes over each address twice.
        return (F.octet_length(column) > _LONGEST_ADDRESS) | super().violated(column)


@dataclass(frozen=True, kw_only=True)
class Email(Rule):
    """The text is an e-mail address, of any script, below a public suffix. Whether it exists is another question.

    Cost: a multiple of that of ``EmailSyntax``, and its stage leaves whole-stage code generation; see ``parse_email``.
    """

    dimension = Dimension.VALIDITY
    kind = "email"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no e-mail address."""
        return column.isNotNull() & parse_email(column)["reason"].isNotNull()


@dataclass(frozen=True, kw_only=True)
class PhoneSyntax(Format):
    """The text is written like a telephone number: 7 to 15 digits, with what people put between them.

    That is a plus sign before them, and spaces, dots, dashes, slashes and parentheses. Whether the country has such
    numbers is not judged: see ``PhoneNumber``.
    """

    kind = "phone_syntax"
    pattern = r"(?=(?:[^0-9]*+[0-9]){7,15}[^0-9]*+\z)\+?[0-9(][0-9 ()./-]*"


@dataclass(frozen=True, kw_only=True)
class PhoneNumber(Rule):
    """The text is a telephone number that the numbering plan of its country has, national or international.

    Cost: ten times that of ``PhoneSyntax``, and its stage leaves whole-stage code generation; see ``parse_phone``.

    Args:
        country: Where a number is that has no calling code: two letters, or ``Col("nationality")`` for a column of
            them. Not given, only numbers with a calling code are right.
    """

    country: str | Col | None = None

    dimension = Dimension.VALIDITY
    kind = "phone_number"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.country, str) and not re.fullmatch("[A-Za-z]{2}", self.country):
            raise ContractError(f"{self!r}: a country is two letters, such as 'DE', or Col('other_column')")

    def violated(self, column: Column) -> Column:
        """Give true for text that is no telephone number."""
        country = self.country.column if isinstance(self.country, Col) else self.country
        try:
            return column.isNotNull() & parse_phone(column, country=country)["reason"].isNotNull()
        except ValueError as error:
            raise ContractError(f"{self!r}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class Uuid(Format):
    """The text is a UUID in its usual form, of any version."""

    kind = "uuid"
    engines = SPARK_AND_SAIL
    pattern = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_HEX = r"[0-9A-Fa-f]{1,4}"
_LAST = rf"(?:{_HEX}:{_HEX}|{_V4})"


def _v6() -> str:
    """Give the pattern of RFC 3986, 3.2.2: eight groups, of which one run of zeros may be left out."""
    whole = [rf"(?:{_HEX}:){{6}}{_LAST}", rf"::(?:{_HEX}:){{5}}{_LAST}"]
    # Before the gap stand at most so many groups as the ones behind it leave.
    ends = [rf"(?:{_HEX}:){{{4 - n}}}{_LAST}" for n in range(5)] + [_HEX, ""]
    gaps = [rf"(?:(?:{_HEX}:){{0,{n}}}{_HEX})?::{end}" for n, end in enumerate(ends)]
    return "|".join(whole + gaps)


@dataclass(frozen=True, kw_only=True)
class IpAddress(Format):
    """The text is an IP address, version 4 (four numbers without leading zeros) or 6 (RFC 4291, without a zone)."""

    kind = "ip_address"
    engines = SPARK_AND_SAIL
    pattern = rf"{_V4}|{_v6()}"


_LAST_LABEL = r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:(?:{_LABEL}\.){{0,126}}{_LAST_LABEL}\.?|{_V4}|\[(?:{_v6()})\])"
_PORT = r"(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[0-5]?[0-9]{1,4})"
_URL_TEXT = r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]"


@dataclass(frozen=True, kw_only=True)
class Url(Format):
    """The text is an http or https address in ASCII (RFC 3986): other letters are percent-encoded, or in punycode."""

    kind = "url"
    pattern = (
        r"(?!.*%(?![0-9A-Fa-f]{2}))(?i:https?)://"
        rf"(?:[A-Za-z0-9._~!$&'()*+,;=:%-]*@)?{_HOST}(?::{_PORT})?(?:[/?#]{_URL_TEXT}*)?"
    )


@dataclass(frozen=True, kw_only=True)
class JsonText(Rule):
    """The text is one JSON value (RFC 8259), a scalar included. Spark 4 refuses an object that has a key twice."""

    dimension = Dimension.VALIDITY
    kind = "json_text"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no JSON, or that goes on behind the value."""
        # What is strict does not read on behind the first value; counting elements does, but lets single quotes by. One
        # count alone is deceived by text that closes the array itself, such as 1],[2: it gives that array's length,
        # with 0 behind it or without.
        alone = F.json_array_length(F.concat(F.lit("["), column, F.lit("]"))) == 1
        followed = F.json_array_length(F.concat(F.lit("["), column, F.lit(",0]"))) == 2
        valid = starts_with_json(column) & alone & followed
        return column.isNotNull() & ~F.coalesce(valid, F.lit(False))

"""Telephone numbers as people write them, to E.164: what ``phonenumbers`` finds, without Python on the cluster."""

from __future__ import annotations

import json
from enum import StrEnum

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contract.engine import SPARK, runs_on
from lakehouse.transforms.let import choose, let, let_column
from lakehouse.transforms.phone_tables import OUTCOME_NUMBERS, PhoneTables, phone_tables
from lakehouse.transforms.phone_text import LONGEST_TEXT, diallable
from lakehouse.transforms.phone_walk import region_of, resolved

_PLUS = "startswith(text, '+')"


class PhoneType(StrEnum):
    """What a numbering plan says of a number. Some plans do not tell mobile ones from others."""

    FIXED_LINE = "fixed_line"
    MOBILE = "mobile"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    TOLL_FREE = "toll_free"
    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    PERSONAL_NUMBER = "personal_number"
    PAGER = "pager"
    UAN = "uan"
    VOICEMAIL = "voicemail"


class PhoneReason(StrEnum):
    """Why text is no telephone number.

    ``unknown_country`` is a national number of which nothing tells the country; ``local_only`` one without its area
    code; ``not_assigned`` one of a right length that the numbering plan does not have.
    """

    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_COUNTRY = "unknown_country"
    UNKNOWN_CALLING_CODE = "unknown_calling_code"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    WRONG_LENGTH = "wrong_length"
    LOCAL_ONLY = "local_only"
    NOT_ASSIGNED = "not_assigned"


@runs_on(*SPARK)
def parse_phone(number: Column, *, country: Column | str | None = None) -> Column:
    """Parse a telephone number, national or international.

    ```python
    people.withColumn("phone", parse_phone(F.col("phone"), country=F.col("nationality")))
    ```

    Rows: unchanged. Columns: a struct of text, null for null: ``e164`` such as ``+4930123456``, ``country`` (ISO 3166
    alpha-2, and ``AC``, ``TA`` and ``XK``; null for numbers of no country, such as +800), ``type`` (a ``PhoneType``),
    ``extension`` (digits, or null), and ``reason``: null, or the ``PhoneReason`` why it is no number; then all else is.
    Cost: some 5 µs per row and half a second per query, no shuffle, no Python; the operator it stands in leaves
    whole-stage code generation. A filter on the result that Spark pushes below it parses once more. Batch and stream.

    Args:
        number: Text.
        country: Where a number is that has no calling code: two letters, in any case, or a column of them. What is no
            country counts as not known. A number with a calling code needs none.

    Raises:
        ValueError: ``country`` is text, and no country.

    Source: libphonenumber, by ``phonenumbers`` of the version in ``phone_tables().version``.
    """
    tables = phone_tables()
    if isinstance(country, Column):
        given, text = F.struct(number.alias("number"), country.alias("country")), "given.number"
        place = region_of(tables, "given.country")
    else:
        given, text, place = number, "given", _place(country)
    # Spark reads both lists once, when it plans.
    numbers = f"from_json('{json.dumps(tables.numbers)}', 'array<int>')"
    words = f"from_json('{json.dumps(tables.words)}', 'array<string>')"
    body = let("numbers", numbers, let("words", words, _parsed(tables, text, place)))
    return let_column("given", given, body, where=number.isNotNull()).alias("phone")


@runs_on(*SPARK)
def phone_e164(number: Column, *, country: Column | str | None = None) -> Column:
    """Give a telephone number in E.164, null for what is none: ``e164`` of ``parse_phone``.

    ```python
    people.withColumn("phone", phone_e164(F.col("phone"), country="DE"))
    ```

    Rows: unchanged. Columns: text. Cost, arguments, errors, source: those of ``parse_phone``.
    """
    return parse_phone(number, country=country)["e164"]


def _parsed(tables: PhoneTables, text: str, place: str) -> str:
    digits = "if(contains(text, ';'), substring_index(text, ';', 1), text)"
    found = resolved(tables, "digits", _PLUS, place, lambda national, outcome: _phone(tables, national, outcome))
    found = let("digits", f"if({_PLUS}, substring({digits}, 2, {LONGEST_TEXT}), {digits})", found)
    none = _none("substring(text, 2)")
    return let("text", diallable(text), choose("startswith(text, '!')", none, found))


def _phone(tables: PhoneTables, national: str, outcome: str) -> str:
    count = (tables.actions - tables.outcomes) // OUTCOME_NUMBERS
    place = f"cast(({outcome} - {tables.outcomes}) div {OUTCOME_NUMBERS} as int)"
    region, type_, reason = (f"get(words, {place} + {tables.codes + 2 + part * count})" for part in range(3))
    e164 = f"concat('+', get(words, code), {national})"
    extension = "if(contains(text, ';'), substring_index(text, ';', -1), cast(null as string))"
    phone, none = _struct(e164, region, type_, extension, "cast(null as string)"), _none(reason)
    return f"if({outcome} >= {tables.right}, {phone}, {none})"


def _none(reason: str) -> str:
    null = "cast(null as string)"
    return _struct(null, null, null, null, reason)


def _struct(*parts: str) -> str:
    names = ("e164", "country", "type", "extension", "reason")
    fields = ", ".join(f"'{name}', {part}" for name, part in zip(names, parts, strict=True))
    return f"named_struct({fields})"


def _place(country: str | None) -> str:
    regions = phone_tables().regions
    if country is None:
        return str(len(regions))
    if country.upper() not in regions:
        raise ValueError(f"{country!r} is no country that has telephone numbers; name it by two letters, such as 'DE'")
    return str(regions.index(country.upper()))

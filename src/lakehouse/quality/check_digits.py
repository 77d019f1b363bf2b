"""Rules on numbers that carry a check digit. Sums are arithmetic on decimals: functions over arrays cost codegen."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.quality.rule import Dimension, Rule
from lakehouse.transforms.functions import try_cast

# The registry of SWIFT, and the countries that use IBANs without being in it.
_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "AO CV GW LY MZ PT ST",
    26: "DZ IR IS TR",
    27: "BI CF CG CM DJ FR GA GQ GR IT KM MC MG MR SM TD",
    28: "AL AZ BF BJ BY CI CY DO GT HN HU LB MA ML NE NI PL SN SV TG",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}


def _iban() -> str:
    """Give the pattern of an IBAN: of its country's length, or of any where that is not known."""
    known = [rf"(?:{names.replace(' ', '|')})[0-9]{{2}}[0-9A-Z]{{{length - 4}}}" for length, names in _LENGTHS.items()]
    others = rf"(?!{'|'.join(_LENGTHS.values()).replace(' ', '|')})[A-Z]{{2}}[0-9]{{2}}[0-9A-Z]{{11,30}}"
    return "|".join([*known, others])


_IBAN = rf"\A(?:{_iban()})\z"


@dataclass(frozen=True, kw_only=True)
class Iban(Rule):
    """The text is an IBAN: the length of its country, and the check digits (ISO 13616). Spaces are passed over."""

    dimension = Dimension.VALIDITY
    kind = "iban"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no IBAN."""
        text = F.translate(column, " ", "")
        # The country and the check digits go to the end, A becomes 10 and Z becomes 35, and the number is 1 modulo 97.
        digits = F.concat(text.substr(5, 30), text.substr(1, 4))
        for value, letter in enumerate(ascii_uppercase, start=10):
            digits = F.replace(digits, F.lit(letter), F.lit(str(value)))
        # At most 68 digits: three times 30, each behind the remainder of those before it, fit into a decimal.
        remainder = F.lit("")
        for start in (1, 31, 61):
            remainder = try_cast(F.concat(remainder, digits.substr(start, 30)), "decimal(38,0)") % 97
        return column.isNotNull() & ~(text.rlike(_IBAN) & F.coalesce(remainder == 1, F.lit(False)))


@dataclass(frozen=True, kw_only=True)
class Luhn(Rule):
    """The text is a number of 12 to 19 digits whose last is the check digit of Luhn, as on payment cards.

    Single spaces and dashes may stand between the digits. Of ISO/IEC 7812-1.
    """

    dimension = Dimension.VALIDITY
    kind = "luhn"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no such number."""
        digits = F.lpad(F.translate(column, " -", ""), 20, "0")
        # Doubled, a digit counts as the sum of its digits: 7 gives 14, that is 5.
        doubled = _digit_sum(F.translate(F.regexp_replace(digits, "(.).", "00$1"), "0123456789", "0246813579"))
        plain = _digit_sum(F.regexp_replace(digits, ".(.)", "00$1"))
        right = F.coalesce((doubled + plain) % 10 == 0, F.lit(False))
        return column.isNotNull() & ~(column.rlike(r"\A[0-9](?:[ -]?[0-9]){11,18}\z") & right)


def _digit_sum(spread: Column) -> Column:
    """Add up ten digits that have two zeros before each: 1000 is 1 modulo 999, so each counts as itself."""
    return try_cast(spread, "decimal(38,0)") % 999

"""Telephone numbers of all regions, as people write them and as they mistype them, and what ``phonenumbers`` says."""

from __future__ import annotations

import random
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult
from phonenumbers.phonemetadata import PhoneMetadata

Typed = tuple[str, str | None]
"""A text, and the country that it was typed in."""
Parsed = tuple[str | None, str | None, str | None, str | None]
"""E.164, country, type and reason."""

_KEYS = dict(zip("23456789", ("ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"), strict=True))
_EXTENSIONS = (
    " ext. 123", " x45", ";ext=12", ",,123", " доб. 77", " extension 9", "#55", "~3", " - 503#", " anexo 12", ", 12",
    " ＃ 12", " int 5", "ｘ12",
)  # fmt: skip
_BEFORE = ("Tel: ", "tel:", "phone ", "\n", " ", "(", "*")
_BEHIND = ("\n", " ", "\t", "\r\n", " .", "/x9", ";isub=123", " " * 260)
_INSIDE = ("\n", "x", "#", "*", "/x", "~", "+", "?", "é", "_", ";", "²", ",")
_CONTEXTS = ("+{}", "example.com", "+", "", "a b", "+{};ext=3")
_BETWEEN = (" ", "-", ".", "/", " - ", "\u00a0", "\u2013", "  ")
_ZEROS = (0x660, 0x6F0, 0x966, 0xFF10, 0x1D7CE)
_PREFIXES = ("00", "011", "0011", "810", "119", "001", "010")
_REASONS = {
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
_LENGTHS = {
    ValidationResult.IS_POSSIBLE: "not_assigned",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "local_only",
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_LENGTH: "wrong_length",
}


def typed_numbers(count: int, *, seed: int = 1) -> list[Typed]:
    """Give example numbers of all regions and types, each changed in some of the ways that people do it."""
    chance, examples = random.Random(seed), _examples()
    return [_typed(chance, *chance.choice(examples)) for _ in range(count)]


def parsed(text: str, country: str | None) -> Parsed:
    """Give what ``phonenumbers`` says; a country in small letters is taken for one."""
    try:
        number = phonenumbers.parse(text, country.upper() if country else None)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            return None, None, None, "unknown_country" if "region" in str(error) else "unknown_calling_code"
        return None, None, None, _REASONS[error.error_type]
    if not phonenumbers.is_valid_number(number):
        return None, None, None, _LENGTHS[phonenumbers.is_possible_number_with_reason(number)]
    region = phonenumbers.region_code_for_number(number)
    type_ = PhoneNumberType.to_string(phonenumbers.number_type(number)).lower()
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return e164, None if region == "001" else region, type_, None


@cache
def _examples() -> list[tuple[str, PhoneNumber]]:
    types = [type_ for type_ in PhoneNumberType.values() if type_ != PhoneNumberType.UNKNOWN]
    found = [
        (region, phonenumbers.example_number_for_type(region, type_))
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for type_ in types
    ]
    codes = sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    found += [("ZZ", phonenumbers.example_number_for_non_geo_entity(code)) for code in codes]
    return [(region, number) for region, number in found if number is not None]


def _typed(chance: random.Random, region: str, number: PhoneNumber) -> Typed:
    national = _mistyped(chance, phonenumbers.national_significant_number(number))
    text = _spaced(chance, _prefixed(chance, region, str(number.country_code), national))
    text = _odd(chance, text, str(number.country_code), national)
    others = [*sorted(phonenumbers.SUPPORTED_REGIONS), None, "XX", "ZZ"]
    country = region if chance.random() < 0.8 else chance.choice(others)
    return text, country.lower() if country and chance.random() < 0.05 else country


def _mistyped(chance: random.Random, digits: str) -> str:
    """Change some digits in a third of the numbers; leave some out in a tenth, add some in a tenth."""
    fate = chance.random()
    if fate < 0.35:
        for _ in range(chance.choice([1, 1, 2, 4])):
            at = chance.randrange(len(digits))
            digits = f"{digits[:at]}{chance.randrange(10)}{digits[at + 1 :]}"
        return digits
    if fate < 0.45:
        return digits[: chance.randrange(1, len(digits) + 1)]
    more = "".join(str(chance.randrange(10)) for _ in range(chance.randrange(1, 6)))
    return digits + more if fate < 0.55 else digits


def _prefixed(chance: random.Random, region: str, code: str, national: str) -> str:
    plan = PhoneMetadata.metadata_for_region(region) if region != "ZZ" else None
    abroad, trunk = (plan.international_prefix or "", plan.national_prefix or "") if plan else ("", "")
    return _one_of(
        chance,
        (35, f"+{code}{national}"),
        (10, f"+{code} {trunk or '0'}{national}"),
        (10, f"{abroad if abroad.isdigit() else chance.choice(_PREFIXES)}{code}{national}"),
        (7, f"{code}{national}"),
        (18, f"{trunk}{national}"),
        (2, f"+{chance.choice(['00', '0', '011', ''])}{code}{national}"),
        (1, str(chance.randrange(10 ** chance.randrange(1, 20)))),
        (17, national),
    )


def _spaced(chance: random.Random, text: str) -> str:
    if chance.random() < 0.4:
        return text
    between = chance.choice(_BETWEEN)
    inner = "".join(f"{char}{between if char.isdigit() and chance.random() < 0.3 else ''}" for char in text[:-1])
    return inner + text[-1:]


def _odd(chance: random.Random, text: str, code: str, national: str) -> str:
    """Do something odd to every fifth number."""
    at, zero = chance.randrange(len(text) + 1), chance.choice(_ZEROS)
    context = chance.choice(_CONTEXTS).format(code)
    return _one_of(
        chance,
        (800, text),
        (50, f"{text[:at]}({text[at : at + 3]}){text[at + 3 :]}"),
        (50, text + chance.choice(_EXTENSIONS)),
        (30, text[:at] + "".join(chance.choice(_KEYS.get(char, char)) for char in text[at:])),
        (20, "".join(chr(zero + int(char)) if char in "0123456789" else char for char in text)),
        (20, text + chance.choice(_BEHIND)),
        (15, chance.choice(_BEFORE) + text),
        (10, text[:at] + chance.choice(_INSIDE) + text[at:]),
        (3, f"tel:{national};phone-context={context}"),
        (2, text.replace("+", "＋")),
    )


def _one_of(chance: random.Random, *ways: tuple[int, str]) -> str:
    return chance.choices([text for _, text in ways], [often for often, _ in ways])[0]

"""From the digits that a person typed to a calling code, a national number and what it is: walks through the tables.

A walk begins where the length of the digits says, and each digit leads on, until all is decided. Two or three walks do
for any number: what was meant by the digits that were dialled, by those behind a calling code, and what the number is.

All is SQL in which ``numbers`` and ``words`` are the lists of ``PhoneTables``.
"""

from __future__ import annotations

import string
from collections.abc import Callable

from lakehouse.transforms.let import choose, let
from lakehouse.transforms.phone_tables import LONGEST, OUTCOME_NUMBERS, PhoneTables
from lakehouse.transforms.phone_text import LONGEST_TEXT

DEEPEST = 12
"""Digits that decide a walk at most; a test holds the tables against it."""
_SOON = 5
"""Digits after which nearly all walks have arrived."""


def resolved(tables: PhoneTables, digits: str, plus: str, region: str, phone: Callable[[str, str], str]) -> str:
    """Give what ``phone`` makes of a national number and an outcome; ``code`` is the place of their calling code then.

    Args:
        tables: Where all lies in the lists.
        digits: The name of two or more digits, without the plus sign.
        plus: Whether there was one before them.
        region: The place of the region that they were typed in, or that of the unknown one.
        phone: What is wanted.
    """
    begins = f"(first <> {tables.codes})"
    last = f"least(length({digits}), {LONGEST})"
    walk = _walk(tables, f"get(numbers, {tables.dialled} + region * {LONGEST + 1} + {last})", digits)
    meant = let("meant", choose(begins, f"{tables.actions}", walk), _parted(tables, digits, plus, phone))
    # The region is asked for only where it matters.
    regional = let("region", f"case when not {begins} then {region} end", meant)
    return let("first", f"if({plus}, {_code(digits)}, {tables.codes})", regional)


def region_of(tables: PhoneTables, name: str) -> str:
    """Give the place of the region of a name, in any case, that of the unknown one where there is none."""
    slot = f"cast(crc32(cast(name as binary)) % {tables.slots}L as int)"
    word = f"get(words, {len(tables.words) - tables.slots} + slot)"
    place = f"get(numbers, {len(tables.numbers) - tables.slots} + slot)"
    found = let("slot", slot, f"if({word} = name, {place}, cast(null as int))")
    # Not upper: that looks for the bounds of words first.
    capitals = f"translate({name}, '{string.ascii_lowercase}', '{string.ascii_uppercase}')"
    return f"coalesce({let('name', capitals, found)}, {len(tables.regions)})"


def _parted(tables: PhoneTables, digits: str, plus: str, phone: Callable[[str, str], str]) -> str:
    """Do what the action ``meant`` says, part ``code`` and ``typed`` digits, and walk on from there."""
    abroad = f"meant < {tables.national}"
    # An outcome changes as little as the first action.
    edited = f"if(meant <= {tables.actions}, {digits}, {_edited(digits, 'meant')})"
    code = f"if(first <> {tables.codes}, first, if({abroad}, {_code('edited')}, get(numbers, {tables.homes} + region)))"
    typed = f"if({abroad}, substring(edited, length(get(words, code)) + 1, {LONGEST_TEXT}), edited)"
    base = f"if({abroad}, {tables.typed}, get(numbers, meant + {OUTCOME_NUMBERS}))"
    # Where no calling code follows a plus sign, people have put the prefix of calls abroad there, or none is meant.
    none = f"(meant < {tables.actions} or meant >= {tables.national} and meant < {tables.typed_on}) and {plus}"
    begin = f"if(meant < {tables.actions}, meant, {_begin(base, 'code', 'length(typed)')})"
    walk = let("way", _walk(tables, f"if({none}, {tables.unknown}, {begin})", "typed"), _judged(tables, phone))
    return let("edited", edited, let("code", code, let("typed", typed, walk)))


def _judged(tables: PhoneTables, phone: Callable[[str, str], str]) -> str:
    """Do what is to be done with digits typed behind a calling code, and tell what the number is."""
    walk = _walk(tables, _begin(f"{tables.valid}", "code", "length(national)"), "national")
    national = let("national", _edited("typed", "way"), let("outcome", walk, phone("national", "outcome")))
    return choose(f"way < {tables.actions}", phone("typed", "way"), national)


def _begin(base: str, code: str, length: str) -> str:
    return f"get(numbers, {base} + {code} * {LONGEST + 2} + least({length}, {LONGEST + 1}))"


def _code(digits: str) -> str:
    """Give the place of the calling code that digits begin with."""
    return f"get(numbers, if(length({digits}) <= 2, 1000, cast(substring({digits}, 1, 3) as int)))"


def _edited(digits: str, action: str) -> str:
    insert, start, kept, rest = (f"get(numbers, {action} + {OUTCOME_NUMBERS + part})" for part in (1, 2, 3, 4))
    middle = f"if({kept} > 0, substring({digits}, {start}, {kept}), '')"
    return f"concat(get(words, {insert}), {middle}, substring({digits}, {rest}, {LONGEST_TEXT}))"


def _walk(tables: PhoneTables, begin: str, digits: str) -> str:
    """Give where digits lead to from a beginning: an outcome or an action, which lead to themselves."""
    powers = [f"{10**power}L" for power in reversed(range(DEEPEST))]
    at = begin
    for power in powers[:_SOON]:
        at = _step(at, power)
    rest = f"aggregate(array({', '.join(powers[_SOON:])}), at, (at, power) -> {_step('at', 'power')})"
    there = let("at", at, choose(f"at >= {tables.outcomes}", "at", rest))
    return let("number", f"cast(rpad({digits}, {DEEPEST}, '0') as bigint)", there)


def _step(at: str, power: str) -> str:
    # An index is an int, and div gives none: what Spark has to cast by itself costs it one more pass over all names.
    return f"get(numbers, {at} + cast(number div {power} % 10L as int))"

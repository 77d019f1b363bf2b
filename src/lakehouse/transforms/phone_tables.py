"""The numbering plans of the world, laid out for Spark: a list of numbers and one of words, from a file of the package.

``python -m lakehouse.transforms.phone_metadata`` makes the file.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FILE = "phone_metadata.json.gz"
LONGEST = 24
"""Digits behind which no more can be cut off than makes a number too long anyway."""
OUTCOME_NUMBERS, ACTION_NUMBERS = 10, 15
"""Numbers of an outcome and of an action: where each of ten digits leads, to itself; then what an action does."""


@dataclass(frozen=True, kw_only=True)
class PhoneTables:
    """Where everything lies.

    Args:
        version: Release of ``phonenumbers``.
        source: Fingerprint of its numbering plans.
        regions: Names of regions, each at its place; behind them is that of the region that is none.
        numbers: For each three digits the place of the calling code they begin with, and behind them that for fewer
            digits; where walks begin; for each of ten digits where they go on; the place of each region's calling code;
            outcomes; actions, behind their digits with base, insertion, start, kept and rest; the region in each slot.
        words: Calling codes; regions, types and reasons of outcomes; insertions; the name in each slot.
        codes: How many calling codes there are; behind them are one that is none, and one of too few digits.
        slots: How many there are: the CRC-32 of a region's name, modulo this, is its slot.
        valid: Where walks of national numbers begin, by calling code and length.
        typed: Where those of what was typed behind a calling code begin.
        dialled: Where those of what was dialled begin, by region and length.
        homes: Where the regions' calling codes are.
        outcomes: The first outcome. Reasons come first.
        right: The first that is a number.
        unknown: That of a calling code that is none.
        actions: The first action. It changes nothing: the digits begin with a calling code, as behind those next to it.
        national: The first behind which digits are national.
        typed_on: The first behind which they are what was typed behind the region's own calling code.
    """

    version: str
    source: str
    regions: list[str]
    numbers: list[int]
    words: list[str | None]
    codes: int
    slots: int
    valid: int
    typed: int
    dialled: int
    homes: int
    outcomes: int
    right: int
    unknown: int
    actions: int
    national: int
    typed_on: int


@cache
def phone_tables() -> PhoneTables:
    """Read the tables. Cost: some 20 ms, once."""
    packed = (files("lakehouse.transforms") / FILE).read_bytes()
    return PhoneTables(**json.loads(gzip.decompress(packed)))

"""One statement: what it makes, its place in the order, and the file that it is reviewed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Step(IntEnum):
    """The order; each is a file of ``--out``. What asks AWS for access comes first: its trust has to be given."""

    ACCOUNT = 0
    STORAGE = 10
    CATALOG = 20
    STAGES = 30
    GOVERNANCE = 40
    TABLES = 50
    VIEWS = 60
    COMPUTED = 70
    GRANTS = 80
    CHECKS = 90


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement, and how to look whether what it makes is there.

    Args:
        step: Its place.
        kind: What it makes, in Snowflake's words; ``check`` has a grammar for each.
        name: What it is about, for people.
        sql: The text, with its semicolon.
        shown_by: A statement that has a row if it is there; empty: it is run each time.
        described_by: A statement whose rows are its properties; empty: there is nothing to compare.
        properties: What those properties have to be.
    """

    step: Step
    kind: str
    name: str
    sql: str
    shown_by: str = ""
    described_by: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)

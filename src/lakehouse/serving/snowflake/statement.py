"""One statement: what it makes, its place in the order, and the file that it is reviewed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from lakehouse.snowflake.names import literal


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
class Change:
    """A property that can be made what it has to be where it is; ``by`` are the statements that do."""

    name: str
    value: str
    by: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement, and how to look whether what it makes is there.

    Args:
        step: Its place.
        kind: What it makes, in Snowflake's words; ``check`` has a grammar for each.
        name: What it is about, for people.
        sql: The text, with its semicolon.
        shown_by: A statement that has a row if it is there; empty: it is run each time.
        described_by: A statement whose rows tell more of it than that row; empty: there is none.
        properties: What properties have to be, of those that tell; one that differs can only be refused.
        changes: What others have to be; one that differs is changed.
    """

    step: Step
    kind: str
    name: str
    sql: str
    shown_by: str = ""
    described_by: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    changes: tuple[Change, ...] = ()

    def altered(self, kind: str, sql: str) -> Statement:
        """Give a statement that changes what this one makes."""
        return Statement(step=self.step, kind=kind, name=self.name, sql=sql)

    def with_comment(self, what: str, name: str, comment: str) -> Statement:
        """Give this one with its comment as something that can be changed; ``what`` and ``name`` are its full name."""
        by = self.altered("comment", f"COMMENT ON {what} {name} IS {literal(comment)};")
        return replace(self, changes=(*self.changes, Change(name="COMMENT", value=comment, by=(by,))))

"""Rules on text in a known format. They judge how it is written; whether the thing exists is another question."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column

from lakehouse.quality.rule import Dimension, Rule

# What people write as an address: a dot-atom, @, and a domain with at least one dot. Deliverability is not judged.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"


@dataclass(frozen=True, kw_only=True)
class EmailSyntax(Rule):
    """The text has the syntax of an e-mail address in ASCII. Whether it exists is another question."""

    dimension = Dimension.VALIDITY
    kind = "email_syntax"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no address."""
        return ~column.rlike(rf"\A{_EMAIL}\z")


@dataclass(frozen=True, kw_only=True)
class Uuid(Rule):
    """The text is a UUID in its usual form, of any version."""

    dimension = Dimension.VALIDITY
    kind = "uuid"

    def violated(self, column: Column) -> Column:
        """Give true for text that is no UUID."""
        return ~column.rlike(r"\A[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\z")

"""What can be said of a column beside its type: ``Annotated[Column[StringType], doc("…"), required, Pii.CONTACT]``.

Rules of ``lakehouse.quality`` are marks too; a contract carries them without knowing what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Doc:
    """What a column means, and its unit where it has one."""

    text: str
    unit: str | None = None

    @property
    def comment(self) -> str:
        """The text for catalogs, with the unit at its end."""
        return f"{self.text} [{self.unit}]" if self.unit else self.text


def doc(text: str, *, unit: str | None = None) -> Doc:
    """Say what a column means; ``unit`` as people write it: years, EUR, bytes, UTC."""
    return Doc(text, unit)


@dataclass(frozen=True)
class Required:
    """A row without this value cannot exist: ``NOT NULL`` in the table, a dead letter in a stream.

    Of a value that should be there but whose absence is only a fault of quality, say the rule ``NotNull()`` instead.
    """


required = Required()


@dataclass(frozen=True)
class AddedLater:
    """The column came when the table had rows: these are null in it, and are not made anew because of it.

    Without it a run builds the table whole when a column comes. Take it away to have all rows made anew.
    """


added_later = AddedLater()


class Pii(StrEnum):
    """Why a column is personal; the masking policies of the warehouses follow from it."""

    NAME = "name"
    CONTACT = "contact"
    IDENTIFIER = "identifier"
    BIRTH = "birth"
    LOCATION = "location"
    CREDENTIAL = "credential"


@dataclass(frozen=True)
class Generated:
    """Filled by the library when the table is written; a build leaves it out."""

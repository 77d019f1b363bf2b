"""A table that keeps each version of a row: SCD type 2. ``@table(…, history=Scd2(effective="changed_at"))``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pyspark.sql.types import BooleanType, TimestampType

from lakehouse.contract.marks import Generated, doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.errors import ContractError

VALID_FROM, VALID_TO, IS_CURRENT = "valid_from", "valid_to", "is_current"


@dataclass(frozen=True, kw_only=True)
class Scd2:
    """The build gives one row for each change of a key; the library makes versions of them and says when each held.

    A version begins at the ``effective`` instant of its change and ends at that of the next which differs in another
    column than these: the key, ``effective``, ``newest_by`` and ``ignore``. So a change that repeats what was there
    makes no version, one that comes late goes where it belongs, and one that is a delete (``deleted_by``) ends the
    version without a new one. Of several at one instant the greatest by ``newest_by`` counts.

    Args:
        effective: Column of the instant from which a change holds; never null.
        ignore: Columns in which versions need not differ, such as where a row came from.
    """

    effective: str
    ignore: tuple[str, ...] = ()


class Versioned(Schema):
    """Base of a table with ``history``: ``class UserVersions(Versioned): …``; a build leaves these columns out."""

    valid_from: Annotated[Column[TimestampType], required, Generated(), doc("Instant from which it held", unit="UTC")]
    valid_to: Annotated[
        Column[TimestampType], Generated(), doc("Instant from which it no longer held; null: it holds", unit="UTC")
    ]
    is_current: Annotated[Column[BooleanType], required, Generated(), doc("Whether it is the version that holds")]


def check_history(
    history: Scd2, schema: type[Schema], *, where: str, columns: Iterable[str], key: tuple[str, ...], ordered: bool
) -> None:
    """Hold a declaration of history against the columns of its table.

    Raises:
        ContractError: It says what is missing.
    """
    if not issubclass(schema, Versioned):
        raise ContractError(
            f"{where}: history=Scd2(…) fills {', '.join(Versioned.all_column_names())}: "
            f"derive it from Versioned, class {schema.__name__}(Versioned)"
        )
    if not key or not ordered:
        missing = "key=(…), whose versions are kept" if not key else "newest_by=(…), which of two changes is the newer"
        raise ContractError(f"{where}: history=Scd2(…) needs {missing}")
    unknown = [name for name in (history.effective, *history.ignore) if name not in set(columns)]
    if unknown:
        raise ContractError(f"{where}: history=Scd2(…) names {', '.join(unknown)}, which is not a column of it")

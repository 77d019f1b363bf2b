"""How a build follows its inputs: which of its rows a changed input row can change. ``@build(follows=…)`` declares it.

It cannot be read from types, and a wrong one gives wrong rows: ``lakehouse.testing.assert_follows`` tries it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lakehouse.errors import ContractError


@dataclass(frozen=True)
class Whole:
    """Any change can change any row: the table is built whole. What is not declared is this."""


@dataclass(frozen=True)
class Rows:
    """Each row comes of one row of ``input`` alone, by itself: a projection, a filter, a look-up in other inputs.

    The rows of two parts are the rows of the whole. Where the table is declared with ``newest_by``, the newest of a key
    is kept when rows are written, and the build may keep it too.

    Args:
        input: The parameter; may be left out where there is only one table.
    """

    input: str = ""


@dataclass(frozen=True, init=False)
class Keys:
    """A row depends on those input rows alone that have its values in some of its key columns.

    ``Keys("user_id")``, and where an input calls it otherwise: ``Keys("user_id", raw="record.login.uuid")``.

    An input that has no such column, and is not named, is read whole; when it changes, the table is built whole.
    """

    columns: tuple[str, ...]
    of: Mapping[str, Mapping[str, str]] = field(hash=False)

    def __init__(self, *columns: str, **of: str | Mapping[str, str]) -> None:
        """Take the columns, and by parameter the SQL that gives them: one string for one column, else a mapping."""
        object.__setattr__(self, "columns", columns)
        object.__setattr__(
            self, "of", {name: {columns[0]: sql} if isinstance(sql, str) else dict(sql) for name, sql in of.items()}
        )

    def of_input(self, parameter: str, columns: Iterable[str]) -> dict[str, str] | None:
        """Give column → SQL over an input, whose columns are given; None where the input does not have them."""
        found = {name: f"`{name}`" for name in self.columns if name in set(columns)} | dict(self.of.get(parameter, {}))
        return found if set(found) == set(self.columns) else None


@dataclass(frozen=True, init=False)
class Groups(Keys):
    """As ``Keys``, by columns that need not be of the key: ``Groups("day", people={"day": "date(registered_at)"})``."""


Follows = Whole | Rows | Keys


def check_follows(
    follows: Follows, *, where: str, inputs: Mapping[str, Iterable[str]], output: Iterable[str], key: Iterable[str]
) -> Follows:
    """Hold a declaration against a build: input parameter → its columns, the columns of the output, and its key.

    Gives it with what was left out filled in.

    Raises:
        ContractError: It names what is not there.
    """
    if isinstance(follows, Rows):
        if not follows.input and len(inputs) == 1:
            return Rows(next(iter(inputs)))
        if follows.input not in inputs:
            asked = f"{follows.input!r}, which is none" if follows.input else "none"
            raise ContractError(f'{where}: Rows names {asked} of its inputs {", ".join(inputs)}; write Rows("…")')
    if isinstance(follows, Keys):
        _check_columns(follows, where=where, inputs=inputs, output=output, key=key)
    return follows


def _check_columns(
    follows: Keys, *, where: str, inputs: Mapping[str, Iterable[str]], output: Iterable[str], key: Iterable[str]
) -> None:
    kind = type(follows).__name__
    allowed = tuple(output if isinstance(follows, Groups) else key)
    unknown = [name for name in follows.columns if name not in allowed]
    if unknown or not follows.columns:
        what = "a column" if isinstance(follows, Groups) else "of the key"
        more = "" if isinstance(follows, Groups) else "; Groups takes any columns"
        raise ContractError(
            f"{where}: {kind} names {', '.join(unknown) or 'nothing'}, which is not {what} of its table "
            f"({', '.join(allowed) or 'none'}){more}"
        )
    strangers = [name for name in follows.of if name not in inputs]
    if strangers:
        raise ContractError(
            f"{where}: {kind} says how {', '.join(strangers)} gives its columns; the inputs are {', '.join(inputs)}"
        )
    if not any(follows.of_input(name, columns) for name, columns in inputs.items()):
        raise ContractError(
            f"{where}: no input has {', '.join(follows.columns)}; say how one gives it: "
            f'{kind}("{follows.columns[0]}", {next(iter(inputs))}="SQL over its columns")'
        )

"""Make it so: look what is there, make what AWS has to trust, wait for that trust, make the rest.

Every statement can be run again, so what was interrupted is finished by running it once more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lakehouse.errors import ServingError
from lakehouse.serving.snowflake.check import require_right
from lakehouse.serving.snowflake.differences import differences
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.serving.snowflake.trust import properties_of, trust_policy
from lakehouse.snowflake.session import Session

_ACCESS = frozenset({"volume is open", "catalog is open", "storage is open"})
"""Checks that fail until the role in AWS trusts Snowflake."""

_UNSET = re.compile(r"<(snowflake\.\w+|metadata file of [\w.]+)>")


class State(StrEnum):
    """What a statement will do."""

    MAKE = "make"
    KEEP = "is there"
    RENEW = "renew"
    CHANGE = "change"
    DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A statement, and what is there of it; ``differences`` say what was found against what is declared, and
    ``changes`` are the statements that mend them."""

    statement: Statement
    state: State
    differences: tuple[str, ...] = ()
    changes: tuple[Statement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What came of it.

    Args:
        done: Statements that were run.
        kept: Those whose object was there.
        trust: The policy to put on the role, before the rest can be made; empty: all is made.
        refused: What Snowflake said of the access that it does not have yet.
    """

    done: tuple[Statement, ...]
    kept: tuple[Statement, ...]
    trust: str = ""
    refused: tuple[str, ...] = ()


def plan(session: Session, found: Sequence[Statement]) -> tuple[Planned, ...]:
    """Look what is there and what of it differs, in at most two questions a statement; nothing is changed."""
    return tuple(_planned(session, one) for one in found if one.step is not Step.CHECKS)


def apply(
    session: Session, found: Sequence[Statement], *, say: Callable[[Planned], None] = lambda _one: None
) -> Applied:
    """Run the statements whose object is not there, those that are run each time, and those that change what differs.

    Volumes and integrations come first. If AWS does not let Snowflake in yet, it ends there with the policy to put on
    the role; run again, it goes on.

    Raises:
        ServingError: A statement is wrong, what is there differs from what is declared, or Snowflake refused.
    """
    require_right(found)
    _refuse_unset(found)
    planned = plan(session, found)
    _refuse_differences(planned)
    first = [one for one in planned if one.statement.step <= Step.CATALOG]
    done, kept = _run(session, first, say)
    if refused := tuple(_refused(session, found)):
        asked = [one.statement.described_by for one in first if one.statement.described_by]
        described = [properties_of(session.ask(sql)) for sql in asked]
        return Applied(done=done, kept=kept, trust=trust_policy(described), refused=refused)
    more_done, more_kept = _run(session, [one for one in planned if one not in first], say)
    return Applied(done=(*done, *more_done), kept=(*kept, *more_kept))


def _planned(session: Session, one: Statement) -> Planned:
    if not one.shown_by:
        return Planned(statement=one, state=State.RENEW)
    own = one.name.split(".")[-1].strip('"').lower()
    # LIKE reads _ as any letter.
    shown = [row for row in session.exists(one.shown_by) or () if str(row.get("name", "")).lower() == own]
    if not shown:
        return Planned(statement=one, state=State.MAKE)
    found = properties_of(shown)
    if one.described_by and (one.properties or one.changes):
        found |= properties_of(session.exists(one.described_by) or ())
    if wrong := tuple(differences(one.name, one.properties, found)):
        return Planned(statement=one, state=State.DIFFERS, differences=wrong)
    late = [change for change in one.changes if any(differences(one.name, {change.name: change.value}, found))]
    return Planned(
        statement=one,
        state=State.CHANGE if late else State.KEEP,
        differences=tuple(differences(one.name, {change.name: change.value for change in late}, found)),
        changes=tuple(dict.fromkeys(by for change in late for by in change.by)),
    )


def _refuse_unset(found: Sequence[Statement]) -> None:
    unset = dict.fromkeys(name for one in found for name in _UNSET.findall(one.sql))
    if unset:
        raise ServingError(
            f"Snowflake cannot be set up: {', '.join(unset)} is not there. Settings are set in a file or with --set, "
            "a table has a metadata file once it is published (`lakehouse run`); --dry-run shows where it stands"
        )


def _refuse_differences(planned: Sequence[Planned]) -> None:
    refused = (one for one in planned if one.state is State.DIFFERS)
    lines = "".join(f"\n  - {line}" for one in refused for line in one.differences)
    if lines:
        raise ServingError(
            f"what is in Snowflake is not what is declared, nothing was changed:{lines}\n"
            "Set the settings to what is there; or drop it, after the tables that use it, and run this again. "
            "An external id that changed has broken the trust of the role in AWS, too."
        )


def _run(
    session: Session, planned: Sequence[Planned], say: Callable[[Planned], None]
) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
    done, kept = [], []
    for one in planned:
        say(one)
        if one.state in {State.KEEP, State.CHANGE}:
            kept.append(one.statement)
        else:
            session.ask(one.statement.sql)
            done.append(one.statement)
        for change in one.changes:
            session.ask(change.sql)
            done.append(change)
    return tuple(done), tuple(kept)


def _refused(session: Session, found: Sequence[Statement]) -> Iterator[str]:
    for one in found:
        if one.kind in _ACCESS:
            text = str(next(iter(session.ask(one.sql)[0].values())))
            answer = json.loads(text)
            if not (answer.get("success") is True or answer.get("status") == "success"):
                why = answer.get("errorMessage") or answer.get("message") or text
                yield f"{one.name}: {why}"

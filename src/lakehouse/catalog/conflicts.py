"""Commits that someone else was ahead of, told apart: which can be tried again, and what has to be looked at first."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from enum import StrEnum

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    ValidationException,
    WaitingForLockException,
)
from pyiceberg.table import Table

from lakehouse.catalog.iceberg import load_table
from lakehouse.errors import ClockError, PublishConflictError

_TRIES = 8
_CLOCKS_DIFFER_BY = 60.0
"""Seconds that Iceberg lets two changes be out of order. PyIceberg would go on, and Spark not read the table again."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class Conflict(StrEnum):
    """What a commit that failed beside other writers leaves to do."""

    RETRY = "retry"
    """Nothing was committed, and what it was made of still holds: load the table anew and commit the same change."""
    PLAN_AGAIN = "plan again"
    """Nothing was committed, and what it was made of has changed: to commit it once more would be refused once more."""
    UNKNOWN = "unknown"
    """It may have been committed, or may be yet: look for one's own commit before anything else."""


_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Conflict], ...] = (
    ((CommitStateUnknownException,), Conflict.UNKNOWN),
    ((CommitFailedException, WaitingForLockException), Conflict.RETRY),
    ((ValidationException, PublishConflictError), Conflict.PLAN_AGAIN),
)
# Spark hands Iceberg's exception on as it is: in Java's wrapping, or as text over Connect. A ValidationException is
# also thrown for what is no conflict (a snapshot that is not there), so what it says has to tell.
_BY_TEXT: tuple[tuple[Conflict, tuple[str, ...]], ...] = (
    (Conflict.UNKNOWN, ("CommitStateUnknownException",)),
    (
        Conflict.PLAN_AGAIN,
        (
            "Found conflicting files",
            "Found conflicting deleted files",
            "Found new conflicting delete files",
            "Cannot commit, missing data files",
            "Cannot commit, found new",
            "Missing required files to delete",
            "Cannot determine history between starting snapshot",
            "Cannot commit rewrite because of",
        ),
    ),
    (Conflict.RETRY, ("CommitFailedException",)),
)
# An answer that never came, by the clients that catalogs are spoken to with; both are optional.
_NO_ANSWER = {
    "requests.exceptions.ConnectionError",
    "requests.exceptions.ReadTimeout",
    "botocore.exceptions.ReadTimeoutError",
    "botocore.exceptions.ConnectionClosedError",
}


def conflict_of(error: BaseException) -> Conflict | None:
    """Tell which conflict an error of PyIceberg, Spark or our own publish is; None where it is something else."""
    for types, conflict in _BY_TYPE:
        if isinstance(error, types):
            return conflict
    if any(f"{one.__module__}.{one.__qualname__}" in _NO_ANSWER for one in type(error).__mro__):
        return Conflict.UNKNOWN
    text = _text_of(error)
    return next((conflict for conflict, marks in _BY_TEXT if any(mark in text for mark in marks)), None)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        # The text of a Java error is asked of the JVM, which may be gone.
        return ""


def commit(
    catalog: Catalog,
    name: str,
    change: Callable[[Table], None],
    *,
    made: Callable[[Table], bool] | None = None,
    tries: int = _TRIES,
) -> None:
    """Apply a change to the freshly loaded table; again when someone else committed something in between.

    Args:
        made: Tells of a table whether the change is in it. Where the catalog did not say whether it committed, that is
            looked for before the change is tried again; without it the catalog's error is raised.
        tries: How often at most, with pauses that grow.

    Raises:
        CommitFailedException: Others were faster each time; nothing was changed.
        CommitStateUnknownException: The catalog did not say, and the change is not to be found so far.
        ClockError: The table was changed in what is the future here.
    """
    unknown: Exception | None = None
    for attempt in range(tries):
        if attempt:
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))
        table = load_table(catalog, name)
        _demand_clock(table)
        if unknown is not None and made is not None and made(table):
            return
        try:
            change(table)
            return
        except Exception as error:
            conflict = conflict_of(error)
            unknown = error if conflict is Conflict.UNKNOWN else unknown
            again = conflict is Conflict.RETRY or (conflict is Conflict.UNKNOWN and made is not None)
            if not again or attempt == tries - 1:
                raise


def commit_marked(catalog: Catalog, name: str, change: Callable[[Table, Mapping[str, str]], None]) -> None:
    """Commit a change whose snapshot carries the properties that it is given: by them it is known for one's own.

    Raises:
        CommitFailedException, CommitStateUnknownException, ClockError: See ``commit``.
    """
    mark = {"lakehouse.commit-id": uuid.uuid4().hex}

    def made(table: Table) -> bool:
        return any(
            one.summary and mark.items() <= one.summary.additional_properties.items() for one in table.snapshots()
        )

    commit(catalog, name, lambda table: change(table, mark), made=made)


def _demand_clock(table: Table) -> None:
    log = table.history()
    ahead = log[-1].timestamp_ms / 1000 - time.time() if log else 0.0
    if ahead > _CLOCKS_DIFFER_BY:
        raise ClockError(table=".".join(table.name()), seconds=ahead)

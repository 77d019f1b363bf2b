"""Everything that the library raises on purpose, under one root.

A message says what is wrong, where, what was found against what was expected, and what to do. The attributes carry
the same facts for programs. The command line prints the message without a stack trace and exits with ``exit_code``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class LakehouseError(Exception):
    """Root of the library's errors: refused by data, configuration or a remote system."""

    exit_code: ClassVar[int] = 3


class ConfigError(LakehouseError):
    """A configuration file, override or environment variable cannot be used."""


class MissingExtraError(LakehouseError):
    """An optional library is needed and is not installed."""

    def __init__(self, *, extra: str, needed_for: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_for} needs the extra '{extra}': pip install 'lakehouse[{extra}]'")


class EngineError(LakehouseError):
    """Java, Spark or their jars are missing, wrong or out of the supported range."""


class EngineRefusedError(EngineError):
    """Something is asked of an engine that it does not do as Spark does."""

    def __init__(
        self,
        *,
        engine: str,
        what: Sequence[str],
        table: str = "",
        todo: str = "Build it with Spark: --set session.engine=spark",
    ) -> None:
        self.engine, self.table = engine, table
        self.what = tuple(what)
        lines = "".join(f"\n  - {line}" for line in self.what)
        subject = f"{table} was not built" if table else "this was not done"
        super().__init__(f"{subject}: it needs what {engine} does not do, or not as Spark does:{lines}\n{todo}")


class ContractError(LakehouseError):
    """A table or build is declared in a way that cannot work."""


class BuildError(LakehouseError):
    """A build raised something of its own, or Spark did while it wrote its rows; ``main`` was left as it was."""

    def __init__(self, *, table: str, source: str, why: str) -> None:
        self.table, self.source = table, source
        super().__init__(f"{table} was not built: its build ({source}) {why}\nNothing was published.")


class SchemaMismatchError(LakehouseError):
    """A DataFrame or a live table does not have the columns that its contract declares."""

    def __init__(self, *, table: str, differences: Sequence[str], what: str = "the DataFrame", todo: str = "") -> None:
        self.table = table
        self.differences = tuple(differences)
        lines = "\n".join(f"  - {line}" for line in self.differences)
        todo = todo or "Cast or add these columns in the build, or change the table definition."
        super().__init__(f"{what} does not match table {table}:\n{lines}\n{todo}")


class SourceError(LakehouseError):
    """Something outside that is read from or produced to does not answer, or not as declared."""


class StreamError(LakehouseError):
    """A stream cannot start or go on."""


class QualityGateError(LakehouseError):
    """The rows of a publish are below what the table demands; ``main`` was left as it was."""

    def __init__(self, *, table: str, broken: Sequence[str], worst: Sequence[str] = (), branch: str = "") -> None:
        self.table, self.branch = table, branch
        self.broken, self.worst = tuple(broken), tuple(worst)
        lines = "".join(f"\n  - {line}" for line in self.broken)
        lines += "\nwhat cost the most:" + "".join(f"\n  - {line}" for line in self.worst) if self.worst else ""
        where = (
            f"\nThe rows that were refused are on branch '{branch}' for 7 days: "
            f"SELECT * FROM {table} VERSION AS OF '{branch}'"
        )
        super().__init__(
            f"{table} {'was not published' if branch else 'is below its gate'}:{lines}{where if branch else ''}"
        )


class PublishConflictError(LakehouseError):
    """Someone else moved ``main`` between the start of a run and its publish; nothing of theirs was lost."""

    def __init__(self, *, table: str, base: int | None, found: int | None) -> None:
        self.table, self.base, self.found = table, base, found
        super().__init__(
            f"{table} was not published: this run began at snapshot {base}, but main is now at {found}, "
            "so another run published in between. Their rows are untouched; run the build again on top of them."
        )


class ClockError(LakehouseError):
    """The clock of this machine is behind that of the one that changed a table last; nothing was changed."""

    def __init__(self, *, table: str, seconds: float) -> None:
        self.table, self.seconds = table, seconds
        super().__init__(
            f"{table} was not changed: it was changed last {seconds:,.0f} s after what is now by the clock of this "
            "machine, and Iceberg cannot read a table whose changes are more than a minute out of order.\n"
            "Set the clocks (NTP); if it is that of this machine that is right, wait until then."
        )


class ExpiredInputError(LakehouseError):
    """To build a table once more would lose what was made of records that its input no longer has."""

    def __init__(self, *, table: str, lost: Mapping[str, tuple[int, Sequence[str]]], verb: str = "run") -> None:
        self.table, self.lost = table, lost
        lines = "".join(
            f"\n  - {name}: {count:,}" + "".join(f"\n      {one}" for one in ranges)
            for name, (count, ranges) in lost.items()
        )
        super().__init__(
            f"{table} was not built: what was made of rows that are gone from its inputs would be lost:{lines}\n"
            "Put them back, or go on without them: "
            f"`lakehouse {verb} {table} --accept-loss`"
        )


class BackfillError(LakehouseError):
    """A table cannot be built anew by slices, or not those that were asked for; nothing was changed."""

    def __init__(self, *, table: str, why: str, todo: str = "") -> None:
        self.table = table
        super().__init__(f"{table} was not backfilled: {why}" + (f"\n{todo}" if todo else ""))


class ServingError(LakehouseError):
    """A warehouse or query engine refused what it was given."""

"""``lakehouse``: one verb per job.

Exit codes: 0 done, 2 wrong usage, 3 refused by data, settings or a remote system, 130 interrupted, 143 terminated; of
``diff --exit-code`` also 1: rows differ; of ``contract check``: a table drifts; of
``status``: a table is not read as it is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.text import Text

from lakehouse.catalog.aws_errors import AwsError, aws_error
from lakehouse.cli.terminal import TerminatedError, console
from lakehouse.cli.verbs import Verbs, group_of, imported
from lakehouse.errors import ConfigError, LakehouseError


class Library(Verbs):
    """An error of the library is a message and an exit code, never a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb of the command line."""
        try:
            return super().invoke(ctx)
        except LakehouseError as error:
            raise tell(error) from None
        except KeyboardInterrupt as asked:
            console.print("interrupted; what was committed is safe, the next run goes on")
            raise typer.Exit(143 if isinstance(asked, TerminatedError) else 130) from None
        except Exception as error:
            if (of_aws := aws_error(error)) is None:
                raise
            raise tell(of_aws) from None


def tell(error: LakehouseError) -> typer.Exit:
    """Say what is wrong, and give the end of the process that says it too."""
    # Where AWS is the reason of it, an error of Spark or of a build has what AWS said and not what to do about it.
    reason = None if isinstance(error, AwsError) else aws_error(error)
    text = f"{error}\n{reason}" if reason else str(error)
    console.print("[bold red]error:[/]", Text(text), highlight=False, soft_wrap=True)
    return typer.Exit(error.exit_code)


_VERBS = {
    "quickstart": "quickstart:quickstart",
    "up": "local:up",
    "down": "local:down",
    "produce": "produce:produce:csv",
    "agent": "agent:agent",
    "stream": "stream:stream",
    "ingest": "ingest_files:ingest",
    "verify": "verify:verify",
    "plan": "plan:plan",
    "run": "run:run",
    "backfill": "backfill:backfill",
    "release": "lake_release:release",
    "releases": "lake_release:releases",
    "graph": "graph:graph",
    "sql": "serve:sql",
    "status": "status:status",
    "athena": "athena:athena",
    "unload": "unload:unload",
    "dead-letters": "dead_letters:dead_letters",
    "replay": "dead_letters:replay",
    "history": "history:history",
    "diff": "diff:diff",
    "rollback": "rollback:rollback",
    "maintain": "maintain:maintain",
    "leases": "leases:show:release",
    "doctor": "doctor:doctor",
    "package": "package:package",
    "tables": "inspect:tables",
    "dictionary": "inspect:dictionary",
    "init": "scaffold:init",
}
_GROUPS = {
    "config": ("Settings: what they are and where they come from.", {"show": "inspect:show"}),
    "contract": (
        "Contracts beside live tables: write one of a table, find drift.",
        {"import": "contract:import_", "check": "contract:check"},
    ),
    "env": ("Tables of one's own over production's: --env dev.", {"list": "env:list_", "drop": "env:drop"}),
    "quality": (
        "Score tables, see how they went, release what was set aside.",
        {
            "score": "quality:score",
            "history": "quality:history",
            "report": "quality_report:report",
            "profile": "quality_profile:profile",
            "contract": "quality_contract:contract",
            "anomalies": "quality_watch:anomalies",
            "drift": "quality_watch:drift",
            "alerts": "quality_alerts:alerts",
            "release": "quality:release",
        },
    ),
    "readers": (
        "How far other systems have read a table, kept as tags.",
        {"show": "readers:show", "mark": "readers:mark", "forget": "readers:forget"},
    ),
    "publish": (
        "Give gold to a warehouse.",
        {"duckdb": "serve:duckdb", "snowflake": "snowflake:snowflake", "export": "snowflake:export"},
    ),
}

app = typer.Typer(
    cls=group_of(_VERBS, Library),
    name="lakehouse",
    help="Typed tables, typed builds and safe publishes for people who run Spark on Iceberg.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for _name, (_text, _verbs) in _GROUPS.items():
    app.add_typer(typer.Typer(cls=group_of(_verbs), help=_text, no_args_is_help=True), name=_name)


def verb(name: str) -> Any:
    """Give the command of a verb that stands by itself.

    Raises:
        ConfigError: It is none, but the name of several.
    """
    if name not in _VERBS:
        raise ConfigError(f"lakehouse {name} is several verbs, and a job of Glue can be told none of them")
    return imported(name, _VERBS[name])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit."""
    app(args=None if arguments is None else list(arguments))

"""``lakehouse``: one verb per job.

Exit codes: 0 done, 2 wrong usage, 3 refused by data, settings or a remote system, 130 interrupted, 143 terminated; of
``diff --exit-code`` also 1: rows differ; of ``contract check``: a table drifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from lakehouse.catalog.aws_errors import AwsError, aws_error
from lakehouse.cli import (
    athena,
    backfill,
    contract,
    dead_letters,
    diff,
    env,
    graph,
    history,
    inspect,
    lake_release,
    leases,
    local,
    maintain,
    plan,
    quality,
    quality_alerts,
    quality_contract,
    quality_profile,
    quality_report,
    quality_watch,
    quickstart,
    readers,
    rollback,
    run,
    scaffold,
    serve,
    stream,
    verify,
)
from lakehouse.cli.options import TerminatedError, console
from lakehouse.errors import LakehouseError


class Verbs(TyperGroup):
    """An error of the library is a message and an exit code, never a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb of the command line."""
        try:
            return super().invoke(ctx)
        except LakehouseError as error:
            raise _told(error) from None
        except KeyboardInterrupt as asked:
            console.print("interrupted; what was committed is safe, the next run goes on")
            raise typer.Exit(143 if isinstance(asked, TerminatedError) else 130) from None
        except Exception as error:
            if (of_aws := aws_error(error)) is None:
                raise
            raise _told(of_aws) from None


def _told(error: LakehouseError) -> typer.Exit:
    # Where AWS is the reason of it, an error of Spark or of a build has what AWS said and not what to do about it.
    reason = None if isinstance(error, AwsError) else aws_error(error)
    text = f"{error}\n{reason}" if reason else str(error)
    console.print("[bold red]error:[/]", Text(text), highlight=False, soft_wrap=True)
    return typer.Exit(error.exit_code)


app = typer.Typer(
    cls=Verbs,
    name="lakehouse",
    help="Typed tables, typed builds and safe publishes for people who run Spark on Iceberg.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
config_app = typer.Typer(help="Settings: what they are and where they come from.", no_args_is_help=True)
quality_app = typer.Typer(help="Score tables, see how they went, release what was set aside.", no_args_is_help=True)
contract_app = typer.Typer(help="Contracts beside live tables: write one of a table, find drift.", no_args_is_help=True)
env_app = typer.Typer(help="Tables of one's own over production's: --env dev.", no_args_is_help=True)
readers_app = typer.Typer(help="How far other systems have read a table, kept as tags.", no_args_is_help=True)
leases_app = typer.Typer(invoke_without_command=True)
publish_app = typer.Typer(help="Give gold to a warehouse.", no_args_is_help=True)

app.command()(quickstart.quickstart)
app.command()(local.up)
app.command()(local.down)
app.command()(local.produce)
app.command()(stream.stream)
app.command()(verify.verify)
app.command()(plan.plan)
app.command()(run.run)
app.command()(backfill.backfill)
app.command()(lake_release.release)
app.command()(lake_release.releases)
app.command()(graph.graph)
app.command()(serve.sql)
app.command()(athena.athena)
app.command(name="dead-letters")(dead_letters.dead_letters)
app.command()(dead_letters.replay)
app.command()(history.history)
app.command()(diff.diff)
app.command()(rollback.rollback)
app.command()(maintain.maintain)
app.command()(inspect.tables)
app.command()(inspect.dictionary)
app.command()(scaffold.init)
config_app.command()(inspect.show)
quality_app.command()(quality.score)
quality_app.command()(quality.history)
quality_app.command()(quality_report.report)
quality_app.command()(quality_profile.profile)
quality_app.command()(quality_contract.contract)
quality_app.command()(quality_watch.anomalies)
quality_app.command()(quality_watch.drift)
quality_app.command()(quality_alerts.alerts)
quality_app.command()(quality.release)
contract_app.command(name="import")(contract.import_)
contract_app.command()(contract.check)
env_app.command(name="list")(env.list_)
env_app.command()(env.drop)
readers_app.command()(readers.show)
readers_app.command()(readers.mark)
readers_app.command()(readers.forget)
leases_app.callback()(leases.show)
leases_app.command()(leases.release)
publish_app.command()(serve.duckdb)
publish_app.command()(serve.snowflake)
app.add_typer(config_app, name="config")
app.add_typer(contract_app, name="contract")
app.add_typer(env_app, name="env")
app.add_typer(quality_app, name="quality")
app.add_typer(readers_app, name="readers")
app.add_typer(leases_app, name="leases")
app.add_typer(publish_app, name="publish")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit."""
    app(args=None if arguments is None else list(arguments))

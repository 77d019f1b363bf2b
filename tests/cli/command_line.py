"""``lakehouse`` as a person types it, in a terminal of 80 columns."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from lakehouse.cli.main import app
from lakehouse.config.settings import CatalogSettings


def lakehouse(
    *arguments: str,
    package: str = "",
    catalog: CatalogSettings | None = None,
    answer: str | None = None,
    columns: int = 80,
) -> Result:
    """Run a command, with the contracts of a package and in a catalog where these are given; ``answer`` is typed."""
    given = [f'packages=["{package}"]'] if package else []
    if catalog is not None:
        given += [f"catalog.uri={catalog.uri}", f"catalog.warehouse={catalog.warehouse}"]
    options = [part for one in given for part in ("--set", one)]
    environ = {"COLUMNS": f"{columns}", "TERM": "dumb"}
    return CliRunner().invoke(app, [*arguments, *options], env=environ, input=answer)

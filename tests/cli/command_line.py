"""``lakehouse`` as a person types it, in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from typer.testing import CliRunner, Result

from lakehouse.cli.main import app
from lakehouse.cli.verbs import Verbs
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


def all_verbs() -> Iterator[tuple[str, ...]]:
    """Give the words of every verb that there is."""
    root = typer.main.get_command(app)
    groups = [((), root), *(((name,), one) for name, one in getattr(root, "commands", {}).items())]
    for above, group in groups:
        for name, path in group.verbs.items() if isinstance(group, Verbs) else ():
            yield (*above, name)
            yield from ((*above, name, below) for below in path.split(":")[2:])

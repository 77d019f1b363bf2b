"""``lakehouse init``: a package with one table, one build and their tests, which pass as they are."""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.cli.terminal import console
from lakehouse.errors import ConfigError

_PLACES = {
    "pyproject.toml.tmpl": "pyproject.toml",
    "package.py.tmpl": "src/{name}/__init__.py",
    "bronze.py.tmpl": "src/{name}/bronze.py",
    "silver.py.tmpl": "src/{name}/silver.py",
    "test_silver.py.tmpl": "tests/test_silver.py",
    "local.toml.tmpl": "conf/local.toml",
    "readme.md.tmpl": "README.md",
}


def init(
    name: Annotated[str, typer.Argument(help="Name of the Python package, such as acme_lake.")],
    folder: Annotated[Path | None, typer.Option(help="Where to; default a new folder of that name.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")] = False,
) -> None:
    """Start a lake of your own: a package with a bronze table, a silver table, its build, rules and tests.

    Nothing that exists is overwritten.

    Examples:

        lakehouse init acme_lake && cd acme_lake && pytest
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise ConfigError(f"{name!r} cannot be a package name: use lower-case letters, digits and _, such as acme_lake")
    root = folder or Path(name)
    templates = files("lakehouse.cli") / "scaffold_templates"
    targets = {root / place.format(name=name): templates / template for template, place in _PLACES.items()}
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise ConfigError(f"nothing was written: {', '.join(there)} exists; give another --folder or move it away")
    for target, template in targets.items():
        if not dry_run:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(template.read_text(encoding="utf-8").replace("{{name}}", name), encoding="utf-8")
        console.print(f"{'would write' if dry_run else 'wrote'} {target}", highlight=False, soft_wrap=True)
    if not dry_run:
        console.print(f"\nnext: cd {root} && pytest, then read README.md", highlight=False)

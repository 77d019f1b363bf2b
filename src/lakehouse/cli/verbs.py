"""Verbs of the command line that are imported when they are run: help loads nothing of what they need."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

_PACKAGE = "lakehouse.cli"


class Verbs(TyperGroup):
    """A group whose verbs are named, and not imported yet."""

    verbs: ClassVar[Mapping[str, str]] = {}
    """Name on the command line → ``module:function`` of ``lakehouse.cli``; ``:function`` more for a verb below it."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.commands = {name: TyperCommand(name) for name in self.verbs} | dict(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give what a list of verbs needs of one: its text, which is read from the source."""
        if cmd_name not in self.verbs:
            return super().get_command(ctx, cmd_name)
        return TyperCommand(cmd_name, help=_docstring(self.verbs[cmd_name]), rich_markup_mode="rich")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the verb that is run, or whose help is asked for."""
        name, command, rest = super().resolve_command(ctx, args)
        path = self.verbs.get(name or "")
        return name, imported(name or "", path) if path else command, rest


def group_of(verbs: Mapping[str, str], base: type[Verbs] = Verbs) -> type[Verbs]:
    """Give the class of a group that has these verbs."""
    return type(base.__name__, (base,), {"verbs": verbs})


def imported(name: str, path: str) -> Any:
    """Give the command of a verb, by where its function is."""
    module, function, *below = path.split(":")
    found = importlib.import_module(f"{_PACKAGE}.{module}")
    alone = typer.Typer(
        name=name,
        invoke_without_command=bool(below),
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for verb in below:
        alone.command()(getattr(found, verb))
    (alone.callback() if below else alone.command(name))(getattr(found, function))
    return typer.main.get_command(alone)


def _docstring(path: str) -> str | None:
    module, function, *_ = path.split(":")
    # Not by its path: on a cluster the library may be imported from its wheel, which is a zip.
    top = ast.parse((files(_PACKAGE) / f"{module}.py").read_text(encoding="utf-8")).body
    return next(ast.get_docstring(node) for node in top if isinstance(node, ast.FunctionDef) and node.name == function)

"""The rules of a command: those of contracts, and those of the files that the settings name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ConfigError
from lakehouse.pipeline.graph import Graph, discover
from lakehouse.quality import Rule, RuleSet, rule_set
from lakehouse.quality.rule_file import parse_rules

MoreRules = Callable[[str], Sequence[tuple[str, Rule]]]


def more_rules(settings: Settings, graph: Graph) -> MoreRules:
    """Read the files of rules; gives those of a table by its name.

    Raises:
        ConfigError: A file is not there or cannot be used, or names a table that no package has.
    """
    found: dict[str, list[tuple[str, Rule]]] = {}
    for name in settings.quality.rule_files:
        if not Path(name).is_file():
            raise ConfigError(f"quality.rule_files names {name}, which is not there")
        for table, rules in parse_rules(Path(name).read_text(encoding="utf-8"), file=name).items():
            if table not in graph.tables:
                near = difflib.get_close_matches(table, graph.tables, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(graph.tables)}"
                raise ConfigError(f"{name} has rules of {table!r}, which no package has; {hint}")
            found.setdefault(table, []).extend(rules)
    return lambda table: found.get(table, ())


def judged(settings: Settings, table: str) -> tuple[TableSpec, RuleSet]:
    """Give a table that has rules, with all of them.

    Raises:
        ConfigError: There is no such table, or it has no rules.
    """
    graph = discover(settings.packages)
    spec = graph.table(table)
    rules = rule_set(spec, more=more_rules(settings, graph)(table))
    if not rules:
        raise ConfigError(
            f"{table} has no rules; put marks such as NotNull() on its columns, or name it in a rule file"
        )
    return spec, rules

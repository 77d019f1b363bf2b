"""The graph of a lake: tables and builds found in the configured packages, ordered by what reads what."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from types import ModuleType

from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.table import TableSpec, is_table, spec_of
from lakehouse.errors import ConfigError, ContractError


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All tables by name, and the builds in an order in which each comes after those that make its inputs."""

    tables: dict[str, TableSpec]
    builds: tuple[BuildSpec, ...]

    def table(self, name: str) -> TableSpec:
        """Give a table by its name.

        Raises:
            ConfigError: There is none of that name; the tables that exist are listed.
        """
        if name not in self.tables:
            raise ConfigError(
                f"there is no table {name!r}; the configured packages have {', '.join(self.tables) or 'none'}"
            )
        return self.tables[name]

    def select(self, names: Iterable[str], *, downstream: bool = False) -> tuple[BuildSpec, ...]:
        """Give the builds of some tables, all when none is named; with ``downstream`` also those that read them.

        Raises:
            ConfigError: A name is no table, or a table that no build makes.
        """
        wanted = {self.table(name).name for name in names}
        built = {build.table.name for build in self.builds}
        if wanted - built:
            raise ConfigError(
                f"no build makes {', '.join(sorted(wanted - built))}; builds make {', '.join(sorted(built))}"
            )
        if not wanted:
            return self.builds
        chosen = []
        for build in self.builds:
            reads = {spec_of(schema).name for _, schema in build.inputs}
            if build.table.name in wanted or (downstream and reads & wanted):
                wanted.add(build.table.name)
                chosen.append(build)
        return tuple(chosen)


def discover(packages: Iterable[str]) -> Graph:
    """Import the packages and collect what ``@table`` and ``@build`` declared in them. No session, no I/O beyond that.

    Raises:
        ConfigError: A package cannot be imported.
        ContractError: Two tables have one name, two builds make one table, or builds form a circle.
    """
    modules = [module for package in packages for module in _modules(package)]
    schemas = [c for m in modules for c in vars(m).values() if is_table(c) and c.__module__ == m.__name__]
    tables: dict[str, TableSpec] = {}
    for spec in map(spec_of, schemas):
        if spec.name in tables:
            where = " and ".join(f"{c.__module__}.{c.__name__}" for c in (tables[spec.name].schema, spec.schema))
            raise ContractError(f"table {spec.name} is declared twice: {where}")
        tables[spec.name] = spec
    builds = [
        b for m in modules for f in vars(m).values() if (b := build_of(f)) and b.function.__module__ == m.__name__
    ]
    return Graph(tables=tables, builds=_ordered(builds))


def _ordered(builds: list[BuildSpec]) -> tuple[BuildSpec, ...]:
    makers: dict[str, BuildSpec] = {}
    for build in builds:
        other = makers.setdefault(build.table.name, build)
        if other is not build:
            raise ContractError(f"two builds make {build.table.name}: {other.source} and {build.source}")
    reads = {name: [spec_of(schema).name for _, schema in build.inputs] for name, build in makers.items()}
    try:
        order = list(TopologicalSorter(reads).static_order())
    except CycleError as error:
        raise ContractError(f"builds form a circle: {' → '.join(error.args[1])}") from error
    return tuple(makers[name] for name in order if name in makers)


def _modules(package: str) -> Iterator[ModuleType]:
    try:
        root = importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"packages names {package!r}, which cannot be imported ({error}); install it or set PYTHONPATH"
        ) from error
    yield root
    if inspect.getattr_static(root, "__path__", None) is not None:
        for found in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
            yield importlib.import_module(found.name)

"""The graph of a lake: tables and builds found in the configured packages, ordered by what reads what."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from types import ModuleType

from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.file_record import FileRecord
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.schema import Schema
from lakehouse.contract.table import TableSpec, is_table, spec_of
from lakehouse.errors import ConfigError, ContractError
from lakehouse.quality.table_rule import TableRule


class FilledBy(StrEnum):
    """What brings rows into a table."""

    BUILD = "build"
    STREAM = "stream"
    SOURCE = "source"
    EXTERNAL = "external"
    NOTHING = "nothing"


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

    @cached_property
    def makers(self) -> dict[str, BuildSpec]:
        """The build of each table that has one, in the order of the builds."""
        return {build.table.name: build for build in self.builds}

    def filled_by(self, name: str) -> FilledBy:
        """Tell what fills a table. Streams need no entry in the settings here: a ``KafkaRecord`` is made for one."""
        spec = self.table(name)
        if name in self.makers:
            return FilledBy.BUILD
        if spec.external:
            return FilledBy.EXTERNAL
        if issubclass(spec.schema, KafkaRecord):
            return FilledBy.STREAM
        return FilledBy.SOURCE if issubclass(spec.schema, FileRecord) else FilledBy.NOTHING

    def related(self, names: Iterable[str], *, upstream: bool = False, downstream: bool = False) -> frozenset[str]:
        """Give some tables, all when none is named, and on demand whatever they come from or whatever comes of them.

        Raises:
            ConfigError: A name is no table.
        """
        wanted = frozenset(self.table(name).name for name in names)
        if not wanted:
            return frozenset(self.tables)
        above, below = set(wanted), set(wanted)
        for build in reversed(self.builds) if upstream else ():
            above.update(reads_of(build) if build.table.name in above else ())
        for build in self.builds if downstream else ():
            below.update([build.table.name] if below & set(reads_of(build)) else ())
        return frozenset(above | below)

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
            if build.table.name in wanted or (downstream and wanted & set(reads_of(build))):
                wanted.add(build.table.name)
                chosen.append(build)
        return tuple(chosen)


def reads_of(build: BuildSpec) -> list[str]:
    """Give the tables that a build reads, each once, in the order of its parameters."""
    return list(dict.fromkeys(spec_of(schema).name for _, schema in build.inputs))


def discover(packages: Iterable[str]) -> Graph:
    """Import the packages and collect what ``@table`` and ``@build`` declared in them. No session, no I/O beyond that.

    A function without ``@build`` is none, whatever its signature says: packages may have functions between tables.

    Raises:
        ConfigError: A package cannot be imported.
        ContractError: Two tables have one name, two producers fill one table, builds form a circle, or a build names a
            table that no package declares or reads one that nothing fills. File and line of each are told.
    """
    modules = [module for package in packages for module in _modules(package)]
    schemas = [c for m in modules for c in vars(m).values() if is_table(c) and c.__module__ == m.__name__]
    tables: dict[str, TableSpec] = {}
    for spec in map(spec_of, schemas):
        _refuse_twice(tables.setdefault(spec.name, spec), spec)
    builds = [
        b for m in modules for f in vars(m).values() if (b := build_of(f)) and b.function.__module__ == m.__name__
    ]
    graph = Graph(tables=tables, builds=_ordered(builds))
    _refuse_undeclared(graph)
    _refuse_unfilled(graph)
    return graph


def _ordered(builds: list[BuildSpec]) -> tuple[BuildSpec, ...]:
    makers: dict[str, BuildSpec] = {}
    for build in builds:
        other = makers.setdefault(build.table.name, build)
        if other is not build:
            raise ContractError(
                f"two builds make {build.table.name}: {_named(other)} and {_named(build)}; keep one, or let one make "
                f"another table"
            )
        if build.table.external:
            raise ContractError(
                f"{build.table.name} ({_place(build.output)}) is declared with external=True, and {_named(build)} "
                f"makes it; drop one of the two"
            )
    before = {name: set(reads_of(build)) for name, build in makers.items()}
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        # Each table of the circle is read by the build of the one after it; the first comes again at the end.
        circle = error.args[1]
        lines = [f"\n  - {_named(makers[made])} makes {made} from {read}" for read, made in pairwise(circle)]
        todo = "\nOne of them has to read something else."
        raise ContractError(f"builds form a circle: {' → '.join(circle)}{''.join(lines)}{todo}") from error
    for name, maker in makers.items():
        for elsewhere in _looked_into(maker.table):
            # A rule may look into what is made of its own table: then it sees what the last run has left.
            with suppress(CycleError):
                order = list(TopologicalSorter({**before, name: {*before[name], elsewhere}}).static_order())
                before[name].add(elsewhere)
    return tuple(makers[name] for name in order if name in makers)


def _looked_into(spec: TableSpec) -> Iterator[str]:
    rules = (rule for rule in spec.rules if isinstance(rule, TableRule))
    return (name for rule in rules for name in rule.looks_into())


def _refuse_twice(one: TableSpec, other: TableSpec) -> None:
    if one is not other:
        where = " and ".join(f"{c.__module__}.{c.__name__} ({_place(c)})" for c in (one.schema, other.schema))
        raise ContractError(f"table {one.name} is declared twice: {where}; rename one, or import it from the other")


def _refuse_undeclared(graph: Graph) -> None:
    lines, modules = [], []
    for build in graph.builds:
        for verb, schema in [*(("reads", schema) for _, schema in build.inputs), ("makes", build.output)]:
            spec = spec_of(schema)
            if spec.name in graph.tables:
                _refuse_twice(graph.tables[spec.name], spec)
            else:
                lines.append(f"\n  - {_named(build)} {verb} {spec.name}, which {_place(schema)} declares")
                modules.append(schema.__module__)
    if lines:
        todo = f"\nAdd the package that declares it to `packages`: {', '.join(dict.fromkeys(modules))}"
        raise ContractError(f"builds name tables that no configured package declares:{''.join(lines)}{todo}")


def _refuse_unfilled(graph: Graph) -> None:
    readers: dict[str, list[BuildSpec]] = {}
    for build in graph.builds:
        for name in reads_of(build):
            readers.setdefault(name, []).append(build)
    lines = [
        f"\n  - {name} ({_place(graph.tables[name].schema)}), read by {', '.join(map(_named, reading))}"
        for name, reading in readers.items()
        if graph.filled_by(name) is FilledBy.NOTHING
    ]
    if lines:
        todo = (
            "\nWrite a @build that returns it, or derive it from KafkaRecord and stream into it, or from FileRecord "
            "and ingest files; if something outside of this lake fills it, declare it with @table(…, external=True)."
        )
        raise ContractError(f"builds read tables that nothing fills:{''.join(lines)}{todo}")


def _named(build: BuildSpec) -> str:
    return f"{build.function.__name__} ({build.source})"


def _place(schema: type[Schema]) -> str:
    """Give ``file:line`` of a class, or its module where there is no source, as in a notebook."""
    try:
        return f"{inspect.getsourcefile(schema)}:{inspect.getsourcelines(schema)[1]}"
    except (OSError, TypeError):
        return f"module {schema.__module__}"


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

"""Environments: a namespace of one's own over production's tables, which are read and never written.

In the environment ``dev``, ``silver.users`` is ``dev__silver.users`` where that was built, else production's. Everybody
calls it ``silver.users``: the name is turned into a place here, for PyIceberg by the catalog below, for Spark's SQL by
``place_of`` and ``own_place``.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.update import TableRequirement, TableUpdate
from pyiceberg.typedef import EMPTY_DICT, Identifier, Properties

from lakehouse.catalog import ledger
from lakehouse.errors import ConfigError, LakehouseError

PROPERTY = "lakehouse.environment"
"""Of a namespace: the environment that made it."""
_NAME = re.compile(r"[a-z][a-z0-9]{0,19}")
BETWEEN = "__"
_STATE = "ops."
"""What the library keeps of what is under way."""


class ProductionReadOnlyError(LakehouseError):
    """An environment only reads production's tables; nothing was written."""

    def __init__(self, *, table: str, environment: str) -> None:
        self.table, self.environment = table, environment
        super().__init__(
            f"{table} is production's, which the environment {environment} only reads; nothing was written. "
            f"`lakehouse run {table} --env {environment}` builds one of its own"
        )


class PlacedTable(Table):
    """A table under the name by which everybody calls it; ``place`` is where it is."""

    place: str


class EnvironmentCatalog(Catalog):
    """The catalog of production as an environment sees it.

    Names are those of contracts. A table is read from the environment where it was built there, and of those that
    ``claim`` names, in any case. Whatever writes to another place is refused: commits go through ``commit_table``.
    """

    def __init__(self, production: Catalog, environment: str) -> None:
        if not _NAME.fullmatch(environment):
            todo = "use up to 20 lower-case letters and digits, such as dev"
            raise ConfigError(f"{environment!r} cannot be the name of an environment; {todo}")
        super().__init__(production.name, **production.properties)
        self.production, self.environment = production, environment
        self._claimed: set[str] = set()

    def claim(self, *names: str) -> None:
        """Say that tables are going to be written: from now on they are those of the environment, there or not."""
        self._claimed.update(names)

    def own(self, name: str) -> str:
        """Give the place that a table has in the environment."""
        return f"{self.environment}{BETWEEN}{name}"

    def is_own(self, name: str) -> bool:
        """Tell whether a table is the environment's: it was claimed, or it was built there and has been published."""
        return self._is_claimed(name) or self._built(name) is not None

    def load_table(self, identifier: str | Identifier) -> Table:
        """Load a table, of the environment or of production."""
        name = _text(identifier)
        if self._is_claimed(name):
            return self._placed(self.production.load_table(self.own(name)), name)
        return self._built(name) or self._placed(self.production.load_table(name), name)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Commit to a table of the environment.

        Raises:
            ProductionReadOnlyError: It is production's.
        """
        name = _text(table.name())
        if not isinstance(table, PlacedTable) or table.place != self.own(name):
            raise ProductionReadOnlyError(table=name, environment=self.environment)
        there = Table(_parts(table.place), table.metadata, table.metadata_location, table.io, self.production)
        return self.production.commit_table(there, requirements, updates)

    def create_table(self, identifier: str | Identifier, *given: Any, **more: Any) -> Table:
        """Make a table of the environment."""
        name = _text(identifier)
        self.claim(name)
        return self._placed(self.production.create_table(self.own(name), *given, **more), name)

    def register_table(self, identifier: str | Identifier, metadata_location: str, overwrite: bool = False) -> Table:
        """Give metadata a name in the environment."""
        name = _text(identifier)
        self.claim(name)
        made = self.production.register_table(self.own(name), metadata_location, overwrite=overwrite)
        return self._placed(made, name)

    def drop_table(self, identifier: str | Identifier) -> None:
        """Drop a table of the environment, never production's; its files stay."""
        self.production.drop_table(self.own(_text(identifier)))

    def create_namespace(self, namespace: str | Identifier, properties: Properties = EMPTY_DICT) -> None:
        """Make the environment's namespace of that name."""
        mark = {PROPERTY: self.environment}
        self.production.create_namespace(self.own(_text(namespace)), {**properties, **mark})

    def list_tables(self, namespace: str | Identifier) -> list[Identifier]:
        """Give the environment's own tables of a namespace."""
        found = self.production.list_tables(self.own(_text(namespace)))
        return [(_text(namespace), one[-1]) for one in found]

    def list_namespaces(self, namespace: str | Identifier = ()) -> list[Identifier]:
        """Give the namespaces of production, and of all environments by their places."""
        return self.production.list_namespaces(namespace)

    def table_exists(self, identifier: str | Identifier) -> bool:
        """Tell whether a table can be read."""
        try:
            self.load_table(identifier)
        except (NoSuchTableError, NoSuchNamespaceError):
            return False
        return True

    def namespace_exists(self, namespace: str | Identifier) -> bool:
        """Tell whether the environment has a namespace."""
        return self.production.namespace_exists(self.own(_text(namespace)))

    def load_namespace_properties(self, namespace: str | Identifier) -> Properties:
        """Give the properties of the environment's namespace."""
        return self.production.load_namespace_properties(self.own(_text(namespace)))

    def supports_server_side_planning(self) -> bool:
        """Tell what production's catalog does."""
        return self.production.supports_server_side_planning()

    def close(self) -> None:
        """Close production's catalog."""
        self.production.close()

    def _refused(self, *_given: Any, **_more: Any) -> NoReturn:
        raise ConfigError(f"the environment {self.environment} cannot do this; leave --env out")

    create_table_transaction = rename_table = purge_table = _refused
    drop_namespace = update_namespace_properties = _refused
    create_view = register_view = drop_view = load_view = list_views = view_exists = _refused

    def _is_claimed(self, name: str) -> bool:
        # Leases, journals and the like are told to nobody else: what is under way in production is not finished here.
        return name in self._claimed or name.startswith(_STATE)

    def _built(self, name: str) -> Table | None:
        """Load the environment's table, if something was published in it: one that a refused run left is not read."""
        try:
            found = self.production.load_table(self.own(name))
        except (NoSuchTableError, NoSuchNamespaceError):
            return None
        was_built = ledger.latest(found) is not None or ledger.row_count(found) > 0
        return self._placed(found, name) if was_built else None

    def _placed(self, table: Table, name: str) -> PlacedTable:
        placed = PlacedTable(_parts(name), table.metadata, table.metadata_location, table.io, self, table.config)
        placed.place = _text(table.name())
        return placed


def claim(catalog: Catalog, *names: str) -> None:
    """Say that tables are going to be written; of a meaning in an environment alone."""
    if isinstance(catalog, EnvironmentCatalog):
        catalog.claim(*names)


def is_own(catalog: Catalog, name: str) -> bool:
    """Tell whether a table may be written: in production any, in an environment those that it has built."""
    return not isinstance(catalog, EnvironmentCatalog) or catalog.is_own(name)


def place_of(catalog: Catalog, name: str) -> str:
    """Give the place that a table is read from: ``dev__silver.users`` of ``silver.users``, where that was built."""
    return catalog.own(name) if isinstance(catalog, EnvironmentCatalog) and catalog.is_own(name) else name


def own_place(catalog: Catalog, name: str) -> str:
    """Give the place that a table is written to.

    Raises:
        ProductionReadOnlyError: It is production's, and the catalog that of an environment.
    """
    place = place_of(catalog, name)
    if isinstance(catalog, EnvironmentCatalog) and place != catalog.own(name):
        raise ProductionReadOnlyError(table=name, environment=catalog.environment)
    return place


def _text(identifier: str | Identifier) -> str:
    return identifier if isinstance(identifier, str) else ".".join(identifier)


def _parts(name: str) -> Identifier:
    return tuple(name.split("."))

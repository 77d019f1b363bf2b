"""The environments of a catalog: which there are, what is in them, and how one is dropped with all of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NamespaceNotEmptyError, NoSuchTableError
from pyiceberg.table import Table

from lakehouse.catalog import ledger
from lakehouse.catalog.environment import BETWEEN, PROPERTY
from lakehouse.catalog.file_subset import PREFIX
from lakehouse.errors import LakehouseError


@dataclass(frozen=True, kw_only=True)
class OwnTable:
    """A table of an environment: its name in contracts, its place in the catalog, its rows and newest publish."""

    environment: str
    table: str
    place: str
    rows: int
    published_at: datetime | None


def own_tables(production: Catalog, environment: str | None = None) -> list[OwnTable]:
    """Give the tables of an environment, or of all. Cost: a list of namespaces, and the metadata of each table."""
    found = []
    for name, namespace in _namespaces(production, environment):
        for identifier in sorted(production.list_tables(namespace)):
            table = production.load_table(identifier)
            newest = ledger.latest(table)
            place = ".".join(identifier)
            found.append(
                OwnTable(
                    environment=name,
                    table=place.removeprefix(f"{name}{BETWEEN}"),
                    place=place,
                    rows=ledger.row_count(table),
                    published_at=newest.published_at if newest else None,
                )
            )
    return found


def drop_environment(production: Catalog, environment: str) -> Iterator[OwnTable]:
    """Drop the tables of an environment one after the other, with their files, then its namespaces.

    Run again after it was cut off, it drops the rest. Gives each table once it is dropped.
    """
    for one in own_tables(production, environment):
        try:
            _drop(production, one.place)
        except NoSuchTableError:
            continue
        yield one
    for _, namespace in _namespaces(production, environment):
        try:
            production.drop_namespace(namespace)
        except NamespaceNotEmptyError as error:
            raise LakehouseError(
                f"{namespace} got tables while it was dropped: a run is at work in {environment}; drop it once more"
            ) from error


def _drop(production: Catalog, place: str) -> None:
    table = production.load_table(place)
    namespace, name = place.split(".")
    if name.startswith(PREFIX) or not _keeps_to_itself(table, namespace):
        # It names files of another table, as the scratch of a run does; these stay.
        production.drop_table(place)
    else:
        production.purge_table(place)


def _keeps_to_itself(table: Table, namespace: str) -> bool:
    """Tell whether all files that a table names lie in a folder of its own, below that of its namespace."""
    folder = f"{_plain(table.location()).rstrip('/')}/"
    if not {namespace, f"{namespace}.db"} & set(folder.split("/")):
        return False
    # PyIceberg has no answer where no snapshot has a file, as that of leases.
    has_files = any(one.manifests(table.io) for one in table.snapshots())
    files = table.inspect.all_files()["file_path"].to_pylist() if has_files else []
    paths = [table.metadata_location, *files]
    return all(_plain(path).startswith(folder) for path in paths)


def _plain(path: str) -> str:
    return path.removeprefix("file://").removeprefix("file:")


def _namespaces(production: Catalog, environment: str | None) -> Iterator[tuple[str, str]]:
    """Give the namespaces that an environment has made, with its name: by their mark, not by how they are called."""
    for identifier in sorted(production.list_namespaces()):
        namespace = ".".join(identifier)
        found = production.load_namespace_properties(namespace).get(PROPERTY)
        if found and environment in (None, found) and namespace.startswith(f"{found}{BETWEEN}"):
            yield found, namespace

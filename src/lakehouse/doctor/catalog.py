"""Checks of the catalog and of the place of its tables, through PyIceberg; nothing is left behind."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from pyiceberg.catalog import Catalog
from pyiceberg.io import load_file_io

from lakehouse.catalog.connect import open_catalog, pyiceberg_properties
from lakehouse.catalog.iceberg import find_table
from lakehouse.config import Settings
from lakehouse.config.paths import local_path
from lakehouse.config.secrets import mask
from lakehouse.config.settings import CatalogSettings
from lakehouse.doctor.clock import clock_address, clock_check, skew_seconds
from lakehouse.doctor.finding import ANSWER_SECONDS, Finding, Level, in_words, refused, within

_MARKER = "_lakehouse_doctor"
_ACCESS = "Check catalog.uri and catalog.warehouse (lakehouse config show), and what the role or user may do"


def catalog_checks(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    tables: Sequence[str],
    write: bool,
    seconds: float = ANSWER_SECONDS,
) -> tuple[Finding, ...]:
    """Ask the catalog, read a table, compare clocks and, with ``write``, put an object beside the tables.

    Cost: some requests, each at most ``seconds``. A catalog in SQLite that is not there is made, as by any verb.

    Args:
        tables: Names that the lake may have; the metadata of the first that is there are read.
        write: Put, read and delete a marker in the warehouse.
    """
    reached, catalog, namespaces = _reached(settings, seconds)
    return (
        reached,
        *([_read(catalog, namespaces, tables, seconds)] if catalog is not None else []),
        _write(settings, seconds) if write else _not_tried(),
        writers_check(settings.catalog),
        _clock(settings.catalog, environ, seconds),
    )


def _reached(settings: Settings, seconds: float) -> tuple[Finding, Catalog | None, tuple[str, ...]]:
    catalog, check = settings.catalog, "catalog"
    where = mask("uri", catalog.uri) if catalog.type != "glue" else f"Glue, {catalog.warehouse}"
    begun = time.monotonic()

    def ask() -> tuple[Catalog, tuple[str, ...]]:
        opened = open_catalog(settings)
        return opened, tuple(".".join(one) for one in opened.list_namespaces())

    try:
        opened, namespaces = within(ask, seconds=seconds)
    except Exception as error:
        found = refused(check, error, expected=f"an answer of {where}", todo=_ACCESS)
        return found, None, ()
    took = time.monotonic() - begun
    if catalog.type == "sql" and not _may_write(catalog.uri):
        todo = "Give this user the right to write the file and its folder, or set catalog.uri"
        found = Finding(check=check, level=Level.WRONG, found=f"{where} may only be read", todo=todo)
        return found, opened, namespaces
    found = Finding(check=check, found=f"{where}: {len(namespaces)} namespaces, {took:.1f} s")
    return found, opened, namespaces


def _may_write(uri: str) -> bool:
    file = Path(local_path(uri).removeprefix("sqlite:///").partition("?")[0])
    # SQLite keeps its journal beside the file.
    return not uri.startswith("sqlite:///") or (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def _read(catalog: Catalog, namespaces: Sequence[str], tables: Sequence[str], seconds: float) -> Finding:
    def ask() -> str | None:
        known = (name for name in tables if name.rpartition(".")[0] in namespaces)
        return next((name for name in known if find_table(catalog, name) is not None), None)

    try:
        found = within(ask, seconds=seconds)
    except Exception as error:
        return refused("read", error, expected="the metadata of a table", todo=_ACCESS)
    if found is None:
        return Finding(check="read", level=Level.NOT_TOLD, found="the lake has no table yet")
    return Finding(check="read", found=f"the metadata of {found}")


def _not_tried() -> Finding:
    return Finding(check="write", level=Level.NOT_TOLD, found="not tried; --write puts and deletes a marker")


def _write(settings: Settings, seconds: float) -> Finding:
    """Put, read and delete a marker; where the bucket has a key of KMS that is used as well."""
    folder = f"{local_path(settings.catalog.warehouse).rstrip('/')}/{_MARKER}"
    marker, step = f"{folder}/{uuid.uuid4()}", ["open"]

    def ask() -> None:
        io = load_file_io(pyiceberg_properties(settings), marker)
        step[0] = "put"
        with io.new_output(marker).create() as out:
            out.write(b"lakehouse doctor")
        step[0] = "read"
        with io.new_input(marker).open() as back:
            assert back.read() == b"lakehouse doctor", "other bytes came back"
        step[0] = "delete"
        io.delete(marker)

    try:
        within(ask, seconds=seconds)
    except Exception as error:
        where = marker if step[0] == "delete" else f"a marker in {settings.catalog.warehouse}"
        todo = "Allow this user or role to put, get and delete objects there, and to use the key of the bucket (KMS)"
        told = refused("write", error, expected="put, read and delete", todo=todo)
        return replace(told, found=f"{step[0]} of {where} was refused: {told.found}")
    # A folder is one on a disk alone, and that one is left as it was.
    with suppress(OSError):
        Path(folder).rmdir()
    return Finding(check="write", found=f"put, read and deleted a marker in {settings.catalog.warehouse}")


def writers_check(catalog: CatalogSettings) -> Finding:
    """Tell whether the catalog refuses a commit over one that it was not made on: then several may write."""
    check, todo = "writers", "Let one run at a time write, and no stream beside it"
    endpoint = catalog.properties.get("glue.endpoint", "")
    if catalog.type == "glue" and endpoint and not (urlsplit(endpoint).hostname or "").endswith("amazonaws.com"):
        found = f"single writer: the Glue at {endpoint} may not compare versions"
        return Finding(check=check, level=Level.WARNING, found=found, expected="a compare-and-set", todo=todo)
    if catalog.type == "sql" and not catalog.uri.startswith("sqlite:"):
        return Finding(check=check, level=Level.NOT_TOLD, found=f"not tried with {catalog.uri.partition(':')[0]}")
    words = {"sql": "SQLite compares", "glue": "Glue compares versions", "rest": "the server compares"}
    return Finding(check=check, found=f"several may write: {words[catalog.type]}")


def _clock(catalog: CatalogSettings, environ: Mapping[str, str], seconds: float) -> Finding:
    address = clock_address(catalog, environ)
    if address is None:
        found = "nothing to compare it with: no address of the catalog or of S3 is known"
        return Finding(check="clock", level=Level.NOT_TOLD, found=found)
    try:
        return clock_check(within(lambda: skew_seconds(address, seconds), seconds=seconds), address)
    except Exception as error:
        return Finding(check="clock", level=Level.NOT_TOLD, found=f"{address} does not tell: {in_words(error)}")

"""A build's fingerprint of sources changes with any code that it can reach, and with no other."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.pipeline import source_fingerprint as module
from lakehouse.pipeline.source_fingerprint import source_fingerprint

FILES = {
    "contracts": """
from lakehouse import Column, Schema, table
from pyspark.sql.types import StringType

@table("bronze.{package}")
class Raw(Schema):
    letter: Column[StringType]

@table("silver.{package}")
class Letters(Schema):
    letter: Column[StringType]
""",
    "builds": """
from lakehouse import DataSet, build
from {package}.contracts import Letters, Raw

@build
def letters(raw: DataSet[Raw]) -> DataSet[Letters]:
    from . import inner
    return inner.same(raw)
""",
    "inner": "from {package} import (\n    innermost,\n)\nsame = innermost.same\n",
    "innermost": "def same(rows): return rows\n",
    "other": "",
    "__init__": "",
}


@pytest.fixture
def package(tmp_path: Path, unique: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / f"sources_{unique}"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(text.format(package=folder.name))
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def build_in(package: Path) -> BuildSpec:
    found = build_of(importlib.import_module(f"{package.name}.builds").letters)
    assert found is not None
    return found


def changed_by(package: Path, name: str) -> bool:
    """Whether a comment in a module makes another fingerprint."""
    build = build_in(package)
    before = source_fingerprint(build, "spark")
    assert before
    with (package / f"{name}.py").open("a") as file:
        file.write("# more\n")
    module._module.cache_clear()
    return source_fingerprint(build, "spark") != before


@pytest.mark.parametrize("name", ["builds", "contracts", "inner", "innermost"])
def test_what_a_build_imports_at_any_distance_is_part_of_it(package: Path, name: str) -> None:
    assert changed_by(package, name)


def test_what_it_does_not_import_is_none(package: Path) -> None:
    assert not changed_by(package, "other")


def test_the_engine_and_what_stands_for_its_code_are_part_of_it(package: Path) -> None:
    build = build_in(package)
    found = {source_fingerprint(build, "spark"), source_fingerprint(build, "sail")}
    assert len(found | {source_fingerprint(replace(build, code_version="2"), "spark")}) == 3


def test_of_code_in_no_file_there_is_none(package: Path) -> None:
    build = build_in(package)

    def typed(rows: object) -> object:
        return rows

    typed.__module__ = "no_such_module"
    assert source_fingerprint(replace(build, function=typed, code_version="1"), "spark") == ""  # type: ignore[arg-type]

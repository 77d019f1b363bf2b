"""The shape of the house: who may import whom, how big a room may be, and what importing it may do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lakehouse

SRC = Path(lakehouse.__file__).parent
MODULES = sorted(SRC.rglob("*.py"))

MAY_IMPORT = {
    "errors": set(),
    "config": {"errors"},
    "contract": {"errors"},
    "engines": {"errors", "config"},
    "session": {"errors", "config", "engines"},
    "transforms": {"errors", "contract"},
    "quality": {"errors", "contract", "transforms"},
    "catalog": {"errors", "config", "contract", "session", "quality"},
    "sources": {"errors", "config", "contract", "session", "quality", "catalog"},
    "serving": {"errors", "config", "contract", "session", "quality", "catalog"},
    "observe": {"errors", "config", "contract", "session", "quality", "catalog"},
    # The embedded stack talks to Kafka as the source does.
    "local": {"errors", "config", "contract", "session", "engines", "quality", "catalog", "sources"},
    "pipeline": {
        "errors",
        "config",
        "contract",
        "session",
        "engines",
        "transforms",
        "quality",
        "catalog",
        "sources",
        "observe",
    },
    "testing": {"contract", "quality", "pipeline"},
    "domains": {"errors", "contract", "quality", "transforms"},
}


def area(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.split(".")[0] == "lakehouse")


def test_every_area_imports_only_what_it_may() -> None:
    wrong = [
        f"{path.relative_to(SRC)} imports {name}"
        for path in MODULES
        if area(path) in MAY_IMPORT
        for name in imports(path)
        if name.count(".") and name.split(".")[1] not in {*MAY_IMPORT[area(path)], area(path)}
    ]
    assert wrong == []


def test_nothing_knows_the_reference_lake() -> None:
    outside = [path for path in MODULES if area(path) != "domains"]
    assert [str(path) for path in outside if any(n.startswith("lakehouse.domains") for n in imports(path))] == []


def test_no_module_is_longer_than_300_lines() -> None:
    assert {str(p.relative_to(SRC)): n for p in MODULES if (n := len(p.read_text().splitlines())) > 300} == {}


def test_folders_are_one_deep_but_for_domains_and_snowflake() -> None:
    deep = {str(p.relative_to(SRC).parent) for p in MODULES if len(p.relative_to(SRC).parts) > 2}
    assert {name for name in deep if not name.startswith("domains/")} <= {"serving/snowflake"}


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "common", "base", "manager", "misc"])
def test_no_module_has_a_name_that_says_nothing(name: str) -> None:
    assert [p for p in SRC.rglob("*") if p.stem == name] == []


@pytest.mark.parametrize("name", [r"\._jvm", r"\._jdf", r"\._jsc", r"\bsparkContext\b", r"\.rdd\b"])
def test_only_what_spark_connect_has_is_used(name: str) -> None:
    assert [str(path) for path in MODULES if re.search(name, path.read_text())] == []


def test_the_public_names_are_few() -> None:
    assert len(lakehouse.__all__) <= 12


IMPORT_ALL = """
import builtins, importlib, logging, pkgutil, subprocess, sys
opened = []
real = builtins.open
def watching(file, mode="r", *rest, **more):
    if set(mode) & set("wax+"):
        opened.append(file)
    return real(file, mode, *rest, **more)
builtins.open = watching
import lakehouse
for found in pkgutil.walk_packages(lakehouse.__path__, "lakehouse."):
    importlib.import_module(found.name)
from pyspark.sql import SparkSession
assert SparkSession.getActiveSession() is None, "a session was started"
assert not opened, f"files were opened for writing: {opened}"
assert not logging.getLogger().handlers, "a logger was configured"
assert "confluent_kafka" not in sys.modules and "duckdb" not in sys.modules and "faker" not in sys.modules, "heavy"
"""


def test_importing_any_module_starts_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr

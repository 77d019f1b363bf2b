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
    "snowflake": {"errors", "config"},
    "transforms": {"errors", "contract"},
    "quality": {"errors", "contract", "transforms"},
    "catalog": {"errors", "config", "contract", "session", "quality"},
    "sources": {
        "errors",
        "config",
        "contract",
        "session",
        "snowflake",
        "transforms",
        "quality",
        "catalog",
    },
    "agent": {"errors", "catalog"},
    "serving": {"errors", "config", "contract", "session", "snowflake", "quality", "catalog"},
    "maintenance": {"errors", "config", "contract", "session", "quality", "catalog"},
    "observe": {"errors", "config", "contract", "session", "quality", "catalog"},
    # The embedded stack talks to Kafka as the source does.
    "local": {"errors", "config", "contract", "session", "engines", "quality", "catalog", "sources"},
    "doctor": {"errors", "config", "engines", "session", "catalog", "sources"},
    "packaging": {"errors", "config", "engines", "session"},
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
    "testing": {"errors", "contract", "quality", "pipeline"},
    "domains": {"errors", "contract", "quality", "transforms"},
}


def area(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imported(source: str) -> Iterator[str]:
    """Give the modules of the library that a source imports, also those named as ``from lakehouse import catalog``."""
    for node in ast.walk(ast.parse(source)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            names = [f"{node.module}.{a.name}" for a in node.names]
        yield from (name for name in names if name.split(".")[0] == "lakehouse")


def reaches(name: str) -> str:
    """Give the area that an imported name stands in; the names of the root are those of the contract."""
    second = [*name.split("."), ""][1]
    return "contract" if second in {*lakehouse.__all__, ""} else second


def imports(path: Path) -> Iterator[str]:
    return imported(path.read_text())


@pytest.mark.parametrize(
    ("source", "area"),
    [
        ("import lakehouse.catalog.ledger", "catalog"),
        ("from lakehouse import domains", "domains"),
        ("from lakehouse.domains.users import gold", "domains"),
        ("def f():\n    from lakehouse.session import make_session", "session"),
        ("from lakehouse import Schema", "contract"),
    ],
)
def test_an_import_is_seen_however_it_is_written(source: str, area: str) -> None:
    assert [reaches(name) for name in imported(source)] == [area]


def test_every_area_has_its_place_in_the_house() -> None:
    areas = {area(path) for path in MODULES} - {"__init__"}
    assert areas - MAY_IMPORT.keys() == {"cli", "jobs"}


def test_every_area_imports_only_what_it_may() -> None:
    wrong = [
        f"{path.relative_to(SRC)} imports {name}"
        for path in MODULES
        if area(path) in MAY_IMPORT
        for name in imports(path)
        if reaches(name) not in {*MAY_IMPORT[area(path)], area(path)}
    ]
    assert wrong == []


def test_nothing_knows_the_reference_lake() -> None:
    outside = [path for path in MODULES if area(path) != "domains"]
    assert [str(path) for path in outside if "domains" in map(reaches, imports(path))] == []


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
    assert len(set(lakehouse.__all__)) == len(lakehouse.__all__) <= 12
    assert [name for name in lakehouse.__all__ if not hasattr(lakehouse, name)] == []


IMPORT_ALL = """
import importlib, logging, pkgutil, subprocess, sys
missing = set(sys.argv[1].split(",")) - {""}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
wrong = []
def watch(event, args):
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+") and ".pyc" not in str(args[0]):
        wrong.append(f"{args[0]} was opened for writing")
    if event in ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.system", "socket.connect"):
        wrong.append(f"{event} {args}")
import pyspark.sql, pyiceberg.table
from pyspark.sql import SparkSession
level, handlers = logging.getLogger().level, list(logging.getLogger().handlers)
sys.addaudithook(watch)
import lakehouse
def fail(name):
    raise
for found in pkgutil.walk_packages(lakehouse.__path__, "lakehouse.", onerror=fail):
    importlib.import_module(found.name)
assert not wrong, wrong
assert SparkSession.getActiveSession() is None and SparkSession._instantiatedSession is None, "a session was started"
root = logging.getLogger()
assert (root.level, root.handlers) == (level, handlers), "the root logger was configured"
loggers = logging.root.manager.loggerDict.items()
ours = [name for name, logger in loggers if name.startswith("lakehouse") and getattr(logger, "handlers", [])]
assert not ours, f"loggers were configured: {ours}"
heavy = {"confluent_kafka", "duckdb", "faker", "boto3", "snowflake"} & sys.modules.keys()
assert not heavy, heavy
"""

EXTRAS = "confluent_kafka,duckdb,faker,boto3,botocore,snowflake,delta,chispa,pytest,hypothesis"


@pytest.mark.parametrize("absent", ["", EXTRAS], ids=["everything is installed", "no extra is installed"])
def test_importing_any_module_starts_nothing(absent: str) -> None:
    command = [sys.executable, "-c", IMPORT_ALL, absent]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr

"""What ``discover`` finds in packages, and in which order builds come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lakehouse.errors import ConfigError, ContractError
from lakehouse.pipeline.graph import Graph, discover

Write = Callable[..., str]

HEAD = """
from pyspark.sql.types import StringType
from lakehouse import Column, DataSet, Schema, build, table
"""


def tables(*names: str) -> str:
    """Give a module that declares tables: silver.a is class A."""
    parts = (f'@table("silver.{n}")\nclass {n.upper()}(Schema):\n    name: Column[StringType]\n' for n in names)
    return HEAD + "".join(parts)


def makes(output: str, *inputs: str) -> str:
    """Give a build."""
    parameters = ", ".join(f"{n}: DataSet[{n.upper()}]" for n in inputs)
    return f"@build\ndef make_{output}({parameters}) -> DataSet[{output.upper()}]: ...\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unique: str) -> Iterator[Write]:
    """Give what writes a package, a module per keyword, and says its name."""

    def written(**modules: str) -> str:
        (tmp_path / unique).mkdir(exist_ok=True)
        for name, text in {"__init__": "", **modules}.items():
            (tmp_path / unique / f"{name}.py").write_text(text.replace("HERE", unique))
        return unique

    monkeypatch.syspath_prepend(tmp_path)
    yield written
    for name in [name for name in sys.modules if name.split(".")[0] == unique]:
        del sys.modules[name]


def order(graph: Graph) -> list[str]:
    return [build.table.name for build in graph.builds]


def test_a_build_comes_after_those_that_make_its_inputs(write: Write) -> None:
    package = write(one=tables("a", "b", "c") + makes("c", "b", "a") + makes("b", "a") + makes("a"))
    assert order(discover([package])) == ["silver.a", "silver.b", "silver.c"]


def test_tables_of_all_modules_are_found_once_though_others_import_them(write: Write) -> None:
    package = write(one=tables("a"), two="from HERE.one import A\n" + tables("b") + makes("b", "a"))
    graph = discover([package])
    assert (sorted(graph.tables), order(graph)) == (["silver.a", "silver.b"], ["silver.b"])


def test_a_single_module_is_a_package_too(write: Write) -> None:
    package = write(one=tables("a"), two=tables("b"))
    assert list(discover([f"{package}.two"]).tables) == ["silver.b"]


def test_a_circle_is_refused_with_its_tables(write: Write) -> None:
    package = write(one=tables("a", "b") + makes("a", "b") + makes("b", "a"))
    with pytest.raises(ContractError, match=r"circle: silver\.(a → silver\.b → silver\.a|b → silver\.a → silver\.b)$"):
        discover([package])


def test_a_build_that_reads_what_it_makes_is_a_circle(write: Write) -> None:
    package = write(one=tables("a") + makes("a", "a"))
    with pytest.raises(ContractError, match=r"circle: silver\.a → silver\.a$"):
        discover([package])


def test_two_builds_of_one_table_are_refused_with_both_places(write: Write) -> None:
    package = write(one=tables("a") + makes("a"), two="from HERE.one import *\n" + makes("a"))
    with pytest.raises(ContractError, match=r"two builds make silver\.a: .*one\.py:\d+ and .*two\.py:\d+$"):
        discover([package])


def test_two_tables_of_one_name_are_refused_with_both_classes(write: Write) -> None:
    package = write(one=tables("a"), two=tables("a"))
    where = rf"silver\.a is declared twice: {package}\.one\.A and {package}\.two\.A$"
    with pytest.raises(ContractError, match=where):
        discover([package])


def test_a_package_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"packages names 'no_such_lake'.*install it or set PYTHONPATH"):
        discover(["no_such_lake"])


def test_an_unknown_table_lists_those_that_exist(write: Write) -> None:
    graph = discover([write(one=tables("a", "b"))])
    with pytest.raises(ConfigError, match=r"no table 'silver\.c'; the configured packages have silver\.a, silver\.b$"):
        graph.table("silver.c")


def test_a_lake_without_tables_says_so() -> None:
    with pytest.raises(ConfigError, match=r"have none$"):
        discover([]).table("silver.a")


@pytest.fixture
def chain(write: Write) -> Graph:
    """a → b → c, and d beside it; nobody builds a."""
    return discover([write(one=tables("a", "b", "c", "d") + makes("c", "b") + makes("b", "a") + makes("d", "a"))])


@pytest.mark.parametrize(
    ("names", "downstream", "chosen"),
    [
        ([], False, {"silver.b", "silver.c", "silver.d"}),
        (["silver.b"], False, {"silver.b"}),
        (["silver.b"], True, {"silver.b", "silver.c"}),
        (["silver.c"], True, {"silver.c"}),
        (["silver.c", "silver.d"], False, {"silver.c", "silver.d"}),
    ],
)
def test_a_selection_is_what_is_named_and_what_reads_it(
    chain: Graph, names: list[str], downstream: bool, chosen: set[str]
) -> None:
    found = [build.table.name for build in chain.select(names, downstream=downstream)]
    assert set(found) == chosen
    assert found == [name for name in order(chain) if name in chosen]


def test_a_table_that_no_build_makes_cannot_be_selected(chain: Graph) -> None:
    with pytest.raises(ConfigError, match=r"no build makes silver\.a; builds make silver\.b, silver\.c, silver\.d$"):
        chain.select(["silver.a"])

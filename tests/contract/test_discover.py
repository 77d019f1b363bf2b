"""What ``discover`` finds in packages, and in which order builds come."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lakehouse.errors import ConfigError, ContractError
from lakehouse.pipeline.graph import Graph, discover

Write = Callable[..., str]

HEAD = """
from pyspark.sql.types import StringType
from lakehouse import Column, DataSet, KafkaRecord, Schema, build, table
"""
IMPORT = "from HERE.one import *\n"


def tables(*names: str, of: str = "Schema", more: str = "") -> str:
    """Give a module that declares tables: silver.a is class A."""
    parts = (f'@table("silver.{n}"{more})\nclass {n.upper()}({of}):\n    name: Column[StringType]\n' for n in names)
    return HEAD + "".join(parts)


def external(*names: str) -> str:
    """Give a module that declares tables of other lakes."""
    return tables(*names, more=", external=True")


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
    package = write(one=external("a"), two="from HERE.one import A\n" + tables("b") + makes("b", "a"))
    graph = discover([package])
    assert (sorted(graph.tables), order(graph)) == (["silver.a", "silver.b"], ["silver.b"])


def test_a_single_module_is_a_package_too(write: Write) -> None:
    package = write(one=tables("a"), two=tables("b"))
    assert list(discover([f"{package}.two"]).tables) == ["silver.b"]


@pytest.mark.parametrize("twice", [["HERE", "HERE"], ["HERE", "HERE.one"]], ids=["once more", "a part of it"])
def test_a_package_that_is_named_twice_is_found_once(write: Write, twice: list[str]) -> None:
    package = write(one=tables("a") + makes("a"))
    assert order(discover([name.replace("HERE", package) for name in twice])) == ["silver.a"]


def test_a_second_name_of_a_table_or_build_is_no_second_one(write: Write) -> None:
    package = write(one=tables("a") + makes("a") + "Alias = A\nmake_alias = make_a\n")
    assert order(discover([package])) == ["silver.a"]


def test_a_function_between_tables_is_no_build_unless_it_says_so(write: Write) -> None:
    package = write(one=external("a") + tables("b") + makes("b", "a").removeprefix("@build\n"))
    graph = discover([package])
    assert (list(graph.tables), graph.builds) == (["silver.a", "silver.b"], ())


def test_a_circle_is_refused_with_its_tables_and_where_their_builds_are(write: Write) -> None:
    package = write(one=tables("a", "b", "c") + makes("a", "b") + makes("b", "a"), two=IMPORT + makes("c", "a"))
    with pytest.raises(
        ContractError, match=r"circle: silver\.(a → silver\.b → silver\.a|b → silver\.a → silver\.b)\n"
    ) as no:
        discover([package])
    assert re.search(r"make_a \(/.*/one\.py:13\) makes silver\.a from silver\.b\n", str(no.value))
    assert re.search(r"make_b \(/.*/one\.py:15\) makes silver\.b from silver\.a\n", str(no.value))
    assert "make_c" not in str(no.value)


def test_a_build_that_reads_what_it_makes_is_a_circle(write: Write) -> None:
    package = write(one=tables("a") + makes("a", "a"))
    with pytest.raises(
        ContractError, match=r"circle: silver\.a → silver\.a\n .*one\.py:7\) makes silver\.a from silver\.a\n"
    ):
        discover([package])


def test_two_builds_of_one_table_are_refused_with_both_places(write: Write) -> None:
    package = write(one=tables("a") + makes("a"), two=IMPORT + makes("a"))
    where = r"two builds make silver\.a: make_a \(/.*one\.py:7\) and make_a \(/.*two\.py:2\); keep one"
    with pytest.raises(ContractError, match=where):
        discover([package])


def test_a_build_of_an_external_table_is_refused_with_both_places(write: Write) -> None:
    package = write(one=external("a") + makes("a"))
    where = r"silver\.a \(/.*one\.py:4\) is declared with external=True, and make_a \(/.*one\.py:7\) makes it; drop one"
    with pytest.raises(ContractError, match=where):
        discover([package])


def test_two_tables_of_one_name_are_refused_with_both_classes(write: Write) -> None:
    package = write(one=tables("a"), two=tables("a"))
    where = rf"silver\.a is declared twice: {package}\.one\.A \(/.*one\.py:4\) and {package}\.two\.A \(/.*two\.py:4\)"
    with pytest.raises(ContractError, match=where):
        discover([package])


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (makes("b", "a"), r"make_b \(/.*two\.py:8\) reads silver\.a, which /.*one\.py:4 declares\n"),
        (makes("a", "b"), r"make_a \(/.*two\.py:8\) makes silver\.a, which /.*one\.py:4 declares\n"),
    ],
    ids=["read", "made"],
)
def test_a_table_outside_of_the_packages_is_refused_with_what_to_add(write: Write, build: str, told: str) -> None:
    package = write(one=tables("a"), two=IMPORT + tables("b") + build)
    with pytest.raises(ContractError, match=told + rf"Add the package that declares it to `packages`: {package}\.one$"):
        discover([f"{package}.two"])


def test_a_build_that_reads_another_class_of_the_same_name_is_refused(write: Write) -> None:
    package = write(one=tables("a"), two=IMPORT + tables("b") + makes("b", "a"), three=external("a"))
    with pytest.raises(ContractError, match=r"silver\.a is declared twice: .*three\.A .*one\.A "):
        discover([f"{package}.three", f"{package}.two"])


def test_a_table_that_is_read_and_that_nothing_fills_is_refused_with_what_to_do(write: Write) -> None:
    package = write(one=tables("a", "b") + makes("b", "a"))
    told = r"silver\.a \(/.*one\.py:4\), read by make_b \(/.*one\.py:10\)\n.*@build.*KafkaRecord.*external=True"
    with pytest.raises(ContractError, match=told):
        discover([package])


def test_a_table_that_nothing_fills_may_stand_there_while_nothing_reads_it(write: Write) -> None:
    graph = discover([write(one=tables("a"))])
    assert graph.filled_by("silver.a") == "nothing"


@pytest.mark.parametrize(
    ("declared", "by"),
    [
        (tables("a", of="KafkaRecord"), "stream"),
        (external("a"), "external"),
        (tables("a", of="KafkaRecord", more=", external=True"), "external"),
        (tables("a") + makes("a"), "build"),
    ],
    ids=["a record of Kafka", "external", "a record that another lake streams", "built"],
)
def test_a_table_that_is_read_is_filled_by_a_stream_or_a_build_or_from_outside(
    write: Write, declared: str, by: str
) -> None:
    graph = discover([write(one=declared + tables("b") + makes("b", "a"))])
    assert (order(graph)[-1], graph.filled_by("silver.a")) == ("silver.b", by)


@pytest.mark.parametrize("parameter", ["raw", "raw: int"])
def test_a_build_without_types_is_refused_with_file_and_line(write: Write, parameter: str) -> None:
    package = write(one=tables("a") + makes("a").replace("()", f"({parameter})"))
    with pytest.raises(ContractError, match=r"build make_a \(/.*one\.py:7\): parameter 'raw' says"):
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
    builds = makes("c", "b") + makes("b", "a") + makes("d", "a")
    return discover([write(one=external("a") + tables("b", "c", "d") + builds)])


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


@pytest.mark.parametrize(
    ("names", "directions", "tables"),
    [
        ([], {}, "abcd"),
        (["silver.b"], {}, "b"),
        (["silver.c"], {"upstream": True}, "abc"),
        (["silver.b"], {"downstream": True}, "bc"),
        (["silver.b"], {"upstream": True, "downstream": True}, "abc"),
        (["silver.a"], {"downstream": True}, "abcd"),
        (["silver.c", "silver.d"], {"upstream": True}, "abcd"),
    ],
)
def test_relatives_are_all_that_a_table_comes_from_and_all_that_comes_of_it(
    chain: Graph, names: list[str], directions: dict[str, bool], tables: str
) -> None:
    assert chain.related(names, **directions) == {f"silver.{name}" for name in tables}


def test_relatives_of_an_unknown_table_list_those_that_exist(chain: Graph) -> None:
    with pytest.raises(ConfigError, match=r"no table 'silver\.x'; the configured packages have silver\.a"):
        chain.related(["silver.x"])

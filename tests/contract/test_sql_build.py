"""What ``sql_build`` declares, and what it refuses before anything runs."""

from __future__ import annotations

import dataclasses
import importlib
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from lakehouse.contract.build import BuildSpec, build_of
from lakehouse.contract.follows import Rows
from lakehouse.contract.sql_text import with_instant
from lakehouse.errors import ContractError
from lakehouse.pipeline.graph import discover

MODULE = """
from pyspark.sql.types import LongType, StringType
from lakehouse import Column, Schema, table
from lakehouse.contract import Groups, Rows, sql_build

@table("silver.orders", external=True)
class Orders(Schema):
    day: Column[StringType]
    amount: Column[LongType]

@table("gold.revenue", key=("day",))
class Revenue(Schema):
    day: Column[StringType]
    amount: Column[LongType]

revenue = sql_build("revenue.sql", {arguments})
"""
ARGUMENTS = 'inputs={"orders": Orders}, output=Revenue'
TEXT = "SELECT day, sum(amount) AS amount FROM {orders} GROUP BY day"
Declare = Callable[..., ModuleType]


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unique: str) -> Iterator[Declare]:
    """Give what imports a package of a module and a SQL file beside it."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / unique).mkdir()

    def declared(text: str | None = TEXT, arguments: str = ARGUMENTS) -> ModuleType:
        (tmp_path / unique / "__init__.py").write_text(MODULE.format(arguments=arguments))
        if text is not None:
            (tmp_path / unique / "revenue.sql").write_text(text)
        return importlib.import_module(unique)

    yield declared
    sys.modules.pop(unique, None)


def spec(module: ModuleType) -> BuildSpec:
    found = build_of(module.revenue)
    assert found is not None
    return found


def test_it_is_a_build_like_any_other(declare: Declare) -> None:
    module = declare(arguments=f'{ARGUMENTS}, follows=Groups("day")')
    graph = discover([module.__name__])
    assert [build.table.name for build in graph.builds] == ["gold.revenue"]
    found = spec(module)
    assert ([name for name, _ in found.inputs], str(found.follows)) == (["orders"], str(module.Groups("day")))
    assert found.source.endswith("revenue.sql:1")
    assert TEXT in found.code


def test_its_code_changes_with_what_it_follows(declare: Declare) -> None:
    one = spec(declare())
    assert dataclasses.replace(one, follows=Rows("orders")).code != one.code


def test_a_file_that_is_not_there_is_refused_with_the_place_of_the_call(declare: Declare) -> None:
    with pytest.raises(ContractError, match=r"__init__\.py:16\): .*revenue\.sql cannot be read: .*package data"):
        declare(text=None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1 AS one", r"revenue\.sql: \{orders\} is not in the text"),
        ("SELECT *\nFROM {order}", r"revenue\.sql:2: \{order\} is no input; did you mean \{orders\}\?"),
        ("SELECT *\nFROM {orders", r"revenue\.sql:2: a single \{"),
        ("INSERT INTO x SELECT * FROM {orders}", r"revenue\.sql: it is no query"),
        ("WITH x AS (SELECT 1)\nINSERT INTO y FROM {orders}", r"revenue\.sql:2: INSERT writes"),
        ("SELECT * FROM {orders};\nSELECT 1", r"revenue\.sql:2: a second statement"),
        ("SELECT * FROM {orders}\nJOIN silver.users USING (id)", r"revenue\.sql:2: it reads silver\.users by its name"),
        ("SELECT *, (SELECT 1 FROM `a`.b.c) FROM {orders}", r"revenue\.sql:1: it reads a\.b\.c by its name"),
        ("SELECT :now FROM {orders}", r"revenue\.sql:1: :now is given by nobody"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_the_line(declare: Declare, text: str, why: str) -> None:
    with pytest.raises(ContractError, match=why):
        declare(text)


@pytest.mark.parametrize(
    "text",
    [
        "-- of the shop's orders, not silver.x; :now\nselect * from {orders} as o where o.day like '{{%' -- from a.b",
        "WITH a AS (SELECT extract(day FROM o.day) AS d, trim(BOTH FROM o.x) FROM {orders} o) SELECT * FROM a;",
        "SELECT o.day FROM {orders} o JOIN LATERAL explode(o.items) WHERE o.a IS DISTINCT FROM o.b AND x::date > 'a.b'",
        '/* into: insert\n */ FROM {orders} SELECT day, "FROM a.b" AS amount, {orders}.amount',
    ],
)
def test_whatever_is_a_query_over_its_inputs_is_taken(declare: Declare, text: str) -> None:
    assert spec(declare(text)).code.startswith(text)


def test_an_instant_stands_where_its_marker_does_and_nowhere_else() -> None:
    text = "-- :now\nSELECT ':now', :now, :nowhere, x::now"
    put = with_instant(text, "now", datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert put == "-- :now\nSELECT ':now', TIMESTAMP '2026-05-01 12:00:00+00:00', :nowhere, x::now"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("inputs={}, output=Revenue", "it has no inputs"),
        ('inputs={"orders": Schema}, output=Revenue', "input 'orders' is .*declared with @table"),
        ('inputs={"my orders": Orders}, output=Revenue', "'my orders' cannot be a name in the text"),
        ('inputs={"args": Orders}, output=Revenue', "'args' cannot be a name in the text"),
        (f'{ARGUMENTS}, follows=Groups("colour")', r"__init__\.py:16\): Groups names colour"),
        (f'{ARGUMENTS}, instant="now"', ":now is not in the text"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(declare: Declare, arguments: str, why: str) -> None:
    with pytest.raises(ContractError, match=why):
        declare(arguments=arguments)


def test_a_package_in_an_archive_brings_its_sql(tmp_path: Path, unique: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "lake.zip", "w") as archive:
        archive.writestr(f"{unique}/__init__.py", MODULE.format(arguments=ARGUMENTS))
        archive.writestr(f"{unique}/revenue.sql", TEXT)
    monkeypatch.syspath_prepend(tmp_path / "lake.zip")
    assert TEXT in spec(importlib.import_module(unique)).code

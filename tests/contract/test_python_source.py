"""The contract of a live table as Python: what is written, that tools are content with it, and that nothing is lost."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import types as T

from lakehouse import Schema
from lakehouse.catalog.live_table import live_table
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.ddl import after_create_sql, create_table_sql
from lakehouse.contract.evolution import LiveTable
from lakehouse.contract.partitioning import parse_partition_field
from lakehouse.contract.python_names import class_name, nameable, why_unnamed
from lakehouse.contract.python_source import Source, contract_source
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ContractError
from lakehouse.pipeline.graph import discover
from tests.contract.iceberg_table import iceberg_table
from tests.contract.tables import Orders, OrdersRaw
from tests.contract.test_evolution import specs_of_columns

GOLDEN = Path(__file__).parent.parent / "typing" / "cases" / "imported.py"
DECLARED = [spec_of(Orders), spec_of(OrdersRaw), *discover(["lakehouse.domains"]).tables.values()]
sentences = st.text(min_size=1).map(lambda text: " ".join(text.split())).filter(bool)


def nameable_columns(columns: tuple[ColumnSpec, ...]) -> bool:
    return all(not why_unnamed(one.name) and nameable_columns(one.fields) for one in columns)


@st.composite
def contracts(draw: st.DrawFn) -> TableSpec:
    """Any table whose columns have names in Python, with a key, partitions and an order of some of them."""
    columns = draw(specs_of_columns().filter(nameable_columns))
    names = [c.name for c in columns if not isinstance(c.type, T.StructType | T.ArrayType)]
    key = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    some = st.lists(st.sampled_from(names), unique=True, max_size=2) if names else st.just([])
    return TableSpec(
        schema=Schema,
        name="silver.any",
        columns=tuple(ColumnSpec(**{**vars(c), "required": c.required or c.name in key}) for c in columns),
        key=tuple(key),
        partitioned_by=tuple(parse_partition_field(f"bucket(4, {name})") for name in draw(some)),
        sorted_by=tuple(draw(some)),
        properties=draw(st.dictionaries(st.sampled_from(["write.a", "acme.b"]), st.text(max_size=5))),
        comment=draw(sentences),
    )


def written(spec: TableSpec) -> Source:
    """The contract of the table that a contract has made."""
    return contract_source(live_table(iceberg_table(spec)), name=spec.name, external=False)


def declared(source: Source) -> TableSpec:
    """Run a module and give the table that it declares."""
    module = types.ModuleType("written_contract")
    sys.modules[module.__name__] = module
    exec(compile(source.text, "written_contract.py", "exec"), module.__dict__)
    return spec_of(vars(module)[source.table_class])


def ddl(spec: TableSpec) -> tuple[str, ...]:
    return create_table_sql(spec, catalog="lake"), *after_create_sql(spec, catalog="lake")


def columns(*fields: tuple[str, T.DataType], **more: object) -> LiveTable:
    struct = T.StructType([T.StructField(name, kind) for name, kind in fields])
    return LiveTable(struct=struct, **{"properties": {"comment": "One row per thing."}, **more})  # type: ignore[arg-type]


def source(live: LiveTable, *, name: str = "silver.things", external: bool = False) -> Source:
    return contract_source(live, name=name, external=external)


@pytest.mark.parametrize("spec", DECLARED, ids=lambda spec: spec.name)
def test_a_contract_comes_back_from_its_table(spec: TableSpec) -> None:
    assert ddl(declared(written(spec))) == ddl(spec)


@given(contracts())
@settings(max_examples=50)
def test_any_contract_comes_back_from_its_table(spec: TableSpec) -> None:
    assert ddl(declared(written(spec))) == ddl(spec)


@given(st.lists(contracts(), min_size=20, max_size=20))
@settings(max_examples=2, phases=[Phase.generate], deadline=None)  # a smaller one tells no more
def test_linter_and_formatter_are_content(tmp_path_factory: pytest.TempPathFactory, specs: list[TableSpec]) -> None:
    folder = tmp_path_factory.mktemp("written")
    for number, spec in enumerate([*specs, *DECLARED]):
        (folder / f"contract_{number}.py").write_text(written(spec).text, encoding="utf-8")
    (folder / "golden.py").write_text(GOLDEN.read_text(), encoding="utf-8")
    options = ["--isolated", "--line-length", "120", "--no-cache", "."]
    for command in (["check", "--select", "E,F,I,B,UP,D1,ANN,PL,RUF100"], ["format", "--check", "--diff"]):
        whole = [sys.executable, "-m", "ruff", *command, *options]
        done = subprocess.run(whole, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def test_a_table_with_all_that_there_is_becomes_the_module_that_mypy_checks() -> None:
    line = T.StructType([T.StructField("sku", T.StringType()), T.StructField("unitPrice", T.DecimalType(9, 2))])
    place = T.StructType([T.StructField("zip", T.StringType(), True, {"comment": "Postal code"})])
    long = "An instruction of the customer to whoever carries it, " * 3 + 'as typed, "quotes" and \\ too'
    fields = [
        T.StructField("order_id", T.LongType(), False, {"comment": "Number of the order"}),
        T.StructField("placed_at", T.TimestampType(), False, {"comment": "Instant of the order [UTC]"}),
        T.StructField("seen_at", T.TimestampNTZType()),
        T.StructField("weight", T.DoubleType(), True, {"comment": "Weight with the box [kg]"}),
        T.StructField("address", T.StructType([T.StructField("place", place), T.StructField("class", T.StringType())])),
        T.StructField("lines", T.ArrayType(line)),
        T.StructField("labels", T.MapType(T.StringType(), T.ArrayType(T.StringType()))),
        T.StructField("note", T.BinaryType(), True, {"comment": long}),
        T.StructField("doc", T.DateType()),
        T.StructField("Order Source", T.StringType()),
        T.StructField("class", T.StringType()),
    ]
    live = LiveTable(
        struct=T.StructType(fields),
        key=("order_id",),
        partitioned_by=(parse_partition_field("days(placed_at)"), parse_partition_field("class")),
        sorted_by=("placed_at",),
        properties={"comment": "Orders of  the old shop", "format-version": "2", "write.format.default": "orc"},
    )
    assert source(live, name="shop.orders", external=True).text == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("name", "why"),
    [("Order", "lower case"), ("order id", "no name"), ("class", "word of Python"), ("__x", "__"), ("ﬁ", "no name")],
)
def test_a_column_without_a_name_in_python_is_left_out_and_said_with_a_name_that_is_one(name: str, why: str) -> None:
    found = source(columns((name, T.StringType()), ("fine", T.LongType())))
    assert why in found.left_out[0]
    assert declared(found).struct.names == ["fine"]
    (proposed,) = re.findall(r"such as to (\w+),", found.left_out[0])
    assert not why_unnamed(proposed)


def test_names_that_are_proposed_do_not_collide() -> None:
    assert nameable("a b", ["a_b", "a_b_"]) == "a_b_2"


def test_a_list_of_structs_with_a_field_that_has_no_name_is_left_out_whole() -> None:
    inner = T.StructType([T.StructField("a", T.LongType()), T.StructField("b c", T.LongType())])
    found = source(columns(("items", T.ArrayType(inner)), ("box", T.StructType([T.StructField("items", inner)]))))
    assert [one.split(" ")[0] for one in found.left_out] == ["items", "box.items.b"]
    assert declared(found).struct.simpleString() == "struct<box:struct<items:struct<a:bigint>>>"


def test_classes_of_structs_with_one_name_are_told_apart() -> None:
    inner = T.StructType([T.StructField("a", T.LongType())])
    outer = T.StructType([T.StructField("column", inner), T.StructField("things", inner)])
    found = source(columns(("column", outer), ("things", outer)))
    assert declared(found).struct.simpleString() == columns(("column", outer), ("things", outer)).struct.simpleString()
    assert len(set(re.findall(r"class (\w+)\(", found.text))) == 7


def test_a_class_of_a_struct_is_not_called_what_linters_refuse() -> None:
    assert class_name(("i",), ()) == "IRow"


def test_an_order_that_a_contract_cannot_say_is_told() -> None:
    found = source(columns(("a", T.LongType()), sorted_by=("`a` DESC NULLS LAST",)))
    assert found.left_out == ("sorted_by: in the table it is `a` DESC NULLS LAST, which cannot be said here",)


def test_a_table_without_a_comment_is_given_none() -> None:
    found = source(columns(("a", T.LongType()), properties={}))
    assert "# Say in a docstring what a row is" in found.text
    assert declared(found).comment == ""


@pytest.mark.parametrize("name", ["orders", "Silver.orders", "a.b.c", "silver.bad-name"])
def test_a_table_whose_name_no_contract_can_have_is_refused(name: str) -> None:
    with pytest.raises(ContractError, match="cannot be the name of a contract"):
        source(columns(("a", T.LongType())), name=name)

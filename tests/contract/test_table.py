from __future__ import annotations

from typing import Annotated, Any

import pytest
from pyspark.sql.types import IntegerType, StringType

from lakehouse import Column, Pii, Schema, doc, table
from lakehouse.contract.table import is_table, spec_of
from lakehouse.contract.versions import Scd2, Versioned
from lakehouse.errors import ContractError
from tests.contract.tables import Orders


class Plain(Schema):
    """No table yet."""

    name: Annotated[Column[StringType], doc("Name")]


def test_a_table_knows_its_name_key_and_layout() -> None:
    spec = spec_of(Orders)
    assert (spec.name, spec.namespace, spec.key, spec.sorted_by) == (
        "silver.orders",
        "silver",
        ("order_id",),
        ("ordered_on",),
    )


def test_the_docstring_becomes_the_comment_in_one_line() -> None:
    assert spec_of(Orders).comment == "One row per order; the customer's newest version."


def test_quality_columns_come_last_and_are_filled_by_the_library() -> None:
    spec = spec_of(Orders)
    assert (
        [c.name for c in spec.columns][-5:]
        == ["quality_score", "failed_rules", "quality_mask", "quality_mask_more", "quality_rules"]
        == list(spec.generated)
    )


def test_a_column_knows_its_comment_with_the_unit_and_its_privacy() -> None:
    spec = spec_of(Orders)
    assert spec.column("amount").comment == "Sum with tax [EUR]"
    assert spec.column("email").pii is Pii.CONTACT


def test_a_key_column_is_required() -> None:
    assert [c.name for c in spec_of(Orders).columns if c.required] == ["order_id"]


def test_a_subclass_of_a_table_is_no_table() -> None:
    class Child(Orders):
        """Not declared."""

    assert not is_table(Child)


@pytest.mark.parametrize("name", ["users", "Silver.users", "silver.Users", "a.b.c", "silver.1users"])
def test_a_name_that_glue_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(ContractError, match=r"namespace\.table"):
        table(name)(type("Fresh", (Plain,), {"__annotations__": {}}))


def test_a_key_that_is_no_column_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match=r"key names 'nme'"):
        table("silver.plain", key=("nme",))(type("Fresh", (Plain,), {"__annotations__": {}}))


def test_all_columns_that_do_not_exist_are_listed_at_once() -> None:
    declare = table("silver.plain", key=("nme",), partitioned_by=("days(at)",), sorted_by=("age",))
    with pytest.raises(ContractError, match=r"key names 'nme'; partitioned_by names 'at'; sorted_by names 'age'"):
        declare(type("Fresh", (Plain,), {"__annotations__": {}}))


def test_a_field_of_a_struct_cannot_be_a_key() -> None:
    with pytest.raises(ContractError, match=r"key names 'first_item\.sku'"):
        table("silver.by_field", key=("first_item.sku",))(type("Fresh", (Orders,), {"__annotations__": {}}))


@pytest.mark.parametrize("annotation", [str, Column, Annotated[str, doc("Name")], Column[str], StringType])  # type: ignore[type-var]
def test_whatever_is_no_column_of_a_type_is_refused_with_what_to_write(annotation: object) -> None:
    with pytest.raises(ContractError, match=r"^silver\.wrong\.name: .*Write Column\[StringType\]"):
        table("silver.wrong")(type("Wrong", (Schema,), {"__annotations__": {"name": annotation}}))


def test_an_upper_case_column_is_refused() -> None:
    class Upper(Schema):
        """Wrong."""

        Name: Column[StringType]

    with pytest.raises(ContractError, match="lower case"):
        table("silver.upper")(Upper)


def test_an_annotation_that_is_no_column_is_refused_with_its_place() -> None:
    class Wrong(Schema):
        """Wrong."""

        name: str

    with pytest.raises(ContractError, match=r"silver\.wrong\.name"):
        table("silver.wrong")(Wrong)


def test_a_schema_without_table_says_what_to_write() -> None:
    with pytest.raises(ContractError, match="put @table"):
        spec_of(Plain)


def test_an_annotation_with_a_name_of_a_function_says_so() -> None:
    local = StringType

    class Local(Schema):
        """Wrong."""

        name: Column[local]  # type: ignore[valid-type]

    with pytest.raises(ContractError, match="name 'local' is not defined"):
        table("silver.local")(Local)


@pytest.mark.parametrize(
    ("base", "options", "said"),
    [
        (Schema, {"key": ("a",), "newest_by": ("a",)}, r"class Kept\(Versioned\)"),
        (Versioned, {"newest_by": ("a",)}, "needs key="),
        (Versioned, {"key": ("a",)}, "needs newest_by="),
        (Versioned, {"key": ("a",), "newest_by": ("a",), "history": Scd2(effective="b")}, "names b, which is not"),
    ],
)
def test_a_history_that_cannot_be_kept_is_refused(base: type[Schema], options: dict[str, Any], said: str) -> None:
    kept: Any = type("Kept", (base,), {"__annotations__": {"a": Column[IntegerType]}, "__module__": __name__})
    with pytest.raises(ContractError, match=said):
        table("silver.kept", **{"history": Scd2(effective="a"), **options})(kept)


def test_a_version_is_identified_by_its_key_and_from_when_it_held() -> None:
    kept: Any = type("Kept", (Versioned,), {"__annotations__": {"a": Column[IntegerType]}, "__module__": __name__})
    history = Scd2(effective="a")
    spec = spec_of(table("silver.kept", key=("a",), newest_by=("a",), history=history)(kept))
    assert spec.identity == ("a", "valid_from")
    assert spec.struct.names == ["a", "valid_from", "valid_to", "is_current"]

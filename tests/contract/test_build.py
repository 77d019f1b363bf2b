from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import DataFrame

from lakehouse import DataSet, Schema, build
from lakehouse.contract.build import build_of
from lakehouse.errors import ContractError
from tests.contract.tables import Orders, OrdersRaw

if TYPE_CHECKING:
    from tests.contract.tables import Item as OnlyForTypeCheckers


def test_the_signature_gives_inputs_output_and_the_parameter_of_the_instant() -> None:
    @build
    def orders(raw: DataSet[OrdersRaw], now: datetime) -> DataSet[Orders]:
        raise AssertionError(now)

    found = build_of(orders)
    assert found is not None
    assert (found.inputs, found.output, found.instant) == ((("raw", OrdersRaw),), Orders, "now")


def test_a_build_stays_a_function() -> None:
    @build
    def orders(raw: DataSet[OrdersRaw]) -> DataSet[Orders]:
        """Say what it does."""
        raise AssertionError

    assert (orders.__name__, orders.__doc__) == ("orders", "Say what it does.")


def test_a_parameter_without_a_table_is_refused_with_file_and_line() -> None:
    with pytest.raises(ContractError, match=r"test_build\.py:\d+\): parameter 'raw' says DataFrame"):

        @build
        def orders(raw: DataFrame) -> DataSet[Orders]:
            raise AssertionError


def test_a_build_without_a_return_type_is_refused() -> None:
    with pytest.raises(ContractError, match="the return type says nothing"):

        @build
        def orders(raw: DataSet[OrdersRaw]):  # type: ignore[no-untyped-def]  # noqa: ANN202
            raise AssertionError


def test_a_parameter_without_an_annotation_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match=r"test_build\.py:\d+\): parameter 'raw' says nothing"):

        @build
        def orders(raw) -> DataSet[Orders]:  # type: ignore[no-untyped-def]  # noqa: ANN001
            raise AssertionError


def test_a_name_that_only_type_checkers_know_is_refused_with_file_and_line() -> None:
    with pytest.raises(ContractError, match=r"test_build\.py:\d+\): name 'OnlyForTypeCheckers' is not defined"):

        @build
        def orders(raw: DataSet[OnlyForTypeCheckers]) -> DataSet[Orders]:
            raise AssertionError


def test_two_parameters_for_the_instant_are_refused_by_name() -> None:
    with pytest.raises(ContractError, match="'now' and 'then' both take the run's instant"):

        @build
        def orders(raw: DataSet[OrdersRaw], now: datetime, then: datetime) -> DataSet[Orders]:
            raise AssertionError


def test_a_build_says_where_it_stands() -> None:
    @build
    def orders(raw: DataSet[OrdersRaw]) -> DataSet[Orders]:
        raise AssertionError

    found = build_of(orders)
    assert found is not None
    line = orders.__code__.co_firstlineno
    assert (found.table.name, found.source) == ("silver.orders", f"{__file__}:{line}")


@pytest.mark.parametrize("thing", [None, 3, Orders, len, lambda: None])
def test_whatever_is_not_marked_is_no_build(thing: object) -> None:
    assert build_of(thing) is None


def test_a_schema_that_is_no_table_is_refused() -> None:
    with pytest.raises(ContractError, match="declared with @table"):

        @build
        def orders(raw: DataSet[Schema]) -> DataSet[Orders]:
            raise AssertionError

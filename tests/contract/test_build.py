from __future__ import annotations

from datetime import datetime

import pytest
from pyspark.sql import DataFrame

from lakehouse import DataSet, Schema, build
from lakehouse.contract.build import build_of
from lakehouse.errors import ContractError
from tests.contract.tables import Orders, OrdersRaw


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


def test_a_schema_that_is_no_table_is_refused() -> None:
    with pytest.raises(ContractError, match="declared with @table"):

        @build
        def orders(raw: DataSet[Schema]) -> DataSet[Orders]:
            raise AssertionError

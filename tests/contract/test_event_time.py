"""An event time that cannot work is refused where it is declared, with what to write."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import pytest
from pyspark.sql.types import DateType, LongType, StringType, TimestampType

from lakehouse import Column, KafkaRecord, Schema, StructType, doc, table
from lakehouse.contract import EventTime, EventTimed, Late
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ContractError


class Customer(Schema):
    """Who ordered."""

    since: Column[TimestampType]


class Order(Schema):
    """An order."""

    placed_at: Annotated[Column[StringType], doc("When")]
    sent_ms: Column[LongType]
    day: Column[DateType]
    customer: Column[StructType[Customer]]


class Raw(KafkaRecord, EventTimed):
    """Orders as they arrive."""

    record: Column[StructType[Order]]


class Untimed(KafkaRecord):
    """Orders whose class says nothing of time."""

    record: Column[StructType[Order]]


class NoStream(EventTimed):
    """Not from Kafka."""

    placed_at: Column[StringType]


def declared(base: type[Schema] = Raw, *, field: str = "placed_at", minutes: int = 5, **more: Any) -> TableSpec:
    properties = more.pop("properties", None)
    event_time = EventTime(field=field, delay=timedelta(minutes=minutes), **more)
    declare = table("bronze.orders_raw", event_time=event_time, properties=properties)
    return spec_of(declare(type("Fresh", (base,), {"__annotations__": {}})))


def test_the_columns_of_time_stand_behind_the_payload_and_are_filled_by_the_library() -> None:
    spec = declared()
    assert spec.struct.names[-3:] == ["record", "event_time", "late_by"]
    assert spec.generated[-2:] == ("event_time", "late_by")
    assert spec.column("late_by").comment == "Behind the watermark; null: in time [seconds]"


@pytest.mark.parametrize("field", ["placed_at", "customer.since"])
def test_text_and_timestamps_tell_an_instant_also_inside_of_an_object(field: str) -> None:
    spec = declared(field=field)
    assert spec.event_time == EventTime(field=field, delay=timedelta(minutes=5), late=Late.KEEP)


def test_the_metrics_that_a_watermark_needs_are_kept_whatever_a_contract_says() -> None:
    mine = {"write.metadata.metrics.column.event_time": "none", "write.metadata.metrics.default": "none"}
    found = table_properties(declared(properties=mine))
    columns = ("event_time", "late_by", "kafka_timestamp")
    assert {found[f"write.metadata.metrics.column.{name}"] for name in columns} == {"full"}
    assert found["write.metadata.metrics.default"] == "none"


def test_a_table_without_event_time_has_the_properties_that_it_had() -> None:
    spec = spec_of(table("bronze.orders_raw")(type("Fresh", (Untimed,), {"__annotations__": {}})))
    assert [name for name in table_properties(spec) if "metrics" in name] == []


def test_a_class_without_the_columns_says_what_to_derive_it_from() -> None:
    with pytest.raises(ContractError, match=r"derive it from EventTimed too, class Fresh\(KafkaRecord, EventTimed\)"):
        declared(Untimed)


def test_columns_that_nothing_fills_are_refused() -> None:
    with pytest.raises(ContractError, match=r"Fresh is an EventTimed, but nothing fills .* event_time=EventTime"):
        table("bronze.orders_raw")(type("Fresh", (Raw,), {"__annotations__": {}}))


def test_a_table_that_no_stream_fills_has_no_event_time() -> None:
    with pytest.raises(ContractError, match="is for streams: Fresh is no KafkaRecord"):
        declared(NoStream)


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("placed_on", "did you mean 'placed_at'"),
        ("customer.sinc", r"did you mean 'customer\.since'"),
        ("?", "it has placed_at, sent_ms, day, customer, customer.since"),
    ],
)
def test_a_field_that_is_none_of_the_message_is_refused_with_its_near_match(field: str, hint: str) -> None:
    with pytest.raises(ContractError, match=f"which is no field of record; {hint}"):
        declared(field=field)


@pytest.mark.parametrize("field", ["day", "customer"])
def test_a_field_that_tells_no_instant_is_refused_with_its_type(field: str) -> None:
    with pytest.raises(ContractError, match=rf"record\.{field} is .*, which tells no instant"):
        declared(field=field)


@pytest.mark.parametrize("epoch", [None, "minutes"])
def test_a_number_has_to_say_what_it_counts(epoch: str | None) -> None:
    with pytest.raises(ContractError, match=r"record\.sent_ms is bigint; say what it counts since 1970"):
        declared(field="sent_ms", epoch=epoch)
    assert declared(field="sent_ms", epoch="ms").event_time


def test_text_counts_nothing() -> None:
    with pytest.raises(ContractError, match=r"record\.placed_at is string, so epoch='s' has no meaning"):
        declared(epoch="s")


@pytest.mark.parametrize("minutes", [-1, 36_501 * 24 * 60])
def test_a_delay_below_zero_or_of_more_than_a_century_is_refused(minutes: int) -> None:
    with pytest.raises(ContractError, match=r"delay=.* of event_time is not from 0 to 36,500 days"):
        declared(minutes=minutes)
    assert declared(minutes=0).event_time

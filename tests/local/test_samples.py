"""The samples by name: which are sent where, and how many."""

from __future__ import annotations

import pytest

from lakehouse.config import Settings
from lakehouse.local.broker import Broker
from lakehouse.local.dirt import messages
from lakehouse.local.orders import order_messages
from lakehouse.local.produce import produce_once
from lakehouse.local.samples import samples_of, streamed_samples
from lakehouse.sources.topics import ensure_topic, topic_size
from tests.cli.command_line import lakehouse


def settings(**topics: str) -> Settings:
    return Settings.model_validate({"streams": {f"bronze.{name}": {"topic": topic} for name, topic in topics.items()}})


@pytest.mark.parametrize(
    ("topics", "names"),
    [
        ({}, ["users"]),
        ({"shop_raw": "orders"}, ["users", "orders"]),
        ({"a_raw": "orders, customers", "b_raw": "users"}, ["users", "customers", "orders"]),
    ],
)
def test_a_sample_that_no_stream_reads_is_not_sent_but_that_of_users(topics: dict[str, str], names: list[str]) -> None:
    assert [sample.name for sample in streamed_samples(settings(**topics))] == names


def test_topic_and_count_of_a_sample_are_those_of_the_settings() -> None:
    found = Settings.model_validate({"local": {"order_topic": "shop", "order_count": 5}})
    orders = samples_of(found)["orders"]
    assert (orders.topic, orders.count) == ("shop", 5)


def test_there_are_customers_enough_for_the_orders() -> None:
    found = samples_of(Settings())
    assert found["customers"].count * 5 >= found["orders"].count


def test_a_sample_of_orders_goes_on_where_it_was_cut_off(kafka: Broker, unique: str) -> None:
    ensure_topic(kafka.bootstrap_servers, unique)
    made = [
        produce_once(
            seed=1, count=count, bootstrap_servers=kafka.bootstrap_servers, topic=unique, make=order_messages
        ).count
        for count in (700, 1_000, 1_000)
    ]
    assert (made, topic_size(kafka.bootstrap_servers, unique)) == ([700, 300, 0], 1_000)


def test_two_samples_of_one_seed_in_one_topic_are_told_apart(kafka: Broker, unique: str) -> None:
    ensure_topic(kafka.bootstrap_servers, unique)
    for name, make in (("users", messages), ("orders", order_messages), ("users", messages)):
        produce_once(seed=1, count=100, bootstrap_servers=kafka.bootstrap_servers, topic=unique, name=name, make=make)
    assert topic_size(kafka.bootstrap_servers, unique) == 200


def test_people_of_an_address_are_no_orders() -> None:
    shown = lakehouse("produce", "--sample", "orders", "--url", "http://127.0.0.1:1")
    assert (shown.exit_code, "--url relays messages about people" in shown.output) == (3, True)

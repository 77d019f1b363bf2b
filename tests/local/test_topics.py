"""Topics are made once and counted exactly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lakehouse.errors import SourceError
from lakehouse.local.broker import Broker
from lakehouse.local.dirt import messages
from lakehouse.local.produce import produce
from lakehouse.sources.topics import ensure_topic, topic_size


def test_a_topic_that_is_there_is_left_as_it_is(kafka: Broker, unique: str) -> None:
    ensure_topic(kafka.bootstrap_servers, unique)
    produce(messages(seed=1, count=10), bootstrap_servers=kafka.bootstrap_servers, topic=unique)
    ensure_topic(kafka.bootstrap_servers, unique)

    assert topic_size(kafka.bootstrap_servers, unique) == 10


def test_a_setting_that_kafka_does_not_know_is_refused_by_name_of_the_topic(kafka: Broker, unique: str) -> None:
    with pytest.raises(SourceError, match=unique):
        ensure_topic(kafka.bootstrap_servers, unique, config={"no.such.setting": "1"})


def test_a_topic_that_several_make_in_the_same_moment_is_there_for_each_of_them(kafka: Broker, unique: str) -> None:
    def make_and_count(_: int) -> int:
        ensure_topic(kafka.bootstrap_servers, unique)
        return topic_size(kafka.bootstrap_servers, unique)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(make_and_count, range(8))) == [0] * 8

"""The samples of the reference lake by name: the messages, the topic that they go to, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lakehouse.config import Settings
from lakehouse.local.customers import customer_messages
from lakehouse.local.dirt import Message, messages
from lakehouse.local.orders import order_messages
from lakehouse.local.weather import weather_messages


class MakeMessages(Protocol):
    """Makes the messages ``start`` to ``count`` of a sample; message i is the same whatever the count."""

    def __call__(self, *, seed: int, count: int, start: int = 0) -> Iterator[Message]:
        """Give them in order."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Messages for a topic."""

    name: str
    topic: str
    count: int
    make: MakeMessages


def samples_of(settings: Settings) -> dict[str, Sample]:
    """Give all samples by name, each with the topic and the count of the settings."""
    local = settings.local
    found = (
        Sample(name="users", topic=local.topic, count=local.sample_count, make=messages),
        Sample(name="customers", topic=local.customer_topic, count=local.customer_count, make=customer_messages),
        Sample(name="orders", topic=local.order_topic, count=local.order_count, make=order_messages),
        Sample(name="weather", topic=local.weather_topic, count=local.weather_count, make=weather_messages),
    )
    return {sample.name: sample for sample in found}


def streamed_samples(settings: Settings) -> tuple[Sample, ...]:
    """Give the samples whose topic a stream of the settings reads; that of users in any case."""
    read = {topic.strip() for stream in settings.streams.values() for topic in stream.topic.split(",")}
    return tuple(one for one in samples_of(settings).values() if one.name == "users" or one.topic in read)

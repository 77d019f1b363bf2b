"""Before a stream starts: does its checkpoint continue what the table holds?"""

from __future__ import annotations

import dataclasses
import json
from enum import StrEnum

from pyiceberg.table import Table

from lakehouse.catalog.batch_stamp import newest_stamp
from lakehouse.errors import StreamError
from lakehouse.pipeline.checkpoint import Checkpoint
from lakehouse.sources.kafka import KafkaTopic


class Recover(StrEnum):
    """What to do when checkpoint and table do not continue each other."""

    FROM_TABLE = "from-table"


def check_continuity(table: Table, checkpoint: Checkpoint, topic: KafkaTopic, *, recover: Recover | None) -> KafkaTopic:
    """Give the topic with the offsets to start at, or refuse to start.

    A lost or foreign checkpoint would read from the topic's beginning what the table holds already.

    Raises:
        StreamError: The checkpoint does not continue the table and ``recover`` does not say what to do.
    """
    stamp, query_id = newest_stamp(table), checkpoint.query_id()
    if stamp is None or stamp.query_id == query_id:
        return topic
    name = ".".join(table.name())
    if query_id is not None:
        if checkpoint.initial_offsets() == stamp.next_offsets:
            return topic
        raise StreamError(
            f"checkpoint {checkpoint.location} belongs to query {query_id}, but {name} was last written by query "
            f"{stamp.query_id}; going on would double or lose records. Give the right checkpoint, or move this one "
            f"away and start with --recover {Recover.FROM_TABLE}."
        )
    if recover is not Recover.FROM_TABLE:
        raise StreamError(
            f"checkpoint {checkpoint.location} is new, but {name} already holds records up to "
            f"{json.dumps(stamp.next_offsets)}; starting at {topic.starting_offsets!r} would double them. Give the "
            f"checkpoint that wrote them, or start with --recover {Recover.FROM_TABLE} to go on where the table ends."
        )
    return dataclasses.replace(topic, starting_offsets=json.dumps(stamp.next_offsets))

"""Looks at a few messages of a batch for fields that the contract does not have: nothing is dropped without a trace."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.schema_drift import Drift, note_drift
from lakehouse.contract.kafka_record import PAYLOAD
from lakehouse.pipeline.ingest import Ingest
from lakehouse.transforms.decoder import JsonDecoder
from lakehouse.transforms.undeclared import undeclared, unwrapped
from lakehouse.transforms.wire_format import PREFIX_BYTES

log = logging.getLogger(__name__)

_LONGEST = 65_536
"""Longer messages are not looked at, so that a sample fits into memory."""
_PAUSE = 99
"""After a look of one second there is none for so many: it may cost 1 % of a stream's time."""
_MOST_NAMES = 1_000


@dataclass(kw_only=True)
class DriftWatch:
    """What a stream has seen of undeclared fields since it was started."""

    _told: set[str] = field(default_factory=set)
    _not_before: float = 0.0
    clock: Callable[[], float] = time.monotonic

    def look(self, lake: Lake, df: DataFrame, ingest: Ingest) -> None:
        """Look at the first messages of a batch; tell and write what is new.

        Cost: so many messages are read once more; at most 1 % of the time of a stream, after the first look. What goes
        wrong here is told and stops nothing: the batch is written already.
        """
        if not ingest.drift_sample or self.clock() < self._not_before or len(self._told) >= _MOST_NAMES:
            return
        begun = self.clock()
        try:
            self._look(lake, df, ingest)
        except Exception as error:
            log.warning(
                "fields of %s that are not in %s were not looked for: %s", ingest.topic.topic, ingest.spec.name, error
            )
        self._not_before = self.clock() + _PAUSE * (self.clock() - begun)

    def _look(self, lake: Lake, df: DataFrame, ingest: Ingest) -> None:
        values = _sample(df, ingest)
        payloads = [spec.column(PAYLOAD).type for spec in ingest.bronze]
        found = [
            Drift(field=name, found_type=kind, messages=count, sampled=len(values))
            for name, (count, kind) in undeclared(values, payloads).items()
            if name not in self._told
        ][: _MOST_NAMES - len(self._told)]
        if not found:
            return
        log.warning(
            "%s has fields that %s does not declare; they are left out: %s. Declare them, or see ops.schema_drift",
            ingest.topic.topic,
            ingest.spec.name,
            ", ".join(f"{one.field} ({one.found_type}, {one.messages} of {one.sampled})" for one in found[:20]),
        )
        note_drift(lake, ingest.spec.name, ingest.topic.topic, found)
        self._told |= {one.field for one in found}


def _sample(df: DataFrame, ingest: Ingest) -> list[bytes]:
    short = df.where(F.octet_length("value").between(1, _LONGEST)).select("value")
    values = [bytes(row["value"]) for row in short.limit(ingest.drift_sample).collect()]
    decoder = ingest.decoder
    if isinstance(decoder, JsonDecoder) and decoder.prefixed:
        values = [value[PREFIX_BYTES:] for value in values]
    if isinstance(decoder, JsonDecoder) and decoder.debezium:
        values = [unwrapped(value) for value in values]
    return values

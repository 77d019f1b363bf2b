"""Kill a stream at a moment, and say what it left behind."""

from __future__ import annotations

import random
import time

from benchmarks.chaos.moments import RANDOM, Moment, look, moments_of
from benchmarks.chaos.place import TABLE, Place, Run
from lakehouse.catalog.batch_stamp import newest_stamp
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import find_table
from lakehouse.pipeline.checkpoint import Checkpoint

PATIENCE_SECONDS = 120
_COMING_UP_SECONDS = 4


def kill_at(place: Place, name: str, rng: random.Random, *, span: float, options: tuple[str, ...] = ()) -> Run:
    """Start the stream and kill it at a moment; it may have ended before, then its exit code is not that of a kill.

    Args:
        place: Where.
        name: Of the moment.
        rng: Says how many batches are let go first, and when a random instant is.
        span: Seconds in which a random instant lies: those of a whole run.
        options: Of the stream.
    """
    skipped, late, instant = rng.choice((0, 0, 1)), rng.choice((0.0, rng.uniform(0, 0.05))), rng.uniform(0, span)
    run = place.start("stream", TABLE, *options)
    if name == RANDOM:
        _sleep(run, instant)
    elif _await(place, run, moments_of(place)[name], batches=skipped + 1):
        time.sleep(late)
    if run.process.poll() is None:
        run.kill()
    return run


def left_behind(place: Place) -> str:
    """Say how far the batch that was cut off has come, by the checkpoint and the stamps in the tables."""
    position = Checkpoint(str(place.checkpoint)).position()
    if position is None:
        return "no batch was planned yet"
    if position.begin == position.end:
        return "the last batch was noted"
    catalog = open_catalog(place.settings())
    found = [find_table(catalog, name) for name in place.tables]
    stamps = [newest_stamp(table) if table else None for table in found]
    holding = sum(stamp is not None and stamp.next_offsets == position.end for stamp in stamps)
    if holding == 0:
        return "a batch was planned and in no table"
    return "a batch was in all tables and not noted" if holding == len(stamps) else "a batch was in some of the tables"


def _await(place: Place, run: Run, moment: Moment, *, batches: int) -> bool:
    was, began = look(place), time.monotonic()
    give_up = began + PATIENCE_SECONDS
    while run.process.poll() is None and time.monotonic() < give_up:
        now = look(place)
        if moment(was, now):
            batches -= 1
            if batches == 0:
                return True
            was = now
        elif not now.in_flight:
            was = now
        # Python and its JVM need longer than that to come up, and the looks would cost them their core.
        time.sleep(0.05 if time.monotonic() - began < _COMING_UP_SECONDS else 0.003)
    return False


def _sleep(run: Run, seconds: float) -> None:
    until = time.monotonic() + seconds
    while run.process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)

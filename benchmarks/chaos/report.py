"""``python -m benchmarks chaos``: several streams, many kills, one verdict, kept in build/bench/chaos.json."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.campaign import Campaign
from benchmarks.chaos.place import JARS, Place
from benchmarks.chaos.producer import Numbers
from benchmarks.result import FOLDER
from lakehouse.engines.jars import resolve_jars
from lakehouse.local.broker import Broker, broker

SEED = 7
# Of the facts, and of a verdict.
WRONG = {
    "doubled": "doubled",
    "lost": "lost",
    "taken_back": "taken_back",
    "misplaced": "misplaced",
    "not_newest": "merged",
}
# Kills in a round, rounds of each stream. The routed ones write three tables in each batch, so they are fewer.
ROUNDS: dict[str, dict[str, tuple[int, ...]]] = {
    "small": {"plain": (3,), "transactions": (3,), "routes and a merge": (2,)},
    "full": {
        "plain": (16, 16, 16),
        "transactions": (16, 16, 16),
        "routes and a merge": (6,),
        "transactions, routes and a merge": (6,),
    },
}


def run(size: str, *, seed: int = SEED) -> bool:
    """Run the streams one after the other, print what came of them, and tell whether each record is there once."""
    console, began = Console(stderr=True), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-chaos-"))
    campaigns: dict[str, Campaign] = {}
    with broker(folder / "kafka", resolve_jars("kafka", folder=JARS)) as kafka:
        for number, name in enumerate(ROUNDS[size]):
            campaigns[name] = make_campaign(kafka, folder / f"lake-{number}", name, seed=seed + number)
            campaigns[name].say = partial(_say, console, name)
        for position, name, kills in _in_turn(ROUNDS[size]):
            campaigns[name].round(kills, deep=position == len(ROUNDS[size][name]) - 1)
            # After each round, so that a run that is cut off has said what it saw.
            save(facts_of(campaigns, seed=seed, seconds=time.monotonic() - began, size=size))
    facts = facts_of(campaigns, seed=seed, seconds=time.monotonic() - began, size=size)
    _print(facts)
    print(save(facts))
    whole = not any(facts[name] for name in WRONG)
    if whole:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"what is wrong lies in {folder}")
    return whole


def _in_turn(rounds: dict[str, tuple[int, ...]]) -> Iterator[tuple[int, str, int]]:
    """Give all first rounds, then all second ones."""
    for position in range(max(map(len, rounds.values()))):
        yield from ((position, name, kills[position]) for name, kills in rounds.items() if position < len(kills))


def _say(console: Console, name: str, text: str) -> None:
    console.print(f"{name}: {text}", highlight=False)


def make_campaign(kafka: Broker, folder: Path, name: str, *, seed: int) -> Campaign:
    """Make the stream that a name describes, with a producer and choices of its own."""
    rng = random.Random(seed)
    place = Place(
        folder=folder,
        servers=kafka.bootstrap_servers,
        topic=folder.name,
        transactional="transactions" in name,
        routed="routes" in name,
    ).lay_out()
    sent = Numbers(servers=place.servers, topic=place.topic, rng=rng, transactional=place.transactional)
    return Campaign(place=place, sent=sent, rng=rng)


def facts_of(campaigns: dict[str, Campaign], *, seed: int, seconds: float, size: str) -> dict[str, Any]:
    """Add up what the streams went through, and for each the worst of its counts."""
    all_of = [*campaigns.values()]
    return {
        "size": size,
        "seed": seed,
        "streams": [*campaigns],
        "kills": sum(one.kills.total() for one in all_of),
        "restarts": sum(one.starts for one in all_of) - len(all_of),
        "counts": sum(len(one.verdicts) for one in all_of),
        "records": sum(one.verdicts[-1].records for one in all_of if one.verdicts),
        "aborted": sum(len(one.sent.aborted) for one in all_of),
        **{name: sum(_worst(one, what) for one in all_of) for name, what in WRONG.items()},
        "seconds": round(seconds),
        "by_moment": dict(sum((one.kills for one in all_of), Counter()).most_common()),
        "left_behind": dict(sum((one.left for one in all_of), Counter()).most_common()),
    }


def _worst(campaign: Campaign, what: str) -> int:
    return max((len(getattr(verdict, what)) for verdict in campaign.verdicts), default=0)


def save(facts: dict[str, Any]) -> Path:
    """Write the facts for the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "chaos.json"
    file.write_text(json.dumps(facts, indent=2) + "\n")
    return file


def _print(facts: dict[str, Any]) -> None:
    for title, what in (("killed when", "by_moment"), ("what was left behind", "left_behind")):
        table = Table(title, box=None)
        table.add_column("kills", justify="right")
        for name, count in facts[what].items():
            table.add_row(name, f"{count}")
        Console().print(table)
    print(
        f"{facts['kills']} kills, {facts['restarts']} restarts, {facts['records']:,} records in {facts['seconds']} s: "
        f"{facts['doubled']} doubled, {facts['lost']} lost, {facts['taken_back']} of aborted transactions, "
        f"{facts['misplaced']} misplaced, {facts['not_newest']} keys not at their newest"
    )

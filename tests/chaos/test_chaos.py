"""Whatever dies, and whatever is done to a checkpoint: each record is in bronze once. Real processes, real signals."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.chaos.campaign import Campaign
from benchmarks.chaos.moments import look
from benchmarks.chaos.place import TABLE, Run
from benchmarks.chaos.report import make_campaign

from lakehouse.catalog.batch_stamp import BatchStamp
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.ledger import ancestors
from lakehouse.engines.jars import resolve_jars
from lakehouse.local.broker import Broker, running_broker, start_broker, stop_broker
from tests.chaos.conftest import Chaos, chaos, eventually
from tests.conftest import JARS
from tests.kills.test_kills import SMALL_DISK

pytestmark = pytest.mark.slow

FOLLOW = ("--follow", "--trigger-seconds", "1")
WITHOUT_STAMPS = "import lakehouse.pipeline.batch as batch; batch.newest_stamp = lambda *_: None"


def at(checkpoint: Path) -> tuple[str, str]:
    """Options for another checkpoint than that of the settings."""
    return "--set", f'streams."{TABLE}".checkpoint={checkpoint}'


def forget_the_newest_note(checkpoint: Path) -> None:
    """Leave what a death between the commit of the table and that of the checkpoint leaves."""
    newest = look_done(checkpoint)
    (checkpoint / "commits" / f"{newest}").unlink()
    (checkpoint / "commits" / f".{newest}.crc").unlink()


def look_done(checkpoint: Path) -> int:
    return max(int(file.name) for file in (checkpoint / "commits").iterdir() if file.name.isdigit())


def writers(found: Chaos) -> set[str]:
    """The queries that have written something to the table."""
    table = open_catalog(found.place.settings()).load_table(TABLE)
    stamps = filter(None, map(BatchStamp.from_snapshot, ancestors(table)))
    return {stamp.query_id for stamp in stamps if stamp.records}


def kill_all(*runs: Run) -> None:
    for run in runs:
        if run.process.poll() is None:
            run.kill()


def test_killed_ten_times_a_stream_of_transactions_has_each_record_once_and_none_that_was_aborted(
    kafka: Broker, tmp_path: Path, unique: str
) -> None:
    campaign: Campaign = make_campaign(kafka, tmp_path / unique, "transactions", seed=7)
    verdict = campaign.round(10, deep=True)
    assert (campaign.kills.total(), verdict.is_whole) == (10, True), verdict
    assert verdict.records > 0 < len(campaign.sent.aborted)


def test_a_broker_that_is_killed_and_started_again_under_a_running_stream_costs_nothing(tmp_path: Path) -> None:
    folder, jars = tmp_path / "kafka", resolve_jars("kafka", folder=JARS)
    broker = start_broker(folder=folder, jars=jars)
    found = chaos(tmp_path / "lake", broker.bootstrap_servers, "beeps")
    run = found.place.start("stream", TABLE, *FOLLOW)
    try:
        found.sent.send(2000)
        eventually(lambda: look(found.place).done >= 0)
        found.sent.hand_over(2000)
        os.kill(broker.pid, signal.SIGKILL)
        found.sent.hand_over(2000)
        # A JVM takes a moment to die, and answers until then.
        eventually(lambda: running_broker(folder) is None)
        broker = start_broker(folder=folder, jars=jars)
        found.sent.flush()
        eventually(lambda: not found.verdict().lost or run.process.poll() is not None)
        assert run.process.poll() is None, run.said()
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.wait(60)[0] == 130, run.said()
        assert found.verdict().is_whole, found.verdict()
        assert found.place.verify()[0] == 0
    finally:
        kill_all(run)
        stop_broker(broker)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory, kafka: Broker) -> Iterator[tuple[Chaos, Path]]:
    """A stream that has run twice, and its checkpoint as it was after the first time. Each test leaves it whole."""
    folder = tmp_path_factory.mktemp("settled")
    found = chaos(folder, kafka.bootstrap_servers, folder.name)
    for _ in range(2):
        if found.place.checkpoint.exists():
            shutil.copytree(found.place.checkpoint, folder / "older")
        found.sent.send(700)
        assert found.place.stream()[0] == 0
    yield found, folder / "older"
    code, said = found.place.verify("--deep")
    assert code == 0, said


def refused_then_recovered(found: Chaos, how: str, *options: str) -> str:
    """Start it, which must be refused and write nothing, and start it again with a way out; gives the refusal."""
    found.sent.send(300)
    before = len(found.verdict().lost)
    code, refusal = found.place.stream(*options)
    assert (code, len(found.verdict().lost), "Traceback" in refusal) == (3, before, False), refusal
    code, said = found.place.stream("--recover", how, *options)
    assert code == 0, said
    assert found.verdict().is_whole, found.verdict()
    assert found.place.verify()[0] == 0
    return refusal


def test_a_deleted_checkpoint_is_refused_and_from_table_goes_on(settled: tuple[Chaos, Path]) -> None:
    found, _ = settled
    shutil.rmtree(found.place.checkpoint)
    assert "the checkpoint is new, but" in refused_then_recovered(found, "from-table")


def test_a_checkpoint_that_was_rolled_back_is_refused_and_from_checkpoint_goes_on(settled: tuple[Chaos, Path]) -> None:
    found, older = settled
    shutil.rmtree(found.place.checkpoint)
    shutil.copytree(older, found.place.checkpoint)
    assert "which the checkpoint has not done" in refused_then_recovered(found, "from-checkpoint")


def test_a_copied_checkpoint_is_refused_at_another_place_and_from_table_goes_on(
    settled: tuple[Chaos, Path], tmp_path: Path
) -> None:
    found, older = settled
    shutil.copytree(older, tmp_path / "copy")
    refusal = refused_then_recovered(found, "from-table", *at(tmp_path / "copy"))
    assert "it is an older or another one" in refusal
    # The first place is behind now, and goes on in the same way.
    assert found.place.stream("--recover", "from-checkpoint")[0] == 0
    assert found.verdict().is_whole, found.verdict()


def test_two_streams_at_once_with_a_route_and_a_merge_write_each_record_once(
    kafka: Broker, tmp_path: Path, unique: str
) -> None:
    found = chaos(tmp_path, kafka.bootstrap_servers, unique, routed=True)
    found.sent.send(500)
    first = found.place.start("stream", TABLE, *FOLLOW)
    eventually(lambda: look(found.place).done >= 0)
    second = found.place.start("stream", TABLE, *FOLLOW, "--recover", "from-table", *at(tmp_path / "second"))
    try:
        eventually((tmp_path / "second" / "offsets").exists)

        def both_wrote() -> bool:
            # No faster than they can write, else what is left over takes minutes.
            found.sent.send(100)
            time.sleep(1)
            return len(writers(found)) == 2

        eventually(both_wrote)
        found.sent.send(1000)
        eventually(lambda: not found.verdict().lost)
        assert (first.process.poll(), second.process.poll()) == (None, None), first.said() + second.said()
    finally:
        kill_all(first, second)
    # Who was killed may have been in a batch; the run to the end brings all tables to the same place.
    code, said = found.place.stream("--recover", "from-checkpoint")
    assert code == 0, said
    assert found.verdict().is_whole, found.verdict()
    code, said = found.place.verify("--deep")
    assert code == 0, said


def test_on_a_full_disk_it_says_so_and_with_room_again_each_record_is_there_once(
    tmp_path: Path, kafka: Broker, unique: str
) -> None:
    found = chaos(tmp_path, kafka.bootstrap_servers, unique, batch=20_000)
    found.sent.send(20_000)
    code, said = found.place.stream(disk=SMALL_DISK)
    assert (code, "Traceback" in said) == (3, False), said
    code, said = found.place.stream()
    assert code == 0, said
    assert found.verdict().is_whole, found.verdict()
    code, said = found.place.verify("--deep")
    assert code == 0, said


def test_a_stream_that_does_not_look_at_stamps_doubles_a_batch_and_both_checks_name_it(plain: Chaos) -> None:
    plain.sent.send(80)
    assert plain.place.stream()[0] == 0
    forget_the_newest_note(plain.place.checkpoint)
    assert plain.place.stream()[0] == 0
    assert plain.verdict().is_whole, "the guard is there, and holds"

    forget_the_newest_note(plain.place.checkpoint)
    assert plain.place.stream(first=WITHOUT_STAMPS)[0] == 0
    assert plain.verdict().doubled == tuple(range(80))
    code, said = plain.place.verify("--deep")
    assert code == 3, said
    for part in ("0", "1"):
        assert f"doubled: {plain.place.topic}-{part} [0, " in said, said

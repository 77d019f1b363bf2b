"""Log files as they grow, are renamed, copied and cut: each whole record is read once, under an id that it keeps."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lakehouse.agent.checkpoint import Checkpoint
from lakehouse.agent.log_file import Splitting
from lakehouse.agent.tail import Tail
from lakehouse.errors import SourceError

ID = tuple[str, int]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that an application writes to."""
    path = tmp_path / "logs" / "app.log"
    path.parent.mkdir()
    return path


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def tail_of(log: Path, splitting: Splitting = Splitting(), rotated_seconds: float = 0.0) -> Tail:  # noqa: B008
    return Tail(patterns=[str(log)], splitting=splitting, rotated_seconds=rotated_seconds)


def read(tail: Tail) -> dict[ID, str]:
    """Read until nothing more comes; all of it is delivered."""
    found: dict[ID, str] = {}
    while True:
        more = tail.scan(now=True)
        records = tail.read()
        for one in records:
            assert (one.file.id, one.start) not in found
            found[one.file.id, one.start] = one.raw.decode()
            one.file.delivered(1, one.file.read)
        if not records and not more:
            return found


def texts(found: dict[ID, str]) -> list[str]:
    return [one.rstrip("\n") for one in found.values()]


def restarted(tail: Tail, checkpoint: Path) -> Tail:
    """Give what another process reads behind the checkpoint of this one."""
    kept = Checkpoint(path=checkpoint)
    kept.write(tail.files)
    return Tail(patterns=tail.patterns, rotated_seconds=tail.rotated_seconds, files=Checkpoint(path=checkpoint).read())


def test_a_line_that_is_still_being_written_is_waited_for(log: Path) -> None:
    tail = tail_of(log)
    add(log, "one\ntw")
    assert texts(read(tail)) == ["one"]
    add(log, "o\n")
    assert texts(read(tail)) == ["two"]


def test_what_is_written_to_a_file_before_and_after_its_renaming_is_read(log: Path) -> None:
    tail = tail_of(log, rotated_seconds=60)
    add(log, "one\n")
    first = read(tail)
    add(log, "two\n")
    log.rename(f"{log}.1")
    add(log, "three\n")
    add(Path(f"{log}.1"), "late\n")
    found = read(tail)
    assert sorted(texts(found)) == ["late", "three", "two"]
    assert {key[0] for key, text in found.items() if text != "three\n"} == {key[0] for key in first}


def test_a_last_line_without_an_end_is_a_record_when_its_file_was_renamed(log: Path) -> None:
    tail = tail_of(log)
    add(log, "one\nhalf")
    read(tail)
    log.rename(f"{log}.1")
    assert texts(read(tail)) == ["half"]
    tail.scan(now=True)
    assert tail.files == []


@pytest.mark.parametrize("running", [True, False], ids=["while it reads", "while it was not running"])
def test_what_stood_in_a_file_that_was_copied_and_cut_is_read_from_the_copy(
    log: Path, tmp_path: Path, running: bool
) -> None:
    tail = tail_of(log)
    add(log, "one\n")
    (first,) = read(tail)
    add(log, "two\n")
    shutil.copy(log, f"{log}.1")
    log.write_text("")
    # Longer than what was read, so that its size does not tell.
    add(log, "three, and so on\n")
    found = read(tail if running else restarted(tail, tmp_path / "checkpoint"))
    assert sorted(texts(found)) == ["three, and so on", "two"]
    assert (first[0], 4) in found


def test_a_file_that_was_cut_before_anything_of_it_was_read_is_read_from_the_copy(log: Path) -> None:
    tail = tail_of(log)
    add(log, "one\n")
    tail.scan(now=True)
    shutil.copy(log, f"{log}.1")
    log.write_text("two\n")
    assert sorted(texts(read(tail))) == ["one", "two"]


def test_a_file_that_was_renamed_while_nobody_read_is_found_by_its_inode(log: Path, tmp_path: Path) -> None:
    tail = tail_of(log)
    add(log, "one\n")
    read(tail)
    add(log, "two\n")
    log.rename(log.with_name("old.log.7"))
    add(log, "three\n")
    again = restarted(tail, tmp_path / "checkpoint")
    assert sorted(texts(read(again))) == ["three", "two"]
    assert again.told == []


def test_what_was_lost_is_told(log: Path, tmp_path: Path) -> None:
    tail = tail_of(log)
    add(log, "one\n")
    read(tail)
    log.unlink()
    again = restarted(tail, tmp_path / "checkpoint")
    assert read(again) == {}
    assert "what stood behind byte 4, if anything, is lost" in again.told[0]


def test_lines_of_a_stack_trace_are_one_record_that_is_whole_when_the_next_begins(log: Path) -> None:
    tail = tail_of(log, Splitting(begins=re.compile(rb"\d"), wait_seconds=60))
    add(log, "1 went wrong\n  at a\n  at b\n2 fine\n")
    assert texts(read(tail)) == ["1 went wrong\n  at a\n  at b"]
    tail.splitting = Splitting(begins=re.compile(rb"\d"), wait_seconds=0)
    assert texts(read(tail)) == ["2 fine"]


def test_a_line_of_more_than_is_read_at_once_is_left_out_and_told(log: Path) -> None:
    tail = tail_of(log)
    add(log, "one\n" + "x" * 5_000_000 + "\nthree\n")
    assert texts(read(tail)) == ["one", "three"]
    assert "too long" in tail.told[0]


def test_packed_files_are_not_read(log: Path) -> None:
    add(log.with_name("app.log.2.gz"), "packed\n")
    assert read(Tail(patterns=[f"{log}*"])) == {}


def test_two_agents_do_not_share_a_checkpoint(tmp_path: Path) -> None:
    first, second = Checkpoint(path=tmp_path / "c.json"), Checkpoint(path=tmp_path / "c.json")
    first.take()
    with pytest.raises(SourceError, match="another agent is at work with"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"files": [{')
    with pytest.raises(SourceError, match="is no checkpoint of an agent"):
        Checkpoint(path=tmp_path / "c.json").read()

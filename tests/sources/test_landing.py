"""Landing zones: whatever dies on the way, each file is in the table once and in the end among the processed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse.catalog.file_ledger import Held
from lakehouse.catalog.iceberg import Lake
from lakehouse.pipeline.take import take
from lakehouse.sources.landing import LandingZone
from tests.sources.sales import fresh_spec

HOUR = "2026/11/28/06"


class DiesError(Exception):
    """The machine is gone."""


def land(root: Path, name: str, number: int) -> None:
    folder = root / "landing" / HOUR
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(gzip.compress(f'{{"number": {number}}}\n'.encode(), mtime=0))


def zone(root: Path) -> LandingZone:
    return LandingZone(root=str(root), settle_seconds=0)


def names(root: Path, part: str) -> list[str]:
    return sorted(one.name for one in (root / part).rglob("*.gz"))


def die_after(patch: pytest.MonkeyPatch, doing: str, times: int) -> None:
    """Let a zone die in place of doing something for so many times and once more."""
    real: Callable[..., object] = getattr(LandingZone, doing)
    done: list[int] = []

    def until(*arguments: object, **named: object) -> object:
        if len(done) == times:
            raise DiesError
        done.append(1)
        return real(*arguments, **named)

    patch.setattr(LandingZone, doing, until)


@pytest.mark.parametrize(("doing", "times"), [("_write", 0), ("_write", 1), ("_write", 3), ("_checksum", 1)])
def test_what_dies_on_the_way_to_processing_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, doing: str, times: int
) -> None:
    for number, name in enumerate(("a.gz", "b.gz")):
        land(tmp_path, name, number)
    with monkeypatch.context() as patch:
        die_after(patch, doing, times)
        with pytest.raises(DiesError):
            move_on(tmp_path)
    move_on(tmp_path)
    assert (names(tmp_path, "landing"), names(tmp_path, "processing")) == ([], ["a.gz", "b.gz"])


def move_on(root: Path) -> None:
    """Let a zone move on what has landed."""
    found = zone(root)
    for piece in found._zone("landing").files()[0]:
        found._begin(piece)


def test_a_file_is_taken_once_whatever_dies_and_ends_among_the_processed(
    lake: Lake, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = fresh_spec(unique)
    land(tmp_path, "a.gz", 1)
    with monkeypatch.context() as patch:
        # After the commit, and before the file moves on.
        die_after(patch, "_finish", 1)
        with pytest.raises(DiesError):
            take(lake, spec, zone(tmp_path), max_record_bytes=1_000)
    assert names(tmp_path, "processing") == ["a.gz"]
    land(tmp_path, "b.gz", 2)
    took = take(lake, spec, zone(tmp_path), max_record_bytes=1_000)
    land(tmp_path, "a.gz", 1)
    again = take(lake, spec, zone(tmp_path), max_record_bytes=1_000)
    assert (took.pieces, again.pieces) == (1, 0)
    assert sorted(row[0] for row in lake.rows(spec).select("record.number").collect()) == [1, 2]
    assert [names(tmp_path, part) for part in ("landing", "processing", "processed")] == [[], [], ["a.gz", "b.gz"]]


def test_another_file_of_a_name_that_was_processed_stays_and_is_told(tmp_path: Path) -> None:
    land(tmp_path, "a.gz", 1)
    move_on(tmp_path)
    found = zone(tmp_path)
    found._finish(found._zone("processing").files()[0])
    land(tmp_path, "a.gz", 2)
    assert list(found.batches(None, None, Held())) == []  # type: ignore[arg-type]
    assert "another file of that name" in found.left_out[0].why
    assert names(tmp_path, "landing") == ["a.gz"]

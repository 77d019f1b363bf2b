"""Files into a bronze table, with what is usually wrong with files: each record is a row or a dead letter, once."""

from __future__ import annotations

import bz2
import gzip
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from lakehouse.catalog.file_ledger import Held, read_held
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.table import TableSpec
from lakehouse.engines.versions import spark_version
from lakehouse.errors import SourceError
from lakehouse.pipeline.replay import Chosen
from lakehouse.pipeline.replay_files import replay_files
from lakehouse.pipeline.take import Took, take
from lakehouse.pipeline.verify_files import verify_files, verify_files_deep
from lakehouse.sources.file_listing import Folder
from lakehouse.sources.files import Changed, FileSource
from lakehouse.sources.protocol import LeftOut, SourceBatch
from tests.conftest import needs_spark_4
from tests.sources.sales import files_at, fresh_spec

HEADER = "number,article,amount,day,at\n"
GOOD = "1,Tea,2.50,2026-11-01,2026-11-01T10:00:00\n"
_NO_ZSTD = "Hadoop unpacks zstd with a library of the system, which clusters have and PySpark 3.5 does not"
FILES: dict[str, bytes] = {
    "good.csv": (HEADER + GOOD + "\n" + '2,"Tea, green",3.00,,\n').encode(),
    "other_order.csv": "Amount;extra;NUMBER;Article\n1,5;x;3;Tür\n".encode("cp1252"),
    "german.csv": "number;article;amount;day\n4;Tür;1.234,50;24.12.2026\n5;Öl;0,99;01.02.2026\n".encode("cp1252"),
    "bom.csv": b"\xef\xbb\xbf" + (HEADER + "6,Tea,1,,\n").encode(),
    "no_header.csv": b"7,Tea,1.00,2026-11-01,2026-11-01T10:00:00\n",
    "line_breaks.csv": (HEADER + '8,"Tea\n\ngreen",1,,\n9,Oil,2,,\n').encode(),
    "bad.csv": (
        HEADER
        + "10,Tea,1,,\n11,Tea\n12,Tea,1,2,3,4,5\nx,Tea,1,,\n13,Tea,1.999,,\n,Tea,1,,\n14,Tea,1,2026-02-30,\n"
        + "15,Tea,1,,12:30\n16,Tea,1,,2026-11-01\n"
    ).encode(),
    "open_quote.csv": (HEADER + '17,"Tea,1,,\n18,Oil 5" long,1,,\n19,Tea,1,,"x\n').encode(),
    "mixed.csv": (HEADER + "20,Tür,1,,\n").encode() + "21,Öl,1,,\n".encode("cp1252") + "22,Tür,1,,\n".encode(),
    "large.csv": (HEADER + f"23,{'x' * 2_000},1,,\n24,Tea,1,,\n").encode(),
    "twice.csv": b"number,number,article\n1,2,Tea\n",
    "strange.csv": b"a,b\n1,2\n",
    "no_number.csv": b"article,amount\nTea,1\n",
    "utf16.csv": (HEADER + GOOD).encode("utf-16"),
    "doubtful.csv": b"number,day\n25,03/04/2026\n",
    "empty.csv": b"",
    "only_header.csv": HEADER.encode(),
    "sales.jsonl": b'\xef\xbb\xbf{"number": 30, "new": 1}\n\n{"number": \n{"number": "x"}\n{"number": 31}',
    "glued.jsonl": b'{"number": 60, "article": "}{"}{"number": 61}\n{"number": 62} {"number": "x"}{}',
    "array.json": b'[{"number": 32, "amount": 2.5}, {"article": "Tea"}]',
    "lines.json": b'{"number": 33}\n{"number": 34}\n',
    "packed.csv.gz": gzip.compress((HEADER + "35,Tea,1,,\n").encode()),
    "packed.csv.bz2": bz2.compress((HEADER + "36,Tea,1,,\n").encode()),
    "packed.csv.zst": pa.compress((HEADER + "37,Tea,1,,\n").encode(), codec="zstd", asbytes=True),
    "cut_off.csv.gz": gzip.compress(os.urandom(90_000).hex().encode())[:50_000],
    "cut_off_late.csv.gz": gzip.compress((HEADER + "38,Tea,1,,\n" * 9 + os.urandom(400_000).hex()).encode())[:-9],
    "notes.docx": b"what is this",
    "sub dir/{a} b+%41.csv": (HEADER + "40,Tea,1,,\n").encode(),
    "_hidden.csv": HEADER.encode(),
    "upload.csv.part": HEADER.encode(),
    "copied.csv._COPYING_": HEADER.encode(),
}  # fmt: skip


@dataclass
class Taken:
    """A table that has taken a folder."""

    lake: Lake
    spec: TableSpec
    folder: Path
    took: Took
    all_rows: list[Any]

    def of(self, name: str) -> list[Any]:
        """All rows of a file, by line."""
        return sorted((one for one in self.all_rows if one.source == str(self.folder / name)), key=lambda one: one.line)

    def rows(self, name: str) -> list[Any]:
        """Line, number and reason of each record of a file."""
        return [
            (one.line, one.record and one.record.number, one.dead_letter and one.dead_letter.reason)
            for one in self.of(name)
        ]


@pytest.fixture(scope="module")
def taken(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """All files of above and one of Parquet, taken at once."""
    folder = tmp_path_factory.mktemp("inbox")
    for name, content in FILES.items():
        if name.endswith(".zst") and spark_version().line == "3.5":
            continue
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    columns = {"number": ["41", "x"], "amount": [2.5, 1.0], "other": [1, 2]}
    pq.write_table(pa.table(columns), folder / "typed.parquet")
    spec = fresh_spec("t_files")
    took = take(lake, spec, files_at(folder), max_record_bytes=1_000)
    return Taken(lake, spec, folder, took, lake.rows(spec).collect())


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("good.csv", [(2, 1, None), (4, 2, None)]),
        ("other_order.csv", [(2, 3, None)]),
        ("german.csv", [(2, 4, None), (3, 5, None)]),
        ("bom.csv", [(2, 6, None)]),
        ("no_header.csv", [(1, 7, None)]),
        ("line_breaks.csv", [(2, 8, None), (5, 9, None)]),
        (
            "bad.csv",
            [(2, 10, None), (3, None, "malformed_csv"), (4, None, "malformed_csv"), (5, None, "wrong_type"),
             (6, None, "wrong_type"), (7, None, "missing_required"), (8, None, "wrong_type"), (9, None, "wrong_type"),
             (10, 16, None)],
        ),
        ("open_quote.csv", [(2, None, "malformed_csv"), (3, 18, None), (4, None, "malformed_csv")]),
        ("mixed.csv", [(2, 20, None), (3, None, "wrong_encoding"), (4, 22, None)]),
        ("large.csv", [(2, None, "too_large"), (3, 24, None)]),
        ("twice.csv", [(0, None, "unreadable_file")]),
        ("strange.csv", [(0, None, "unreadable_file")]),
        ("no_number.csv", [(0, None, "missing_required")]),
        ("utf16.csv", [(0, None, "wrong_encoding")]),
        ("doubtful.csv", []),
        ("empty.csv", []),
        ("only_header.csv", []),
        ("sales.jsonl", [(1, 30, None), (3, None, "malformed_json"), (4, None, "wrong_type"), (5, 31, None)]),
        (
            "glued.jsonl",
            [(1, 60, None), (2, 61, None), (3, 62, None), (4, None, "wrong_type"), (5, None, "missing_required")],
        ),
        ("array.json", [(1, 32, None), (2, None, "missing_required")]),
        ("lines.json", [(1, 33, None), (2, 34, None)]),
        ("packed.csv.gz", [(2, 35, None)]),
        ("packed.csv.bz2", [(2, 36, None)]),
        pytest.param("packed.csv.zst", [(2, 37, None)], marks=needs_spark_4(_NO_ZSTD)),
        ("cut_off.csv.gz", [(0, None, "unreadable_file")]),
        ("cut_off_late.csv.gz", [(0, None, "unreadable_file")]),
        ("sub dir/{a} b+%41.csv", [(2, 40, None)]),
        ("typed.parquet", [(1, 41, None), (2, None, "wrong_type")]),
        ("_hidden.csv", []),
        ("upload.csv.part", []),
        ("copied.csv._COPYING_", []),
    ],
)  # fmt: skip
def test_each_record_of_a_file_is_a_row_or_a_dead_letter_with_its_line(
    taken: Taken, name: str, rows: list[Any]
) -> None:
    assert taken.rows(name) == rows


def test_large_files_give_the_same_rows_as_small_ones(
    taken: Taken, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakehouse.sources.small_files._BATCH_FILES", 0)
    names = ("good.csv", "german.csv", "line_breaks.csv", "sales.jsonl", "packed.csv.gz")
    for name in names:
        (tmp_path / name).write_bytes(FILES[name])
    spec = fresh_spec(unique)
    took = take(taken.lake, spec, files_at(tmp_path), max_record_bytes=1_000)
    large = Taken(taken.lake, spec, tmp_path, took, taken.lake.rows(spec).collect())
    assert [large.rows(name) for name in names] == [taken.rows(name) for name in names]
    assert verify_files(taken.lake.catalog, spec).problems == ()


def test_a_dead_letter_says_which_value_is_wrong(taken: Taken) -> None:
    details = {one.line: one.dead_letter.detail for one in taken.of("bad.csv") if one.dead_letter}
    assert details[5] == "number: expected bigint, found x"
    assert details[6] == "amount: expected decimal(12,2), found 1.999"
    assert details[7] == "number: required, not there"
    assert details[8] == "day: expected date, found 2026-02-30"


def test_values_are_read_as_the_file_writes_them(taken: Taken) -> None:
    found = [(one.record.article, str(one.record.amount), str(one.record.day)) for one in taken.of("german.csv")]
    assert found == [("Tür", "1234.50", "2026-12-24"), ("Öl", "0.99", "2026-02-01")]


def test_a_dead_letter_keeps_the_line_byte_for_byte(taken: Taken) -> None:
    assert bytes(taken.of("mixed.csv")[1].dead_letter.value) == "21,Öl,1,,".encode("cp1252")


def test_the_records_of_each_file_are_counted_before_the_commit(taken: Taken) -> None:
    held = read_held(taken.lake.catalog, taken.spec.name)
    counted = {one.source: one.records for one in held.newest().values() if one.records}
    assert counted == Counter(one.source for one in taken.all_rows)
    assert taken.took.records == sum(counted.values())


def test_files_that_are_not_taken_are_told_with_the_reason(taken: Taken) -> None:
    told = {Path(one.source).name: one.why for one in taken.took.left_out}
    assert set(told) == {"doubtful.csv", "notes.docx"}
    assert "say it: --option dates.day=" in told["doubtful.csv"]


def test_fields_that_the_contract_does_not_have_are_noted(taken: Taken) -> None:
    noted = taken.lake.named("ops.schema_drift").where(f"table_name = '{taken.spec.name}'")
    assert Counter(row["field"] for row in noted.collect()) == {"extra": 1, "new": 1, "other": 1}


def test_the_table_proves_that_it_holds_each_record_once(taken: Taken) -> None:
    proof = verify_files(taken.lake.catalog, taken.spec)
    assert (proof.problems, proof.records, proof.rows) == ((), len(taken.all_rows), len(taken.all_rows))
    assert verify_files_deep(taken.lake, taken.spec, proof).problems == ()


def test_a_dead_letter_that_can_be_read_now_becomes_a_row_once(taken: Taken) -> None:
    too_large = Chosen(reasons=("too_large",))
    found = [replay_files(taken.lake, taken.spec, too_large, max_bytes=10_000) for _ in range(2)]
    assert [(one.chosen, one.added) for one in found] == [(1, 1), (0, 0)]
    proof = verify_files(taken.lake.catalog, taken.spec)
    assert (proof.problems, proof.replayed) == ((), 1)


def test_nothing_is_taken_twice(taken: Taken) -> None:
    before = taken.lake.table(taken.spec.name).current_snapshot()
    again = take(taken.lake, taken.spec, files_at(taken.folder), max_record_bytes=1_000)
    assert (again.pieces, taken.lake.table(taken.spec.name).current_snapshot()) == (0, before)


def test_a_changed_file_is_told_and_taken_only_when_asked(lake: Lake, unique: str, tmp_path: Path) -> None:
    spec, file = fresh_spec(unique), tmp_path / "a.csv"
    file.write_text(HEADER + "1,,,,\n")
    take(lake, spec, files_at(tmp_path), max_record_bytes=1_000)
    file.write_text(HEADER + "1,,,,\n2,,,,\n")
    left = take(lake, spec, files_at(tmp_path), max_record_bytes=1_000)
    assert (left.pieces, "has changed since" in left.left_out[0].why) == (0, True)
    taken = take(lake, spec, files_at(tmp_path, changed=Changed.TAKE), max_record_bytes=1_000)
    assert (taken.pieces, taken.records, lake.rows(spec).count()) == (1, 2, 3)


@dataclass
class Overtaken:
    """A source whose files another run takes first, each time before they are given."""

    source: FileSource
    before: Callable[[], object]
    name: str = "overtaken"
    left_out: tuple[LeftOut, ...] = ()

    def batches(self, spark: SparkSession, payload: ColumnSpec, held: Held) -> Iterator[SourceBatch]:
        """Give what was there before the other run."""
        for batch in self.source.batches(spark, payload, held):
            self.before()
            yield batch


def test_of_two_runs_at_once_one_takes_a_file(lake: Lake, unique: str, tmp_path: Path) -> None:
    spec = fresh_spec(unique)
    (tmp_path / "a.csv").write_text(HEADER + "1,,,,\n")
    other = Overtaken(files_at(tmp_path), lambda: take(lake, spec, files_at(tmp_path), max_record_bytes=1_000))
    assert take(lake, spec, other, max_record_bytes=1_000).pieces == 0
    assert (lake.rows(spec).count(), verify_files(lake.catalog, spec).problems) == (1, ())


def test_a_file_that_is_being_written_to_waits(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER)
    found, left = Folder(location=str(tmp_path), settle_seconds=0.2).files()
    assert ([Path(one.source).name for one in found], left) == (["a.csv"], [])


def test_a_place_that_spark_cannot_read_is_told_with_the_way_out(
    lake: Lake, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD)
    monkeypatch.setattr("lakehouse.sources.small_files.spark_path", lambda source: f"s3://{source}")
    with pytest.raises(SourceError, match="Spark has no file system for s3://"):
        take(lake, fresh_spec(unique), files_at(tmp_path), max_record_bytes=1_000)


def test_a_place_where_nothing_is_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is nothing at"):
        Folder(location=str(tmp_path / "nowhere")).files()


def test_folders_count_when_they_are_whole(tmp_path: Path) -> None:
    for name in ("done", "not_yet"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text(HEADER)
    (tmp_path / "done" / "_SUCCESS").touch()
    found, _ = Folder(location=str(tmp_path), settle_seconds=0, whole_folders=True).files()
    assert [Path(one.source).parent.name for one in found] == ["done"]

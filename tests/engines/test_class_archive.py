"""An archive of classes is written by the first Java, read by the next one, and never one that is cut off."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lakehouse.engines.class_archive import JavaStart, archive_options
from lakehouse.engines.ivy import ivy_jars
from lakehouse.engines.java import find_java


@pytest.fixture(scope="module")
def start() -> JavaStart:
    """The Java of a Spark with one jar more; it is started, and Spark is not."""
    (jar,) = ivy_jars().glob("ivy-*.jar")
    conf = {"spark.driver.memory": "64m", "spark.driver.extraClassPath": str(jar)}
    return JavaStart(find_java(os.environ), ivy_jars().parent.resolve(), (jar,), conf, dict(os.environ))


def run(start: JavaStart, options: str, *more: str) -> None:
    command = [*start.command, *options.split(), *more, "org.apache.ivy.Main", "-version"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def written(start: JavaStart, tmp_path: Path) -> Path:
    """What the first Java leaves behind."""
    run(start, archive_options(start, tmp_path))
    (found,) = tmp_path.iterdir()
    return found


def test_the_first_writes_it_and_the_next_one_reads_it(start: JavaStart, written: Path) -> None:
    reads = archive_options(start, written.parent)
    assert reads.endswith(f"-XX:SharedArchiveFile={written.parent}/classes-{start.id}.jsa")
    assert [file.suffix for file in written.parent.iterdir()] == [".jsa"]
    # Java ends with an error if it cannot be read.
    run(start, reads, "-Xshare:on")


def test_one_that_is_cut_off_is_not_read(start: JavaStart, written: Path) -> None:
    whole = written.read_bytes()
    written.unlink()
    written.write_bytes(whole[: len(whole) // 2])
    # It may still be written.
    assert archive_options(start, written.parent) == ""
    os.utime(written, (0, 0))
    assert "ArchiveClassesAtExit" in archive_options(start, written.parent)


def test_other_jars_get_another_one_and_the_old_one_goes(start: JavaStart, tmp_path: Path) -> None:
    copy = tmp_path / "ivy.jar"
    copy.write_bytes(start.jars[0].read_bytes())
    (tmp_path / "archives").mkdir()
    old = tmp_path / "archives" / "classes-0123.jsa"
    old.touch()
    other = replace(start, jars=(copy,), conf={**start.conf, "spark.driver.extraClassPath": str(copy)})
    run(other, archive_options(other, old.parent))
    archive_options(other, old.parent)
    assert [file.name for file in old.parent.iterdir()] == [f"classes-{other.id}.jsa"]
    assert other.id != start.id


def test_a_java_that_makes_none_is_asked_once(start: JavaStart, tmp_path: Path) -> None:
    unable = replace(start, conf={**start.conf, "spark.driver.extraJavaOptions": "-Xshare:off"})
    assert archive_options(unable, tmp_path) == ""
    assert [file.name for file in tmp_path.iterdir()] == [f"classes-{start.id}.tried"]
    # Asked again, this one could.
    assert archive_options(start, tmp_path) == ""


def test_an_own_archive_stands_above_ours(start: JavaStart, tmp_path: Path) -> None:
    own = {"spark.driver.extraJavaOptions": "-XX:SharedArchiveFile=/mine.jsa"}
    assert archive_options(replace(start, conf=own), tmp_path) == ""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.config import load
from lakehouse.config.explain import dotted, is_text, key_path
from lakehouse.errors import ConfigError


def refused(text: str, folder: Path) -> str:
    (folder / "my.toml").write_text(text)
    with pytest.raises(ConfigError) as told:
        load([folder / "my.toml"], environ={})
    return str(told.value)


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    said = refused("# a comment\n[quality]\nminimum_score = 0.5\n[kafka]\nbootstrap_server = 'h'", tmp_path)
    assert f"line 5 of {tmp_path}/my.toml: unknown key 'kafka.bootstrap_server'" in said


def test_a_missing_setting_is_told_with_the_line_of_its_section(tmp_path: Path) -> None:
    said = refused('\n\n[streams."bronze.x"]\nmax_record_bytes = 5', tmp_path)
    assert f'line 3 of {tmp_path}/my.toml: streams."bronze.x": a stream has either a topic or a topic_pattern' in said


def test_a_value_out_of_range_is_told_with_what_was_found(tmp_path: Path) -> None:
    said = refused("[quality]\nminimum_score = 7", tmp_path)
    assert "quality.minimum_score: Input should be less than or equal to 1; found 7" in said


def test_a_section_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    assert "unknown key 'zzz'; there is packages, catalog, session" in refused("[zzz]\na = 1", tmp_path)


def test_a_mistake_in_an_override_is_told_without_a_line() -> None:
    with pytest.raises(ConfigError, match=r"- --set quality\.toml: unknown key"):
        load([], overrides=["quality.toml=1"], environ={})


def test_a_mistake_in_the_environment_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="- environment LAKEHOUSE__SESION__MASTER: unknown key 'sesion'"):
        load([], environ={"LAKEHOUSE__SESION__MASTER": "x"})


@pytest.mark.parametrize("value", ["hunter2", "sasl.password=hunter2"])
def test_a_text_where_a_section_belongs_is_not_shown(value: str) -> None:
    with pytest.raises(ConfigError) as told:
        load([], overrides=[f"kafka.options={value}"], environ={})
    assert "hunter2" not in str(told.value)


def test_bytes_that_are_no_text_are_told_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"# \xff")
    with pytest.raises(ConfigError, match=r"my\.toml is no TOML: byte 2 is not UTF-8"):
        load([tmp_path / "my.toml"], environ={})


@pytest.mark.parametrize("key", ['a."b.c".d', "a", "a.b"])
def test_a_key_is_split_and_written_as_toml_does(key: str) -> None:
    assert dotted(key_path(key)) == key


@pytest.mark.parametrize("key", ["", "a b", "a =", "a.b\nc"])
def test_what_is_no_key_has_no_path(key: str) -> None:
    assert key_path(key) == ()


def test_what_is_declared_as_text_is_known() -> None:
    texts = [("local", "topic"), ("session", "master"), ("streams", "bronze.x", "topic")]
    others = [("packages",), ("quality", "minimum_score"), ("session", "conf"), ("no", "such")]
    assert [is_text(path) for path in (*texts, *others)] == [True] * 3 + [False] * 4

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.config import load

printable = st.text(st.characters(exclude_categories=["C"]), min_size=1).filter(lambda text: text[0] not in "\"'")


@given(printable)
def test_a_setting_that_is_text_takes_what_was_written_to_the_letter(text: str) -> None:
    by_set = load([], overrides=[f"local.topic={text}"], environ={}).settings.local.topic
    by_variable = load([], environ={"LAKEHOUSE__LOCAL__TOPIC": text}).settings.local.topic
    assert (by_set, by_variable) == (text, text)


@given(st.integers(1, 10**9))
def test_a_number_is_the_same_from_an_override_and_a_variable(count: int) -> None:
    by_set = load([], overrides=[f"local.sample_count={count}"], environ={}).settings
    by_variable = load([], environ={"LAKEHOUSE__LOCAL__SAMPLE_COUNT": str(count)}).settings
    assert (by_set.local.sample_count, by_variable.local.sample_count) == (count, count)


def test_the_digits_of_an_account_stay_text() -> None:
    found = load([], environ={"LAKEHOUSE__SNOWFLAKE__AWS_ACCOUNT_ID": "123456789012"}).settings
    assert found.snowflake.aws_account_id == "123456789012"


@pytest.mark.parametrize("value", ['{"bronze.x" = {topic = "t"}}', '{"bronze.x": {"topic": "t"}}'])
def test_a_variable_names_a_table_with_toml_or_json(value: str) -> None:
    assert load([], environ={"LAKEHOUSE__STREAMS": value}).settings.streams["bronze.x"].topic == "t"


def test_a_section_in_a_variable_leaves_the_other_keys_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('[streams."bronze.x"]\ntopic = "t"\nmax_record_bytes = 5')
    environ = {"LAKEHOUSE__STREAMS": '{"bronze.x" = {topic = "u"}}'}
    found = load([tmp_path / "my.toml"], environ=environ).settings.streams["bronze.x"]
    assert (found.topic, found.max_record_bytes) == ("u", 5)


def test_settings_of_spark_may_be_written_as_numbers_and_truths(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('[session.conf]\n"spark.a" = 4\n"spark.b" = true\n"spark.c" = 0.6')
    conf = load([tmp_path / "my.toml"], environ={}).settings.session.conf
    assert conf == {"spark.a": "4", "spark.b": "true", "spark.c": "0.6"}


def test_base_is_below_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("[local]\ntopic = 'b'\njars = 'j'")
    (tmp_path / "my.toml").write_text("[local]\ntopic = 'm'")
    found = load([tmp_path / "my.toml"], environ={})
    assert (found.settings.local.topic, found.settings.local.jars) == ("m", "j")
    assert found.origins["local", "jars"] == str(tmp_path / "base.toml")


def test_a_later_file_wins(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(f"[local]\ntopic = '{name}'")
    assert load([tmp_path / "a.toml", tmp_path / "b.toml"], environ={}).settings.local.topic == "b"


def test_variables_of_other_programs_are_left_alone() -> None:
    assert (
        load([], environ={"PATH": "/bin", "LAKEHOUSE_HOME": "x"}).origins.keys() <= load([], environ={}).origins.keys()
    )

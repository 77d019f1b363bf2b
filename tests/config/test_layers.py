from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.config import Settings, load
from lakehouse.config.paths import local_path
from lakehouse.config.secrets import resolve_secret
from lakehouse.config.show import rows_of
from lakehouse.errors import ConfigError

scores = st.floats(0, 1, allow_nan=False)


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


@given(st.lists(st.none() | scores, min_size=4, max_size=4))
def test_the_highest_layer_that_says_something_wins(said: list[float | None]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        texts = [f"[quality]\nminimum_score = {score}" if score is not None else "" for score in said[:2]]
        write(Path(name), "base.toml", texts[0])
        local = write(Path(name), "local.toml", texts[1])
        overrides = [] if said[2] is None else [f"quality.minimum_score={said[2]}"]
        environ = {} if said[3] is None else {"LAKEHOUSE__QUALITY__MINIMUM_SCORE": str(said[3])}
        found = load([local], overrides=overrides, environ=environ).settings.quality.minimum_score
    assert found == next((score for score in reversed(said) if score is not None), Settings().quality.minimum_score)


def test_an_environment_lies_over_the_files_and_under_what_is_given(tmp_path: Path) -> None:
    score = "[quality]\nminimum_score = 0.9\n[environments.dev.quality]\nminimum_score = 0.5"
    file = write(tmp_path, "my.toml", score)

    def found(*overrides: str) -> float:
        return load([file], overrides=overrides, environ={}).settings.quality.minimum_score

    assert found() == found("environment=qa") == 0.9
    assert found("environment=dev") == 0.5
    assert found("environment=dev", "quality.minimum_score=0.7") == 0.7


def test_an_unknown_key_of_an_environment_is_refused_where_it_is_used(tmp_path: Path) -> None:
    file = write(tmp_path, "my.toml", "[environments.dev.quality]\nminimum_scor = 1")
    with pytest.raises(ConfigError, match=r"minimum_scor"):
        load([file], overrides=["environment=dev"], environ={})


def test_an_unknown_key_is_refused_with_its_file_and_the_nearest_key(tmp_path: Path) -> None:
    file = write(tmp_path, "my.toml", "[quality]\nminimum_scor = 1")
    with pytest.raises(
        ConfigError, match=r"my\.toml: unknown key 'quality\.minimum_scor'; did you mean 'minimum_score'"
    ):
        load([file], environ={})


def test_an_unknown_key_of_a_stream_is_refused_too(tmp_path: Path) -> None:
    file = write(tmp_path, "my.toml", '[streams."bronze.x"]\ntopic = "t"\ncheckpont = "c"')
    with pytest.raises(ConfigError, match="did you mean 'checkpoint'"):
        load([file], environ={})


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "my.toml", "packagez = []\n[quality]\nminimum_score = 7")
    with pytest.raises(ConfigError) as told:
        load([file], environ={})
    assert str(told.value).count("\n  - ") == 2


def test_broken_toml_is_told_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"my\.toml is no TOML: .*line 1"):
        load([write(tmp_path, "my.toml", "[quality\nminimum_score = 1")], environ={})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read: No such file"):
        load([tmp_path / "nowhere.toml"], environ={})


def test_an_override_reaches_a_table_whose_name_has_a_dot() -> None:
    found = load([], overrides=['streams."bronze.x".topic=people'], environ={}).settings
    assert found.streams["bronze.x"].topic == "people"


def test_an_override_without_a_value_says_how_to_write_it() -> None:
    with pytest.raises(ConfigError, match=r"write a\.b=value"):
        load([], overrides=["quality"], environ={})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().quality.minimum_score = 1.0  # type: ignore[misc]


def test_each_value_knows_where_it_came_from(tmp_path: Path) -> None:
    file = write(tmp_path, "my.toml", "[quality]\nminimum_score = 0.5")
    rows = {key: origin for key, _, origin in rows_of(load([file], overrides=["local.topic=t"], environ={}))}
    found = (rows["quality.minimum_score"], rows["local.topic"], rows["catalog.name"])
    assert found == (str(file), "--set local.topic", "default")


SECRET = 'kafka.options."sasl.password"=hunter2'


def test_a_secret_in_plain_text_never_shows() -> None:
    loaded = load([], overrides=[SECRET, "catalog.uri=postgresql://me:hunter2@db/lake"], environ={})
    shown = json.dumps(rows_of(loaded)) + repr(loaded) + str(loaded.settings)
    assert "hunter2" not in shown


def test_a_secret_never_shows_in_an_error() -> None:
    with pytest.raises(ConfigError) as told:
        load([], overrides=['kafka.option."sasl.password"=hunter2'], environ={})
    assert "hunter2" not in str(told.value)


def test_a_reference_is_resolved_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = write(tmp_path, "secret", "s3cret\n")
    assert resolve_secret("secret://env/PW", environ={"PW": "x"}) == "x"
    assert resolve_secret(f"secret://file{file}", environ={}) == "s3cret"


@pytest.mark.parametrize("reference", ["secret://env/NOT_SET", "secret://file/not/there", "secret://vault/x"])
def test_a_reference_that_leads_nowhere_is_told(reference: str) -> None:
    with pytest.raises(ConfigError, match=r"secret://"):
        resolve_secret(reference, environ={})


@pytest.mark.parametrize(("given_path", "kept"), [("s3://b/p", True), ("postgresql://h/d", True), (".lake", False)])
def test_only_local_places_are_made_absolute(given_path: str, kept: bool) -> None:
    assert (local_path(given_path) == given_path) is kept
    assert local_path("sqlite:///x.db") == f"sqlite:///{Path('x.db').absolute()}"

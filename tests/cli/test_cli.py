"""The command line as a person uses it: help, mistakes, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import all_verbs, lakehouse

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with the reference lake's settings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "base.toml").write_text((ROOT / "conf" / "base.toml").read_text())
    return tmp_path


@pytest.mark.parametrize("verb", all_verbs(), ids=" ".join)
def test_every_verb_has_help_with_an_example_within_80_columns(verb: tuple[str, ...]) -> None:
    shown = lakehouse(*verb, "--help")
    assert shown.exit_code == 0
    assert f"lakehouse {' '.join(verb)}" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80


def test_a_misspelt_verb_is_wrong_usage_and_the_right_one_is_named() -> None:
    shown = lakehouse("strem")
    assert (shown.exit_code, "Did you mean 'stream'?" in shown.output) == (2, True)


def test_help_of_all_says_of_each_verb_what_its_own_help_begins_with() -> None:
    shown = " ".join(lakehouse("--help").output.replace("│", " ").split())
    assert "plan Show what `lakehouse run` would do, and why. Reads no data and changes nothing." in shown


def test_help_loads_nothing_that_verbs_need() -> None:
    code = "import sys; from lakehouse.cli.main import app; app(['--help'], standalone_mode=False); "
    code += "print(sorted({'pyiceberg', 'pandas', 'lakehouse.session'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_typo_in_the_settings_is_refused_without_a_stack_trace(folder: Path) -> None:
    (folder / "my.toml").write_text("[catalgo]\nname = 'x'")
    shown = lakehouse("tables", "--config", "my.toml")
    assert shown.exit_code == 3
    assert "unknown key 'catalgo'; did you mean 'catalog'?" in shown.output


@pytest.mark.usefixtures("folder")
def test_a_table_that_no_package_declares_is_refused_with_those_that_exist() -> None:
    shown = lakehouse("run", "silver.usrs")
    assert shown.exit_code == 3
    assert "silver.users" in shown.output


@pytest.mark.usefixtures("folder")
def test_a_bronze_table_cannot_be_built() -> None:
    shown = lakehouse("run", "bronze.users_raw")
    assert (shown.exit_code, "no build makes bronze.users_raw" in shown.output) == (3, True)


@pytest.mark.usefixtures("folder")
def test_a_table_without_a_topic_says_what_to_add() -> None:
    shown = lakehouse("stream", "silver.users")
    assert (shown.exit_code, '[streams."silver.users"]' in shown.output) == (3, True)


@pytest.mark.usefixtures("folder")
def test_a_table_that_is_not_made_for_kafka_is_no_target_of_a_stream() -> None:
    options = ["--set", 'streams."silver.users".topic=t', "--set", "kafka.bootstrap_servers=127.0.0.1:1"]
    shown = lakehouse("stream", "silver.users", *options)
    assert (shown.exit_code, "must be a KafkaRecord" in shown.output) == (3, True)


@pytest.mark.usefixtures("folder")
def test_a_stream_without_kafka_says_how_to_get_one() -> None:
    shown = lakehouse("stream", "bronze.users_raw")
    assert (shown.exit_code, "lakehouse up" in shown.output) == (3, True)


def test_a_package_that_cannot_be_imported_is_named(folder: Path) -> None:
    (folder / "my.toml").write_text("packages = ['no_such_lake']")
    shown = lakehouse("tables", "--config", "my.toml")
    assert (shown.exit_code, "no_such_lake" in shown.output) == (3, True)


@pytest.mark.usefixtures("folder")
def test_tables_before_the_first_run_are_not_there_yet() -> None:
    found = json.loads(lakehouse("tables", "--json").stdout)
    assert {one["table"]: one["rows"] for one in found}["gold.dim_user"] is None


@pytest.mark.usefixtures("folder")
def test_the_dictionary_knows_every_column() -> None:
    found = json.loads(lakehouse("dictionary", "--json").stdout)
    assert all(column["meaning"] for one in found if one["table"].startswith("gold") for column in one["columns"])


@pytest.mark.usefixtures("folder")
def test_down_without_a_broker_says_so() -> None:
    assert "no local broker is running" in lakehouse("down").output


@pytest.mark.parametrize("name", ["My_Lake", "2lakes", "my-lake", "class"])
def test_a_name_that_is_no_package_is_refused(folder: Path, name: str) -> None:
    assert lakehouse("init", name).exit_code == 3
    assert [path.name for path in folder.iterdir()] == ["conf"]


def test_a_dry_run_of_init_writes_nothing(folder: Path) -> None:
    assert "would write" in lakehouse("init", "my_lake", "--dry-run").output
    assert not (folder / "my_lake").exists()


@pytest.mark.usefixtures("folder")
def test_init_does_not_overwrite() -> None:
    lakehouse("init", "my_lake")
    shown = lakehouse("init", "my_lake")
    assert (shown.exit_code, "nothing was written" in shown.output) == (3, True)


@pytest.mark.slow  # a Spark of their own
def test_the_tests_of_a_new_package_pass(folder: Path) -> None:
    lakehouse("init", "my_lake")
    environ = {**os.environ, "PYTHONPATH": str(folder / "my_lake" / "src")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder / "my_lake", env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_new_package_is_found_by_its_own_settings(folder: Path) -> None:
    lakehouse("init", "my_lake")
    code = "from lakehouse.cli.main import main; main(['tables', '--json'])"
    environ = {**os.environ, "PYTHONPATH": "src"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder / "my_lake", env=environ, capture_output=True, check=True
    )
    assert [one["table"] for one in json.loads(done.stdout)] == ["bronze.events_raw", "silver.events"]

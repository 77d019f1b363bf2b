"""A verb as a job of Glue: its arguments, its log, its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.cli.glue_arguments import from_glue
from lakehouse.cli.main import verb as verb_of
from lakehouse.errors import ConfigError

# As Glue 5 hands them over, among what a job was given.
OF_GLUE = [
    "--true", "--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_1", "--JOB_NAME", "build", "--TempDir", "s3://acme/temp/",
    "--job-bookmark-option", "job-bookmark-disable", "--enable-metrics", "--continuous-log-logGroup", "acme",
    "--python-modules-installer-option", "--no-index",
]  # fmt: skip


def words_of(verb: str, *words: str) -> list[str]:
    return from_glue([*OF_GLUE, *words], verb_of(verb).params)


@pytest.mark.parametrize(
    ("verb", "given", "typed"),
    [
        ("run", [], []),
        ("run", ["--full", "true", "--downstream", "false"], ["--full"]),
        ("run", ["--accept_loss"], ["--accept-loss"]),
        ("run", ["--wait", "0", "--tables", "silver.users, gold.x"], ["silver.users", "gold.x", "--wait", "0"]),
        ("run", ["--config=a.toml --config b.toml"], ["--config", "a.toml", "--config", "b.toml"]),
        ("run", ["--set", 'packages=["a","b"]'], ["--set", 'packages=["a","b"]']),
        ("stream", ["--config", "a.toml", "--table", "bronze.users_raw"], ["bronze.users_raw", "--config", "a.toml"]),
    ],
)  # fmt: skip
def test_parameters_of_glue_are_arguments_of_the_verb(verb: str, given: list[str], typed: list[str]) -> None:
    assert words_of(verb, *given) == typed


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--confg", "a.toml"], r"--confg: did you mean --config\?"),
        (["--full", "perhaps"], "--full is 'perhaps': it is either true or false"),
        (["--config"], "--config has no value"),
        (["silver.users"], "'silver.users' stands alone"),
        (
            ["--job-bookmark-option", "job-bookmark-enable"],
            "state is in the snapshots .* Set it to job-bookmark-disable",
        ),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_refused(given: list[str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        words_of("run", *given)


def job(*words: str) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).parent.parent.parent / "jobs" / "build.py"
    return subprocess.run(
        [sys.executable, str(script), *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_mistake_is_lines_of_the_log_metrics_and_an_exit_code(tmp_path: Path) -> None:
    done = job(*OF_GLUE, "--config", f"{tmp_path}/none.toml")
    assert done.returncode == 3
    (first, last) = (line.split(" ", 2)[2] for line in done.stderr.splitlines())
    assert first.startswith("ERROR lakehouse: error: configuration file")
    assert last == "ERROR lakehouse: lakehouse run ended with exit code 3"
    assert json.loads(done.stdout)["failed"] == 1


def test_a_secret_in_a_message_is_not_in_the_log(tmp_path: Path) -> None:
    done = job(*OF_GLUE, "--config", f"{tmp_path}/password=hidden.toml")
    assert "hidden" not in done.stdout + done.stderr
    assert "password=***" in done.stderr


def test_elsewhere_a_job_speaks_as_the_command_does() -> None:
    done = job("--confg", "a.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such option: --confg" in done.stderr

"""README and guides are run: their Python as one program each, their commands against the verbs that exist."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
import types
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.ledger import LedgerEntry
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.config import Settings
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.silver import Users
from lakehouse.quality.rule_file import parse_rules
from tests.cli.command_line import lakehouse

ROOT = Path(__file__).parent.parent.parent
README, QUALITY, STREAMING = ROOT / "README.md", ROOT / "docs" / "quality.md", ROOT / "docs" / "streaming.md"
BUILDS, TRANSFORMS = ROOT / "docs" / "builds.md", ROOT / "docs" / "transforms.md"
ENGINES, CONTRACTS = ROOT / "docs" / "engines.md", ROOT / "docs" / "contracts.md"
AWS, SOURCES = ROOT / "docs" / "aws.md", ROOT / "docs" / "sources.md"
SNOWFLAKE = ROOT / "docs" / "snowflake.md"
PAGES = (README, QUALITY, STREAMING, BUILDS, TRANSFORMS, ENGINES, CONTRACTS, AWS, SOURCES, SNOWFLAKE)


def blocks(language: str, page: Path = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


LINES = [line for page in PAGES for block in blocks("bash", page) for line in block.splitlines()]
COMMANDS = [line.split("#")[0].strip() for line in LINES if line.strip()]


def test_the_readme_shows_code_by_line_15() -> None:
    assert "```python" in "\n".join(README.read_text().splitlines()[:15])


@pytest.fixture(scope="module")
def users(lake: Lake) -> Lake:
    """A lake in which silver.users was published."""
    audit = open_audit(lake, spec_of(Users), run_id="docs")
    publish(audit, LedgerEntry(run_id="docs", published_at=datetime.now(UTC)))
    return lake


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_runs_as_one_program(
    spark: SparkSession, users: Lake, monkeypatch: pytest.MonkeyPatch, page: Path
) -> None:
    module = types.ModuleType("readme")
    # Paths in a page are from its folder.
    module.__dict__.update(spark=spark, lake=users, __file__=str(page))
    # Contracts are looked up by the module of their class.
    monkeypatch.setitem(sys.modules, "readme", module)
    for number, block in enumerate(blocks("python", page)):
        exec(compile(block, f"{page.name} block {number}", "exec"), module.__dict__)


def test_the_sql_build_of_the_guide_is_the_file_that_it_names() -> None:
    assert (BUILDS.parent / "users_by_city.sql").read_text() in blocks("sql", BUILDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_each_make_target_exists(command: str) -> None:
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("lakehouse ")])
def test_each_verb_and_option_exists(command: str) -> None:
    words = shlex.split(command)[1:]
    groups = ("publish", "config", "contract", "env", "quality", "readers")
    verbs = words[:2] if words[0] in groups or words[:2] == ["produce", "csv"] else words[:1]
    shown = lakehouse(*verbs, "--help", columns=200)
    assert shown.exit_code == 0
    assert [option for option in words if option.startswith("--") and option not in shown.output] == []


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("spark-submit ")])
def test_each_file_that_spark_submit_is_given_exists(command: str) -> None:
    files = [word for word in command.split() if word.endswith((".py", ".conf", ".toml"))]
    assert [file for file in files if not (ROOT / file).exists()] == []


@pytest.mark.parametrize(
    "block", [block for page in (README, STREAMING, BUILDS, ENGINES, AWS, SNOWFLAKE) for block in blocks("toml", page)]
)
def test_each_configuration_is_valid(block: str) -> None:
    assert Settings.model_validate(tomllib.loads(block)).packages == ("acme_lake",)


def test_every_command_is_checked_by_one_of_these() -> None:
    assert [c for c in COMMANDS if c.split()[0] not in ("make", "lakehouse", "spark-submit")] == []


LINKS = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())]


@pytest.mark.parametrize(("page", "link"), LINKS, ids=[link for _, link in LINKS])
def test_each_linked_file_exists(page: Path, link: str) -> None:
    assert (page.parent / link).exists()


def test_the_settings_and_the_rules_of_the_guide_to_quality_are_valid() -> None:
    alerts, settings, rules = blocks("toml", QUALITY)
    assert Settings.model_validate(tomllib.loads(alerts)).alerts.channels
    assert Settings.model_validate(tomllib.loads(settings)).quality.rule_files
    assert parse_rules(rules, file="rules.toml")

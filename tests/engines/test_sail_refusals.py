"""What Sail gets wrong without an error is refused by name, before a run."""

from __future__ import annotations

import json

import pytest

from lakehouse.contract import build
from lakehouse.engines.sail_functions import unlike_java
from lakehouse.errors import ContractError
from tests.conftest import needs_spark_4
from tests.engines.refused_builds import one_that_fits
from tests.engines.test_sail_run import python_with_acme

pytestmark = needs_spark_4("Sail is a server for the client of PySpark 4")

WORKER = """
import json, sys
from datetime import UTC, datetime
from lakehouse.catalog.connect import open_lake
from lakehouse.contract.build import build_of
from lakehouse.pipeline.engine_check import refused
from lakehouse.quality import rule_set
from lakehouse.session import make_session
from tests.engines import refused_builds
from tests.engines.filled_lakes import settings_in
from pathlib import Path
settings = settings_in(Path.cwd())
lake = open_lake(settings, make_session(settings))
builds = {name: build_of(one) for name, one in vars(refused_builds).items() if build_of(one)}
print(json.dumps({
    name: refused(lake, one, rule_set(one.table), instant=datetime.now(UTC)) for name, one in builds.items()
}))
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is refused of each build."""
    done = python_with_acme("-c", WORKER, folder=tmp_path_factory.mktemp("refused"), java=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["one_that_fits", "summed_safely", "tried_by_its_author"])
def test_a_build_of_what_was_tried_is_taken(refusals: dict[str, list[str]], name: str) -> None:
    assert refusals[name] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("zipped", "function: zip_with, which it does not have"),
        ("parsed", "from_json, which was not tried"),
        ("looked_around", "rlike with a look-around: 'a(?=b)'"),
        ("put_in_groups", "regexp_replace with a group in its replacement: '$1'"),
        ("written_as_sql", "initcap, which was not tried"),
        ("multiplied", "* of int: whole numbers overflow there unseen: try_multiply, or calculate with decimals"),
        ("multiplied_in_sql", "arithmetic in SQL, whose types are not known here: number * number"),
        ("summed", "sum of bigint: whole numbers overflow there unseen: try_sum, or sum(cast(… as decimal(38,0)))"),
        ("sampled", "sample, which was not tried"),
        ("titled", "the transform title_case, which does not run there"),
        ("for_spark_alone", "the build says engines=('spark',)"),
    ],
)
def test_what_is_wrong_there_is_named(refusals: dict[str, list[str]], name: str, said: str) -> None:
    assert refusals[name] == [said]


def test_a_rule_a_pattern_and_a_policy_are_named(refusals: dict[str, list[str]]) -> None:
    assert refusals["judged"] == [
        "its gate says quarantine, whose rows are merged into a table of their own",
        "the rule name_url (Url), which does not run there",
        "the rule short: rlike with a look-around: '(?!a).*'",
    ]


@pytest.mark.parametrize("pattern", [r"a(?<!b)", r"(?>a)b", "a++", r"(a)\1", r"\p{Alpha}", r"[a&&b]", r"\h"])
def test_a_pattern_that_java_alone_reads_so_is_told(pattern: str) -> None:
    assert unlike_java(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"\A[\p{L} ]+\z", r"a\++", r"[*+]\.[+]{2}", r"[\]*+]", r"[+]+x", r"(?:a|b){2,3}", r"\d+\.\d"],
)
def test_other_patterns_are_taken(pattern: str) -> None:
    assert unlike_java(pattern) == ""


def test_an_engine_that_there_is_not_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ContractError, match=r"engines=\('spark', 'flink'\); there is spark, sail"):
        build(engines=("spark", "flink"))(one_that_fits)

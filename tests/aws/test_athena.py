"""Statements to Athena: moto speaks its protocol, and gives the rows that it is told to give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from lakehouse.config.settings import AthenaSettings
from lakehouse.errors import ServingError
from lakehouse.serving.athena import Answer, Athena, Progress
from lakehouse.serving.query_result import QueryResult
from tests.aws.faults import Fault, FaultyAws
from tests.cli.command_line import lakehouse

REGION = "eu-central-1"
COLUMNS = (("country", "varchar"), ("users", "bigint"), ("share", "decimal"), ("known", "boolean"))


def queue(aws: FaultyAws, *rows: tuple[str | None, ...]) -> None:
    """Let the next statement give rows, with the names of the columns before them as Athena does."""
    unused = {"Precision": 1, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": True}
    info = [{"Name": name, "Label": name, "Type": kind, **unused} for name, kind in COLUMNS]
    cells = [
        {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
        for row in (tuple(name for name, _ in COLUMNS), *rows)
    ]
    told: Any = {"region": REGION, "results": [{"rows": cells, "column_info": info}]}
    requests.post(f"{aws.url}/moto-api/static/athena/query-results", json=told, timeout=10).raise_for_status()


@pytest.fixture
def athena(aws: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> Athena:
    """Athena of moto; boto3 finds it as it finds that of AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", aws.url)
    return Athena.of(AthenaSettings(output="s3://lake/results"), region=REGION)


@pytest.fixture
def slow(aws: FaultyAws) -> Iterator[None]:
    """Statements stand in the queue, run, and end, a look each."""
    for progression in ({"progression": "manual", "times": 2}, {"progression": "immediate"}):
        change: Any = {"model_name": "athena::execution", "transition": progression}
        requests.post(f"{aws.url}/moto-api/state-manager/set-transition", json=change, timeout=10).raise_for_status()
        if progression["progression"] == "manual":
            yield


def test_rows_have_the_types_of_their_columns(aws: FaultyAws, athena: Athena) -> None:
    queue(aws, ("DE", "12", "0.5", "true"), ("FR", None, None, "false"))
    found = athena.query("select * from gold.geo_distribution").result
    assert found.columns == ("country", "users", "share", "known")
    assert [(row[0], row[1], str(row[2]), row[3]) for row in found.rows] == [
        ("DE", 12, "0.5", True),
        ("FR", None, "None", False),
    ]


def test_a_limit_says_that_there_is_more(aws: FaultyAws, athena: Athena) -> None:
    queue(aws, *[("DE", "1", "1", "true")] * 3)
    found = athena.query("select 1", limit=2).result
    assert (len(found.rows), found.more) == (2, True)


def test_the_wait_is_told(aws: FaultyAws, athena: Athena, slow: None) -> None:
    told: list[Progress] = []
    athena.query("select 1", on_progress=told.append)
    assert {one.state for one in told} == {"QUEUED", "RUNNING"}


def status(state: str, *, scanned: int = 0, reason: str = "") -> dict[str, Any]:
    told = {"Status": {"State": state, "StateChangeReason": reason}, "Statistics": {"DataScannedInBytes": scanned}}
    return {"QueryExecution": told}


def answers(athena: Athena, *given: dict[str, Any]) -> list[str]:
    """Let Athena say how a statement goes, which moto does not know; gives the requests as they come."""
    asked: list[str] = []
    events, left = athena.client.meta.events, list(given)

    def say(model: Any, parsed: dict[str, Any], **_: Any) -> None:
        asked.append(model.name)
        if model.name == "GetQueryExecution":
            parsed.update(left.pop(0))

    events.register("after-call.athena", say)
    return asked


def test_a_statement_that_fails_is_told_with_athenas_reason(athena: Athena) -> None:
    answers(athena, status("FAILED", reason="TABLE_NOT_FOUND: line 1:15: Table 'gold.none' does not exist"))
    with pytest.raises(ServingError, match=r"Athena refused \S+: TABLE_NOT_FOUND"):
        athena.query("select * from gold.none")


def test_a_statement_that_scans_too_much_is_stopped(athena: Athena) -> None:
    asked = answers(athena, status("RUNNING", scanned=10), status("RUNNING", scanned=2_000))
    with pytest.raises(ServingError, match=r"scanned 2,000 bytes, --max-bytes is 1,000(.|\n)*BytesScannedCutoff"):
        athena.query("select 1", max_bytes=1_000)
    assert asked[-1] == "StopQueryExecution"


def test_a_wait_that_is_interrupted_stops_the_statement(athena: Athena) -> None:
    asked = answers(athena, status("RUNNING"))

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        athena.query("select 1", on_progress=interrupt)
    assert asked[-1] == "StopQueryExecution"


@pytest.mark.parametrize(("scanned", "usd"), [(0, 0.0), (1, 0.00005), (10**12, 5.0)])
def test_what_is_scanned_has_a_price_and_a_least_one(scanned: int, usd: float) -> None:
    answer = Answer(result=QueryResult(columns=(), rows=()), query_id="q", bytes_scanned=scanned, seconds=0)
    assert answer.dollars == pytest.approx(usd)


def test_json_has_rows_and_cost(aws: FaultyAws, athena: Athena) -> None:
    queue(aws, ("DE", "12", "0.5", "true"))
    done = lakehouse("athena", "select 1", "--json", "--set", f'catalog.properties."client.region"="{REGION}"')
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["rows"] == [{"country": "DE", "users": 12, "share": "0.5", "known": True}]
    assert (told["usd"], told["bytes_scanned"]) == (0.0, 0)


def test_a_refusal_ends_the_verb_with_a_message(aws: FaultyAws, athena: Athena) -> None:
    denied = Fault(begins="AmazonAthena.StartQueryExecution", code="AccessDeniedException", text="is not authorized")
    with aws.fails(denied):
        done = lakehouse("athena", "select 1", "--set", f'catalog.properties."client.region"="{REGION}"')
    assert (done.exit_code, "the role may not do this" in done.output) == (3, True)

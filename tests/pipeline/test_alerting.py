"""Alerts of a run: each told once to each channel, its recovery too, and what was not taken tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import Catalog
from pyspark.sql import functions as F
from rich.console import Console
from typer.testing import Result

from lakehouse.catalog.alert_log import AlertLog, SentAlert, add_sent_alerts, open_alerts, sent_alerts
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import Lake, find_table
from lakehouse.cli.run import build_tables
from lakehouse.config import Settings
from lakehouse.contract.evolution import evolve
from lakehouse.contract.table import spec_of
from lakehouse.errors import QualityGateError
from lakehouse.observe.alerts import Alert, AlertError, Channel, ChannelDownError
from lakehouse.observe.progress import Steps
from lakehouse.pipeline import alerting
from lakehouse.pipeline.alerting import Alerting, alerts_of, build_and_tell, notify
from lakehouse.pipeline.run import Built, Run
from lakehouse.quality import RuleScore, ScoredAt, TableScore
from tests.cli.command_line import lakehouse
from tests.conftest import lake_settings
from tests.pipeline.test_run import Case, make

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
USERS = "silver.users"
REFUSED = QualityGateError(
    table=USERS,
    broken=["quality score 0.5000, at least 0.9000 is demanded"],
    worst=["email_syntax: 5 of 10 rows failed (50.0%); Mail to them comes back"],
    branch="audit_r1",
)


@dataclass
class Listener:
    """A channel that keeps what it takes, and refuses with what it was given."""

    name: str = "listener"
    refuses: Callable[[Alert], Exception | None] = lambda _: None
    taken: list[Alert] = field(default_factory=list)
    asked: int = 0

    def send(self, alert: Alert) -> None:
        self.asked += 1
        error = self.refuses(alert)
        if error:
            raise error
        self.taken.append(alert)

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(one.key, one.state) for one in self.taken]


@dataclass
class Runs:
    """Runs of a table, an hour apart, each with the keys that fire after it."""

    catalog: Catalog
    table: str = USERS
    count: int = 0

    def run(self, *keys: str, to: list[Listener]) -> tuple[str, ...]:
        self.count += 1
        run_id, at = f"r{self.count}", NOON + timedelta(hours=self.count)
        firing = [alert(key, table=self.table, run_id=run_id, instant=at) for key in keys]
        return notify(self.catalog, to, self.table, firing, run_id=run_id, instant=at)


def alert(key: str, **changes: Any) -> Alert:
    plain = Alert(table=USERS, key=key, state="firing", title=f"{key} is bad", lines=("l",), run_id="r", instant=NOON)
    return replace(plain, **changes)


def down(_: Alert) -> Exception:
    return ChannelDownError("answered with status 500")


@pytest.fixture
def folder_settings(tmp_path: Path) -> Settings:
    return lake_settings(tmp_path)


@pytest.fixture
def catalog(folder_settings: Settings) -> Catalog:
    return open_catalog(folder_settings)


@pytest.fixture
def runs(catalog: Catalog) -> Runs:
    return Runs(catalog)


def scored(failed: int, *, rows: int = 100, hours: int = 0) -> ScoredAt:
    rule = RuleScore(
        name="email_syntax", column="email", dimension="validity", severity="error", weight=1.0,
        failed=failed, assessed=rows,
    )  # fmt: skip
    score = TableScore(table=USERS, rule_set="s", rows=rows, rows_failed=failed, rules=(rule,))
    return ScoredAt(score=score, measured_at=NOON + timedelta(hours=hours), run_id=f"r{hours}", snapshot_id=hours)


def found(refused: QualityGateError | None = None, past: tuple[ScoredAt, ...] = ()) -> dict[str, Alert]:
    alerts = alerts_of(USERS, refused=refused, past=past, run_id="r1", instant=NOON)
    return {one.key: one for one in alerts}


def test_a_refusal_fires_with_demands_and_the_costliest_rules() -> None:
    gate = found(REFUSED)["gate"]
    assert (gate.title, gate.state, gate.run_id, gate.instant) == (f"{USERS} was not published", "firing", "r1", NOON)
    assert gate.lines == (
        "quality score 0.5000, at least 0.9000 is demanded",
        "cost the most: email_syntax: 5 of 10 rows failed (50.0%); Mail to them comes back",
        "the rows are on branch audit_r1",
    )


def test_what_is_unusual_about_the_newest_publish_fires_by_rule() -> None:
    unusual = found(past=(scored(50, hours=1), scored(1)))
    assert unusual.keys() == {"anomaly:email_syntax"}
    assert "expected 0.01" in unusual["anomaly:email_syntax"].lines[0]


def test_unusual_rows_fire_by_their_own_key() -> None:
    assert found(past=(scored(0, rows=10, hours=1), scored(0))).keys() == {"anomaly:rows"}


def test_a_refusal_leaves_what_the_publish_before_fired() -> None:
    assert found(REFUSED, past=(scored(50, hours=1), scored(1))).keys() == {"gate", "anomaly:email_syntax"}


def test_a_usual_publish_fires_nothing() -> None:
    assert found(past=(scored(1, hours=1), scored(1))) == {}


def test_what_fires_is_sent_once_however_many_runs_it_lasts(runs: Runs) -> None:
    listener = Listener()
    for _ in range(3):
        runs.run("gate", to=[listener])
    assert listener.heard == [("gate", "firing")]


def test_what_is_over_is_told_once(runs: Runs) -> None:
    listener = Listener()
    for keys in (["gate"], [], []):
        runs.run(*keys, to=[listener])
    assert listener.heard == [("gate", "firing"), ("gate", "resolved")]


def test_a_recovery_says_what_is_over_and_since_when_it_fired(runs: Runs) -> None:
    listener = Listener()
    for keys in (["gate"], ["gate"], []):
        runs.run(*keys, to=[listener])
    over = listener.taken[-1]
    assert (over.heading, over.run_id) == ("resolved: gate is bad", "r3")
    assert over.lines == ("it fired since 2026-05-01 13:00 UTC, run r1",)


def test_what_fires_anew_after_it_was_over_is_sent_anew(runs: Runs) -> None:
    listener = Listener()
    for keys in (["gate"], [], ["gate"]):
        runs.run(*keys, to=[listener])
    assert listener.heard == [("gate", "firing"), ("gate", "resolved"), ("gate", "firing")]


def test_keys_fire_and_recover_on_their_own(runs: Runs) -> None:
    listener = Listener()
    runs.run("gate", "anomaly:rows", to=[listener])
    runs.run("anomaly:rows", "anomaly:score", to=[listener])
    assert listener.heard[2:] == [("anomaly:score", "firing"), ("gate", "resolved")]


def test_the_alerts_of_another_table_are_left_alone(runs: Runs, catalog: Catalog) -> None:
    listener = Listener()
    runs.run("gate", to=[listener])
    Runs(catalog, table="silver.orders").run(to=[listener])
    assert listener.heard == [("gate", "firing")]


@pytest.mark.parametrize("error", [ChannelDownError("down"), AlertError("refused"), OSError()], ids=repr)
def test_what_a_channel_did_not_take_is_tried_by_the_next_run_there_alone(runs: Runs, error: Exception) -> None:
    well, ill = Listener("well"), Listener("ill", refuses=lambda _: error)
    runs.run("gate", to=[ill, well])
    ill.refuses = lambda _: None
    runs.run("gate", to=[ill, well])
    assert (well.heard, ill.heard) == ([("gate", "firing")], [("gate", "firing")])


def test_a_recovery_that_a_channel_did_not_take_is_tried_again(runs: Runs) -> None:
    listener = Listener()
    runs.run("gate", to=[listener])
    listener.refuses = down
    runs.run(to=[listener])
    listener.refuses = lambda _: None
    runs.run(to=[listener])
    assert listener.heard == [("gate", "firing"), ("gate", "resolved")]


def test_of_what_a_channel_was_never_told_it_is_not_told_that_it_is_over(runs: Runs) -> None:
    listener = Listener(refuses=down)
    runs.run("gate", to=[listener])
    listener.refuses = lambda _: None
    runs.run(to=[listener])
    assert listener.taken == []


def test_a_failing_channel_is_a_warning_with_its_reason(runs: Runs) -> None:
    (warning,) = runs.run("gate", to=[Listener("ill", refuses=down), Listener("well")])
    assert warning == (
        "the channel ill did not take 'firing: gate is bad', the next run tries again: answered with status 500"
    )


def test_the_text_of_an_error_that_is_not_ours_is_not_shown(runs: Runs) -> None:
    listener = Listener(refuses=lambda _: OSError("https://host/hunter2"))
    (warning,) = runs.run("gate", to=[listener])
    assert warning.endswith("OSError")


def test_a_channel_that_is_down_is_asked_once_per_table(runs: Runs) -> None:
    listener = Listener(refuses=down)
    runs.run("gate", "anomaly:rows", to=[listener])
    assert listener.asked == 1


def test_an_alert_that_is_refused_does_not_hold_up_the_next(runs: Runs) -> None:
    listener = Listener(refuses=lambda one: AlertError("too long") if one.key == "gate" else None)
    runs.run("gate", "anomaly:rows", to=[listener])
    assert listener.heard == [("anomaly:rows", "firing")]


def test_what_was_sent_before_an_interrupt_is_known(runs: Runs) -> None:
    def interrupt(one: Alert) -> Exception | None:
        if one.key == "anomaly:rows":
            raise KeyboardInterrupt
        return None

    listener = Listener(refuses=interrupt)
    with pytest.raises(KeyboardInterrupt):
        runs.run("gate", "anomaly:rows", to=[listener])
    assert [one.key for one in sent_alerts(runs.catalog, USERS)] == ["gate"]


def test_each_alert_that_was_sent_is_a_row(runs: Runs) -> None:
    runs.run("gate", to=[Listener("a"), Listener("b")])
    common: dict[str, Any] = {"table": USERS, "key": "gate", "state": "firing", "title": "gate is bad", "run_id": "r1"}
    expected = [SentAlert(**common, at=NOON + timedelta(hours=1), channel=name) for name in ("a", "b")]
    assert sorted(sent_alerts(runs.catalog, USERS), key=lambda one: one.channel) == expected


def test_without_anything_to_tell_no_table_is_made(runs: Runs) -> None:
    runs.run(to=[Listener()])
    assert find_table(runs.catalog, "quality.alerts") is None


def test_without_channels_nothing_is_looked_at_and_no_table_is_made(runs: Runs) -> None:
    untouchable: Any = None
    run = Run(minimum_score=lambda _table, _declared: 0.9)
    Alerting(catalog=untouchable, channels=(), warn=pytest.fail).after(USERS, run, refused=REFUSED)
    assert runs.run("gate", to=[]) == ()
    assert find_table(runs.catalog, "quality.alerts") is None


def test_a_catalog_that_fails_is_a_warning() -> None:
    warnings: list[str] = []
    broken: Any = object()
    run = Run(minimum_score=lambda _table, _declared: 0.9)
    Alerting(catalog=broken, channels=[Listener()], warn=warnings.append).after(USERS, run, refused=REFUSED)
    assert [warning.partition(":")[0] for warning in warnings] == [f"alerts of {USERS} are left to the next run"]


def test_anomalies_can_be_left_out(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting, "past_scores", lambda *_: [scored(50, hours=1), scored(1)])
    run = Run(minimum_score=lambda _table, _declared: 0.9)
    heard = []
    for anomalies in (False, True):
        listener = Listener(str(anomalies))
        Alerting(catalog=catalog, channels=[listener], anomalies=anomalies, warn=pytest.fail).after(USERS, run)
        heard.append(listener.heard)
    assert heard == [[], [("anomaly:email_syntax", "firing")]]


def test_an_alert_is_open_since_it_was_first_sent_until_any_channel_was_told_that_it_is_over() -> None:
    def sent(hour: int, state: str, channel: str) -> SentAlert:
        at = NOON + timedelta(hours=hour)
        return SentAlert(table=USERS, key="gate", state=state, title="", run_id="r", at=at, channel=channel)

    log = [sent(0, "firing", "a"), sent(1, "firing", "b"), sent(2, "resolved", "b"), sent(3, "firing", "b")]
    assert [[one.at.hour - 12 for one in open_alerts(log[:n])] for n in range(1, 5)] == [[0], [0], [], [3]]


def called(settings: Settings, *arguments: str) -> Result:
    return lakehouse(*arguments, package="lakehouse.domains", catalog=settings.catalog, columns=120)


def alerts(settings: Settings, *arguments: str) -> Any:
    shown = called(settings, "quality", "alerts", *arguments)
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.stdout) if "--json" in arguments else shown.stdout


def test_the_verb_gives_open_and_recent_alerts_newest_first(runs: Runs, folder_settings: Settings) -> None:
    runs.run("gate", "anomaly:rows", to=[Listener("log")])
    runs.run("anomaly:rows", to=[Listener("log")])
    shown = alerts(folder_settings, USERS, "--json")
    assert [one["key"] for one in shown["open"]] == ["anomaly:rows"]
    assert (shown["recent"][0]["state"], shown["recent"][0]["at"]) == ("resolved", "2026-05-01T14:00:00+00:00")
    assert len(shown["recent"]) == 3
    assert len(alerts(folder_settings, USERS, "--json", "--limit", "1")["recent"]) == 1


def test_the_verb_without_a_table_shows_those_of_all(runs: Runs, catalog: Catalog, folder_settings: Settings) -> None:
    runs.run("gate", to=[Listener("log")])
    Runs(catalog, table="gold.dim_user").run("gate", to=[Listener("log")])
    text = alerts(folder_settings)
    assert (USERS in text, "gold.dim_user" in text) == (True, True)
    assert "gold.dim_user" not in alerts(folder_settings, USERS)


def test_the_verb_says_when_nothing_was_sent_yet(folder_settings: Settings) -> None:
    assert alerts(folder_settings, USERS).strip() == f"no alert was sent about {USERS} yet"


def test_spark_reads_the_log_as_its_contract_says(lake: Lake) -> None:
    sent = SentAlert(table=USERS, key="gate", state="firing", title="t", run_id="r", at=NOON, channel="log")
    add_sent_alerts(lake.catalog, [sent])
    spec = spec_of(AlertLog)
    live = lake.live(spec)
    assert live is not None
    assert evolve(spec, live, catalog=lake.name).refused == ()
    assert [f.name for f in live.struct] == [column.name for column in spec.columns]
    assert lake.rows(spec).where("run_id = 'r'").select("key", F.unix_timestamp("at")).collect() == [
        ("gate", int(NOON.timestamp()))
    ]


@pytest.fixture(name="case")
def filled_case(lake: Lake, unique: str) -> Case:
    made = make(lake, unique)
    lake.ensure(made.source)
    return made


def tell(case: Case, listener: Listener, *, minimum: float) -> None:
    run = Run(minimum_score=lambda _table, _declared: minimum)
    build_and_tell(
        case.lake, case.build, run, Alerting(catalog=case.lake.catalog, channels=[listener], warn=pytest.fail)
    )


def test_a_build_that_is_refused_tells_and_the_next_that_is_published_tells_that_it_is_over(case: Case) -> None:
    case.fill(("a", 300))
    listener = Listener()
    with pytest.raises(QualityGateError):
        tell(case, listener, minimum=0.9)
    tell(case, listener, minimum=0.1)
    assert listener.heard == [("gate", "firing"), ("gate", "resolved")]


def test_a_build_that_fails_otherwise_changes_no_alert(case: Case) -> None:
    case.fill(("a", 300))
    listener = Listener()
    with pytest.raises(QualityGateError):
        tell(case, listener, minimum=0.9)
    case.lake.spark.sql(f"DROP TABLE {case.lake.name}.{case.source.name}")
    with pytest.raises(Exception, match="does not exist"):
        tell(case, listener, minimum=0.9)
    assert listener.heard == [("gate", "firing")]


def test_the_verb_run_tells_of_each_table(case: Case, settings: Settings) -> None:
    case.fill(("a", 300))
    listener, out = Listener(refuses=down), Console(file=StringIO(), width=200)
    with pytest.raises(QualityGateError):
        build_tables(case.lake, settings, (case.build,), Steps(out), more_rules=lambda _: (), channels=[listener])
    assert listener.asked == 1


def test_a_channel_that_cannot_be_made_is_told_before_anything_starts(
    folder_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakehouse.cli.run.lake_of", lambda *_, **__: pytest.fail("a session was started"))
    options = ["--set", 'alerts.channels=["webhook"]', "--set", "alerts.webhook_url=secret://env/NOT_SET_ANYWHERE"]
    shown = called(folder_settings, "run", *options)
    assert (shown.exit_code, "NOT_SET_ANYWHERE is not set" in shown.output) == (3, True)


def test_the_verb_run_has_the_channels_of_the_settings(
    folder_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def build(*_: object, channels: Sequence[Channel], **__: object) -> list[Built]:
        given.extend(one.name for one in channels)
        return []

    monkeypatch.setattr("lakehouse.cli.run.lake_of", lambda *_, **__: None)
    monkeypatch.setattr("lakehouse.cli.run.build_tables", build)
    shown = called(folder_settings, "run", "--set", 'alerts.channels=["log"]')
    assert (shown.exit_code, given) == (0, ["log"])

"""Alerts of a run: what fires for a table, what of it was told already, and what is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.catalog import Catalog

from lakehouse.catalog.alert_log import SentAlert, add_sent_alerts, sent_alerts
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.quality_metrics import past_scores
from lakehouse.config.secrets import mask
from lakehouse.contract.build import BuildSpec
from lakehouse.errors import LakehouseError, QualityGateError
from lakehouse.observe.alerts import Alert, Channel, ChannelDownError
from lakehouse.pipeline.run import Built, Run, run_build
from lakehouse.quality import ScoredAt
from lakehouse.quality.anomalies import RelativeChange, RobustZ, Seasonal, find_anomalies

DETECTORS = (Seasonal(), RobustZ(), RelativeChange())

# How an anomaly of a rule is called: "email_syntax failed, share".
_OF_RULE = " failed, share"


@dataclass(frozen=True, kw_only=True)
class Alerting:
    """Where a run tells what fires, and how it says that this could not be told."""

    catalog: Catalog
    channels: Sequence[Channel]
    anomalies: bool = True
    warn: Callable[[str], None]

    def after(self, table: str, run: Run, *, refused: QualityGateError | None = None) -> None:
        """Tell what fires for a table that was built or refused. It raises nothing: a run is not about its alerts.

        Cost: without channels none; else the table's scores and what was sent about it, and one commit if more was.
        """
        if not self.channels:
            return
        instant = datetime.now(UTC)
        try:
            past = past_scores(self.catalog, table) if self.anomalies else ()
            firing = alerts_of(table, refused=refused, past=past, run_id=run.run_id, instant=instant)
            warnings = notify(self.catalog, self.channels, table, firing, run_id=run.run_id, instant=instant)
        except Exception as error:
            warnings = (f"alerts of {table} are left to the next run: {type(error).__name__}: {mask('', str(error))}",)
        for text in warnings:
            self.warn(text)


def build_and_tell(lake: Lake, build: BuildSpec, run: Run, alerting: Alerting) -> Built:
    """Do what ``run_build`` does and raise what it raises; before that, tell of a refusal, and after a publish of it.

    What fails for other reasons changes no alert: whoever runs it sees that it failed, and of the rows it says nothing.
    """
    try:
        built = run_build(lake, build, run)
    except QualityGateError as error:
        alerting.after(build.table.name, run, refused=error)
        raise
    alerting.after(build.table.name, run)
    return built


def alerts_of(
    table: str, *, refused: QualityGateError | None, past: Sequence[ScoredAt], run_id: str, instant: datetime
) -> tuple[Alert, ...]:
    """Give what fires for a table after a run.

    Args:
        refused: What the gate said, when it refused the rows. Then the newest publish is still the one before.
        past: Scores of the table's publishes, newest first; none: anomalies are not looked for.
    """
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    if refused is not None:
        costly = (f"cost the most: {line}" for line in refused.worst)
        where = (f"the rows are on branch {refused.branch}",) if refused.branch else ()
        found["gate"] = (f"{table} was not published", (*refused.broken, *costly, *where))
    for one in find_anomalies(past, DETECTORS):
        what = one.what.removesuffix(_OF_RULE)
        found[f"anomaly:{what}"] = (f"{table}: {what} is unusual", (one.line,))
    return tuple(
        Alert(table=table, key=key, state="firing", title=title, lines=lines, run_id=run_id, instant=instant)
        for key, (title, lines) in found.items()
    )


def notify(
    catalog: Catalog,
    channels: Sequence[Channel],
    table: str,
    firing: Sequence[Alert],
    *,
    run_id: str,
    instant: datetime,
) -> tuple[str, ...]:
    """Send what each channel was not told yet: what fires now, and what was told to fire and does no more.

    What a channel did not take has no row in ``quality.alerts``, so the next run tries it again. A run that dies
    between sending and writing that row sends twice: rather twice than never.

    Args:
        firing: All that fires for the table now.

    Returns:
        A warning for each alert that a channel did not take.
    """
    past, sent, warnings = sent_alerts(catalog, table), list[SentAlert](), list[str]()
    try:
        for channel in channels:
            told = {one.key: one for one in past if one.channel == channel.name}
            for alert in (*_news(firing, told), *_over(firing, told, run_id, instant)):
                try:
                    channel.send(alert)
                except Exception as error:
                    warnings.append(_warning(channel, alert, error))
                    if isinstance(error, ChannelDownError):
                        break
                else:
                    sent.append(_sent(channel, alert))
    finally:
        # Also when a person interrupts: what was sent was sent.
        add_sent_alerts(catalog, sent)
    return tuple(warnings)


def _news(firing: Sequence[Alert], told: dict[str, SentAlert]) -> list[Alert]:
    return [alert for alert in firing if alert.key not in told or not told[alert.key].firing]


def _over(firing: Sequence[Alert], told: dict[str, SentAlert], run_id: str, instant: datetime) -> list[Alert]:
    still = {alert.key for alert in firing}
    return [
        Alert(
            table=one.table,
            key=one.key,
            state="resolved",
            title=one.title,
            lines=(f"it fired since {one.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, run {one.run_id}",),
            run_id=run_id,
            instant=instant,
        )
        for one in told.values()
        if one.firing and one.key not in still
    ]


def _sent(channel: Channel, alert: Alert) -> SentAlert:
    return SentAlert(
        table=alert.table,
        key=alert.key,
        state=alert.state,
        title=alert.title,
        run_id=alert.run_id,
        at=alert.instant,
        channel=channel.name,
    )


def _warning(channel: Channel, alert: Alert, error: Exception) -> str:
    # Only our own errors are known to have no secret in their text.
    why = str(error) if isinstance(error, LakehouseError) else type(error).__name__
    return f"the channel {channel.name} did not take '{alert.heading}', the next run tries again: {why}"

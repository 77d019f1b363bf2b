"""What a person is told of a table: an alert, the channels that take it, and the one that is always there, the log."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from lakehouse.errors import LakehouseError

State = Literal["firing", "resolved"]

_LOG = logging.getLogger("lakehouse.alerts")


class AlertError(LakehouseError):
    """A channel did not take an alert. The message never has the channel's secret."""


class ChannelDownError(AlertError):
    """The channel takes nothing at the moment, so the next alert need not be tried."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One thing to know about a table: that it began (``firing``), or that it is over (``resolved``).

    Args:
        key: What it is about; with the table the identity of the alert: ``gate``, ``anomaly:email_syntax``.
        title: One line, the same for both states.
        lines: What was found, a line each.
        instant: When it was found, UTC.
    """

    table: str
    key: str
    state: State
    title: str
    lines: tuple[str, ...] = ()
    run_id: str
    instant: datetime

    @property
    def heading(self) -> str:
        """State and title in a line."""
        return f"{self.state}: {self.title}"

    @property
    def text(self) -> str:
        """All of it for a person, in plain lines."""
        return "\n".join((self.heading, *(f"- {line}" for line in self.lines), f"run {self.run_id}"))


class Channel(Protocol):
    """Somewhere to send alerts to. ``name`` stands in ``quality.alerts`` and must not change."""

    name: str

    def send(self, alert: Alert) -> None:
        """Send one alert; when this returns it was taken.

        Raises:
            AlertError: It was not; the next run tries again. The message is shown, so it has no secret.
        """


@dataclass(frozen=True)
class LogChannel:
    """Python's logging, one line of JSON per alert, logger ``lakehouse.alerts``."""

    name = "log"

    def send(self, alert: Alert) -> None:
        """Log it."""
        told = {
            "state": alert.state,
            "table": alert.table,
            "key": alert.key,
            "title": alert.title,
            "lines": alert.lines,
            "run_id": alert.run_id,
            "instant": alert.instant.isoformat(),
        }
        # A recovery too is a warning: where nobody has configured logging, Python shows nothing below.
        _LOG.warning("alert %s", json.dumps(told, ensure_ascii=False))

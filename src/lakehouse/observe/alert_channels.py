"""Where alerts go beside the log: a webhook as Slack takes it, and a topic of Amazon SNS."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, NamedTuple

from lakehouse.config.secrets import resolve_secret
from lakehouse.config.settings import AlertSettings
from lakehouse.errors import ConfigError, MissingExtraError
from lakehouse.observe.alerts import Alert, AlertError, Channel, ChannelDownError, LogChannel

# Slack refuses longer ones: 150 characters of a header, 3000 of a section. Escaping makes a character five at most.
_HEADER, _LINE, _SECTION = 150, 500, 2900


def channels_of(settings: AlertSettings, *, environ: Mapping[str, str]) -> tuple[Channel, ...]:
    """Make the channels that the settings name, each once. Nothing is sent yet.

    Raises:
        ConfigError: The reference to the webhook's address leads nowhere, or to something else.
        MissingExtraError: SNS is named and boto3 is not installed.
    """
    makers: dict[str, Callable[[], Channel]] = {
        "log": LogChannel,
        "webhook": lambda: WebhookChannel(url=_address(settings.webhook_url, environ)),
        "sns": lambda: SnsChannel.of(settings.sns_topic_arn),
    }
    return tuple(makers[name]() for name in dict.fromkeys(settings.channels))


def _address(reference: str, environ: Mapping[str, str]) -> str:
    found = resolve_secret(reference, environ=environ).strip()
    if not found.startswith(("https://", "http://")):
        raise ConfigError(f"alerts.webhook_url: what {reference} leads to does not begin with https:// or http://")
    return found


class _Failure(NamedTuple):
    """Why a request failed, whether to try it again at once, and whether the other side is down for all alerts."""

    reason: str
    again: bool
    down: bool


@dataclass(frozen=True, kw_only=True)
class WebhookChannel:
    """An address that takes JSON as Slack does. The address is the secret: who knows it can write to the channel.

    Args:
        timeout: Seconds to wait for a connection, and for an answer.
        pause: Seconds before the second try, twice as many before the third.
    """

    url: str = field(repr=False)
    timeout: float = 5.0
    pause: float = 1.0

    name = "webhook"

    def send(self, alert: Alert) -> None:
        """Post it; after 429, 5xx or no connection twice more.

        Raises:
            AlertError: It was refused.
            ChannelDownError: Nobody answers, or only that it is busy or broken.
        """
        body = slack_message(alert)
        failure = self._post(body)
        for wait in (self.pause, 2 * self.pause):
            if failure is None or not failure.again:
                break
            time.sleep(wait)
            failure = self._post(body)
        if failure is not None:
            raise (ChannelDownError if failure.down else AlertError)(failure.reason)

    def _post(self, body: Mapping[str, Any]) -> _Failure | None:
        import requests

        # Errors of requests have the address in their text, so none of them goes on from here.
        try:
            with _addresses_unlogged():
                answer = requests.post(self.url, json=body, timeout=self.timeout, allow_redirects=False)
        except requests.ConnectionError as error:
            return _Failure(f"no connection ({type(error).__name__})", again=True, down=True)
        except requests.Timeout:
            # It may have been taken: at once again could double it.
            return _Failure(f"no answer within {self.timeout:g} seconds", again=False, down=True)
        except (requests.RequestException, ValueError) as error:
            return _Failure(f"the address cannot be used ({type(error).__name__})", again=False, down=True)
        status = answer.status_code
        busy = status == 429 or status >= 500
        return None if 200 <= status < 300 else _Failure(f"answered with status {status}", again=busy, down=busy)


@contextmanager
def _addresses_unlogged() -> Iterator[None]:
    """Keep urllib3 from logging: at DEBUG it writes the path of each request, which is the secret."""
    logger, thread = logging.getLogger("urllib3.connectionpool"), threading.get_ident()

    def of_another(_record: logging.LogRecord) -> bool:
        return threading.get_ident() != thread

    logger.addFilter(of_another)
    try:
        yield
    finally:
        logger.removeFilter(of_another)


def slack_message(alert: Alert) -> dict[str, Any]:
    """Give an alert as Slack takes it: a text for notifications, and blocks for the channel."""
    when = f"{alert.instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": alert.heading[:_HEADER]}},
        {"type": "context", "elements": [_markdown(_escaped(f"{alert.key} · run {alert.run_id} · {when}"))]},
    ]
    shown = "\n".join(f"• {_escaped(line[:_LINE])}" for line in alert.lines)
    if len(shown) > _SECTION:
        shown = shown[:_SECTION].rpartition("\n")[0] + "\n…"
    if shown:
        blocks.insert(1, {"type": "section", "text": _markdown(shown)})
    return {"text": _escaped(alert.heading), "blocks": blocks}


def _markdown(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    # Unescaped, <!channel> in the name of a value would call everyone.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True, kw_only=True)
class SnsChannel:
    """A topic of Amazon SNS; table, key and state are attributes, for the filters of subscriptions."""

    topic_arn: str
    client: Any = field(repr=False)

    name = "sns"

    @staticmethod
    def of(topic_arn: str) -> SnsChannel:
        """Make the client, in the region of the topic; asks nothing of AWS.

        Raises:
            MissingExtraError: boto3 is not installed.
            ConfigError: The AWS settings of this machine cannot be used.
        """
        try:
            import boto3
            from botocore.config import Config  # type: ignore[import-untyped]
            from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
        except ImportError as error:
            raise MissingExtraError(extra="aws", needed_for="the alert channel sns") from error
        patience = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})
        try:
            client = boto3.client("sns", region_name=topic_arn.split(":")[3], config=patience)
        except BotoCoreError as error:
            raise ConfigError(f"the alert channel sns cannot be opened: {error}") from error
        return SnsChannel(topic_arn=topic_arn, client=client)

    def send(self, alert: Alert) -> None:
        """Publish it.

        Raises:
            AlertError: SNS refused it.
            ChannelDownError: SNS does not answer, or there are no credentials.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        attributes = {"table": alert.table, "key": alert.key, "state": alert.state}
        try:
            self.client.publish(
                TopicArn=self.topic_arn,
                # A subject is ASCII, and shorter than 100 characters.
                Subject=alert.heading.encode("ascii", "replace").decode()[:99],
                Message=alert.text,
                MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()},
            )
        except ClientError as error:
            raise AlertError(str(error)) from error
        except BotoCoreError as error:
            raise ChannelDownError(str(error)) from error

"""Channels against a real server: what they send, when they try again, and what they never tell."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
import tomllib
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]

from lakehouse.config import Settings, load
from lakehouse.config.settings import AlertSettings
from lakehouse.config.show import rows_of
from lakehouse.errors import ConfigError, MissingExtraError
from lakehouse.observe.alert_channels import SnsChannel, WebhookChannel, channels_of, slack_message
from lakehouse.observe.alerts import Alert, AlertError, ChannelDownError, LogChannel

ROOT = Path(__file__).parent.parent.parent
PATH = "/services/hunter2"
TOPIC = "arn:aws:sns:eu-north-1:123456789012:quality"
ALERT = Alert(
    table="silver.users",
    key="gate",
    state="firing",
    title="silver.users was not published",
    lines=("quality score 0.5000, at least 0.9000 is demanded", "email_syntax: 5 of 10 rows failed (50.0%)"),
    run_id="r1",
    instant=datetime(2026, 5, 1, 12, tzinfo=UTC),
)


@dataclass
class Hook:
    """A server that answers with the statuses that it was given, then with 200."""

    server: ThreadingHTTPServer
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{PATH}"

    def channel(self, *statuses: int, timeout: float = 5.0) -> WebhookChannel:
        self.statuses = list(statuses)
        return WebhookChannel(url=self.url, pause=0.01, timeout=timeout)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.got.append((self.path, body))
            status = hook.statuses.pop(0) if hook.statuses else 200
            if status == 0:
                released.wait(5)
                return
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    released = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook = Hook(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield hook
        released.set()
        server.shutdown()


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> WebhookChannel:
    """A webhook whose port nobody listens on."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return WebhookChannel(url=f"http://127.0.0.1:{port}{PATH}", pause=0.01)


def test_a_webhook_gets_text_and_blocks(hook: Hook) -> None:
    hook.channel().send(ALERT)
    ((path, body),) = hook.got
    assert (path, body) == (PATH, slack_message(ALERT))
    assert body["text"] == "firing: silver.users was not published"
    assert [block["type"] for block in body["blocks"]] == ["header", "section", "context"]
    assert "email_syntax: 5 of 10" in body["blocks"][1]["text"]["text"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_webhook_that_was_busy_is_tried_again(hook: Hook, status: int) -> None:
    hook.channel(status, 200).send(ALERT)
    assert len(hook.got) == 2


def test_a_webhook_that_stays_busy_is_given_up_after_two_more_tries(hook: Hook) -> None:
    with pytest.raises(ChannelDownError, match="status 500"):
        hook.channel(500, 500, 500).send(ALERT)
    assert len(hook.got) == 3


def test_what_a_webhook_refuses_is_not_sent_again(hook: Hook) -> None:
    with pytest.raises(AlertError, match="status 404") as told:
        hook.channel(404).send(ALERT)
    assert not isinstance(told.value, ChannelDownError)
    assert len(hook.got) == 1


def test_a_webhook_does_not_follow_to_another_address(hook: Hook) -> None:
    with pytest.raises(AlertError, match="status 302"):
        hook.channel(302).send(ALERT)


def test_a_webhook_that_may_have_taken_it_is_not_asked_again_at_once(hook: Hook) -> None:
    with pytest.raises(ChannelDownError, match=r"within 0\.2 seconds"):
        hook.channel(0, timeout=0.2).send(ALERT)
    assert len(hook.got) == 1


def test_a_dead_webhook_is_down(dead: WebhookChannel) -> None:
    with pytest.raises(ChannelDownError, match="no connection"):
        dead.send(ALERT)


def test_the_address_of_a_webhook_is_not_in_its_repr(dead: WebhookChannel) -> None:
    assert "hunter2" not in f"{dead!r} {dead} {[dead]}"


def test_the_address_of_a_webhook_is_not_in_its_errors(dead: WebhookChannel) -> None:
    for channel in (dead, replace(dead, url="http://[hunter2"), replace(dead, url="hunter2://x")):
        with pytest.raises(AlertError) as told:
            channel.send(ALERT)
        assert "hunter2" not in "".join(traceback.format_exception(told.value))
        assert told.value.__context__ is None


def test_the_address_of_a_webhook_is_not_in_the_log(
    hook: Hook, dead: WebhookChannel, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        hook.channel(500, 200).send(ALERT)
        with pytest.raises(AlertError):
            dead.send(ALERT)
    assert "hunter2" not in caplog.text


def test_other_threads_are_logged_while_a_webhook_is_posted_to(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    urllib3 = logging.getLogger("urllib3.connectionpool")
    channel = hook.channel(0, timeout=0.5)
    sending = threading.Thread(target=lambda: channel._post({}))
    with caplog.at_level(logging.DEBUG):
        sending.start()
        while sending.is_alive() and not hook.got:
            time.sleep(0.01)
        assert urllib3.filters != []
        urllib3.debug("of another thread")
        sending.join()
    assert "of another thread" in caplog.text
    assert urllib3.filters == []


def test_what_slack_would_read_as_a_mention_is_text() -> None:
    body = json.dumps(slack_message(replace(ALERT, title="<!channel>", lines=("country = <!here> & co",))))
    assert "&lt;!here&gt; &amp; co" in body
    assert "<!here>" not in body
    assert slack_message(replace(ALERT, title="<!channel>"))["text"] == "firing: &lt;!channel&gt;"


def test_a_long_alert_stays_within_what_slack_takes() -> None:
    header, section, _ = slack_message(replace(ALERT, title="t" * 999, lines=("&" * 999,) * 99))["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert 2000 < len(section["text"]["text"]) <= 3000
    assert section["text"]["text"].endswith("&amp;\n…")


def test_an_alert_without_lines_has_no_empty_section() -> None:
    assert [block["type"] for block in slack_message(replace(ALERT, lines=()))["blocks"]] == ["header", "context"]


def test_the_log_gets_a_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    LogChannel().send(replace(ALERT, lines=("one\ntwo",)))
    (record,) = caplog.records
    assert (record.name, record.levelname, record.getMessage().count("\n")) == ("lakehouse.alerts", "WARNING", 0)
    told = json.loads(record.getMessage().removeprefix("alert "))
    assert (told["table"], told["key"], told["state"], told["lines"]) == (
        "silver.users",
        "gate",
        "firing",
        ["one\ntwo"],
    )


@pytest.fixture
def sns() -> Iterator[tuple[SnsChannel, Stubber]]:
    client = boto3.client("sns", "eu-north-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        yield SnsChannel(topic_arn=TOPIC, client=client), stub


def published(alert: Alert, subject: str) -> dict[str, Any]:
    named = {"table": alert.table, "key": alert.key, "state": alert.state}
    return {
        "TopicArn": TOPIC,
        "Subject": subject,
        "Message": alert.text,
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in named.items()},
    }


def test_a_topic_gets_text_and_attributes_to_filter_by(sns: tuple[SnsChannel, Stubber]) -> None:
    channel, stub = sns
    stub.add_response("publish", {"MessageId": "1"}, published(ALERT, "firing: silver.users was not published"))
    channel.send(ALERT)
    stub.assert_no_pending_responses()
    assert "- email_syntax: 5 of 10 rows failed (50.0%)" in ALERT.text.splitlines()


def test_a_subject_is_short_and_ascii(sns: tuple[SnsChannel, Stubber]) -> None:
    channel, stub = sns
    alert = replace(ALERT, title="ü" * 200)
    stub.add_response("publish", {"MessageId": "1"}, published(alert, "firing: " + "?" * 91))
    channel.send(alert)


def test_what_sns_refuses_is_told_with_its_reason(sns: tuple[SnsChannel, Stubber]) -> None:
    channel, stub = sns
    stub.add_client_error("publish", "NotFound", "Topic does not exist")
    with pytest.raises(AlertError, match="Topic does not exist"):
        channel.send(ALERT)


def test_sns_without_credentials_is_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(ChannelDownError, match="credentials"):
        SnsChannel.of(TOPIC).send(ALERT)


def test_sns_is_asked_in_the_region_of_the_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert SnsChannel.of(TOPIC).client.meta.region_name == "eu-north-1"


def test_sns_without_boto3_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(MissingExtraError, match=r"lakehouse\[aws\]"):
        SnsChannel.of(TOPIC)


def test_no_channel_is_named_by_default() -> None:
    assert channels_of(Settings().alerts, environ={}) == ()


def test_each_channel_is_made_once_with_its_secret_resolved() -> None:
    settings = AlertSettings(channels=("webhook", "log", "webhook"), webhook_url="secret://env/HOOK")
    found = channels_of(settings, environ={"HOOK": f"https://host{PATH}\n"})
    assert found == (WebhookChannel(url=f"https://host{PATH}"), LogChannel())


@pytest.mark.parametrize("environ", [{}, {"HOOK": "hunter2"}], ids=["not there", "no address"])
def test_a_reference_that_leads_to_no_address_is_refused_before_anything_is_sent(environ: dict[str, str]) -> None:
    settings = AlertSettings(channels=("webhook",), webhook_url="secret://env/HOOK")
    with pytest.raises(ConfigError, match="secret://env/HOOK") as told:
        channels_of(settings, environ=environ)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(("channel", "needed"), [("webhook", "webhook_url"), ("sns", "sns_topic_arn")])
def test_a_channel_without_its_setting_is_refused(tmp_path: Path, channel: str, needed: str) -> None:
    (tmp_path / "my.toml").write_text(f'[alerts]\nchannels = ["log", "{channel}"]')
    with pytest.raises(ConfigError, match=rf"line 1 of .*my\.toml: .*'{channel}' needs alerts\.{needed}, which is not"):
        load([tmp_path / "my.toml"], environ={})


@pytest.mark.parametrize("setting", ['channels=["slack"]', "sns_topic_arn=quality", "topic=x"])
def test_a_setting_that_cannot_be_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=r"alerts\."):
        load([], overrides=[f"alerts.{setting}"], environ={})


@pytest.mark.parametrize("channels", ["[]", '["webhook"]'])
def test_an_address_in_plain_text_is_refused_and_not_shown(channels: str) -> None:
    overrides = [f"alerts.channels={channels}", f"alerts.webhook_url=https://host{PATH}"]
    with pytest.raises(ConfigError, match="secret://env/NAME") as told:
        load([], overrides=overrides, environ={})
    assert "hunter2" not in str(told.value)


def test_an_address_in_plain_text_is_not_in_the_error_of_pydantic() -> None:
    with pytest.raises(ValueError, match="secret://env/NAME") as told:
        Settings.model_validate({"alerts": {"webhook_url": f"https://host{PATH}"}})
    assert "hunter2" not in str(told.value)


def test_the_settings_show_the_reference() -> None:
    loaded = load([], overrides=["alerts.webhook_url=secret://env/HOOK"], environ={"HOOK": "hunter2"})
    assert "secret://env/HOOK" in json.dumps(rows_of(loaded))


def test_the_settings_of_the_guide_make_their_channels() -> None:
    text = (ROOT / "docs" / "quality.md").read_text()
    found = re.search(r"^```toml\n(\[alerts\].*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert found
    settings = Settings.model_validate(tomllib.loads(found[1])).alerts
    channels = channels_of(settings, environ={"QUALITY_WEBHOOK": "https://host/x"})
    assert [one.name for one in channels] == ["log", "webhook", "sns"]

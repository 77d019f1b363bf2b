"""Kafka as people run it: with passwords and certificates, told to two clients in the words of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.sources.kafka_security import librdkafka_options

SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="ann" password="s=;c r\\"t";'


def test_a_login_by_password_is_taken_out_of_javas_words() -> None:
    options = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.jaas.config": SCRAM}
    assert librdkafka_options(options) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "ann",
        "sasl.password": 's=;c r"t',
    }


def test_certificates_as_pem_are_handed_on(tmp_path: Path) -> None:
    (tmp_path / "client.pem").write_text("KEY AND CHAIN")
    options = {
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/etc/ca.pem",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(tmp_path / "client.pem"),
    }
    assert librdkafka_options(options) == {
        "security.protocol": "SSL",
        "ssl.ca.location": "/etc/ca.pem",
        "ssl.certificate.pem": "KEY AND CHAIN",
        "ssl.key.pem": "KEY AND CHAIN",
    }


@pytest.mark.parametrize(
    "options",
    [
        {"sasl.mechanism": "AWS_MSK_IAM", "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;"},
        {"sasl.mechanism": "OAUTHBEARER", "sasl.client.callback.handler.class": "x.Handler"},
        {"security.protocol": "SSL", "ssl.truststore.location": "/etc/trust.jks"},
        {"security.protocol": "SSL", "ssl.keystore.location": "/etc/key.jks"},
    ],
)
def test_what_only_java_can_is_not_asked_for_by_the_other_client(options: dict[str, str]) -> None:
    assert librdkafka_options(options) is None


def test_settings_of_javas_client_beside_security_are_left_out() -> None:
    assert librdkafka_options({"max.poll.records": "5", "fetch.max.bytes": "9"}) == {}

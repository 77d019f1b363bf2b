"""Options of a Kafka client: from the words of Java, which Spark takes, to those of librdkafka, which asks first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_SAME = {"security.protocol", "client.dns.lookup", "ssl.endpoint.identification.algorithm"}
_PEM = {
    "ssl.truststore.certificates": "ssl.ca.pem",
    "ssl.keystore.certificate.chain": "ssl.certificate.pem",
    "ssl.keystore.key": "ssl.key.pem",
    "ssl.key.password": "ssl.key.password",
}
_LOGIN = re.compile(r'(username|password)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))')
_PASSWORDS = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
_ONLY_JAVA = "sasl.client.callback.handler.class"


def librdkafka_options(options: Mapping[str, str]) -> dict[str, str] | None:
    """Give the options in librdkafka's words; None where it has none for them, such as for IAM or a JKS key store.

    What both clients call by the same name is passed on; what only Java's knows beside security is left out: here only
    questions are asked.
    """
    found = {name: value for name, value in options.items() if name in _SAME}
    mechanism = options.get("sasl.mechanism", "")
    if mechanism:
        login = _login(options.get("sasl.jaas.config", ""))
        if mechanism not in _PASSWORDS or login is None or _ONLY_JAVA in options:
            return None
        found |= {"sasl.mechanisms": mechanism, "sasl.username": login[0], "sasl.password": login[1]}
    found |= {theirs: options[ours] for ours, theirs in _PEM.items() if ours in options}
    if location := options.get("ssl.truststore.location"):
        # librdkafka reads PEM; a Java key store it cannot.
        if options.get("ssl.truststore.type", "JKS").upper() != "PEM":
            return None
        found["ssl.ca.location"] = location
    if location := options.get("ssl.keystore.location"):
        if options.get("ssl.keystore.type", "JKS").upper() != "PEM":
            return None
        # One file holds the key and its certificates, as Java wants it.
        found |= dict.fromkeys(("ssl.certificate.pem", "ssl.key.pem"), Path(location).read_text(encoding="utf-8"))
    return found


def _login(jaas: str) -> tuple[str, str] | None:
    parts = {name: (quoted or plain).replace('\\"', '"') for name, quoted, plain in _LOGIN.findall(jaas)}
    return (parts["username"], parts["password"]) if parts.keys() == {"username", "password"} else None

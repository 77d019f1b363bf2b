"""A stream from a broker that wants TLS and a password, and from several topics at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import confluent_kafka
import confluent_kafka.admin
import pytest
from confluent_kafka.admin import _scram as scram
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lakehouse.engines.jars import resolve_jars
from lakehouse.errors import SourceError
from lakehouse.local import broker_settings, kafka_process
from lakehouse.sources.kafka import KafkaTopic
from lakehouse.sources.kafka_offsets import offsets_kept
from lakehouse.sources.topics import ensure_topic
from tests.conftest import JARS
from tests.pipeline.conftest import Bench

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"
JAAS = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="ann" password="{PASSWORD}";'


@dataclass(frozen=True)
class Secured:
    """A broker with two doors: an open one for the test itself, and one with TLS and SCRAM."""

    plain: str
    secured: str
    authority: str

    def options(self, *, jaas: str = JAAS) -> dict[str, str]:
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": jaas,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": self.authority,
        }


def certificate() -> tuple[str, str]:
    """Make a key and a certificate that signs itself, for the loopback."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    written = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return written.decode(), made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder, jars = tmp_path_factory.mktemp("secured"), resolve_jars("kafka", folder=JARS)
    key, chain = certificate()
    port = kafka_process.free_port(None)
    controller = kafka_process.free_port(None, taken=port)
    door = kafka_process.free_port(None, taken=controller)
    properties, log_config = folder / "server.properties", folder / "log4j2.xml"
    broker_settings.write_server_properties(properties, data=folder / "data", port=port, controller_port=controller)
    broker_settings.write_log_config(log_config, log=folder / "log")
    text = properties.read_text().replace("CONTROLLER:PLAINTEXT", "CONTROLLER:PLAINTEXT,SECURED:SASL_SSL")
    text = text.replace(f"PLAINTEXT://127.0.0.1:{port}", f"PLAINTEXT://127.0.0.1:{port},SECURED://127.0.0.1:{door}")
    lines = {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secured.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": key.strip().replace("\n", r"\n"),
        "ssl.keystore.certificate.chain": chain.strip().replace("\n", r"\n"),
    }
    properties.write_text(text + "".join(f"{name}={value}\n" for name, value in lines.items()))
    kafka_process.format_storage(properties=properties, cluster_id="LQ3FQhyRR3mq4wYDRYAEqg", jars=jars)
    pid = kafka_process.spawn(
        properties=properties, log_config=log_config, jars=jars, output=folder / "out", detach=False
    )
    try:
        give_up = time.monotonic() + 60
        while not (kafka_process.port_answers(port) and kafka_process.port_answers(door)):
            assert time.monotonic() < give_up, (folder / "log").read_text()[-3000:]
            time.sleep(0.1)
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": f"127.0.0.1:{port}"})
        info = scram.ScramCredentialInfo(scram.ScramMechanism.SCRAM_SHA_512, 4096)
        alteration = scram.UserScramCredentialUpsertion("ann", info, PASSWORD.encode())
        admin.alter_user_scram_credentials([alteration])["ann"].result()
        yield Secured(f"127.0.0.1:{port}", f"127.0.0.1:{door}", chain)
    finally:
        kafka_process.end(pid, properties=properties, grace_seconds=10)


def send(servers: str, topic: str, *values: int) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": servers, "log_level": 0})
    for value in values:
        producer.produce(topic, f'{{"sensor": "a", "value": {value}}}'.encode(), partition=0)
    assert producer.flush(30) == 0


def test_a_stream_logs_in_with_a_password_over_tls(bench: Bench, secured: Secured, unique: str) -> None:
    ensure_topic(secured.plain, unique, partitions=1)
    send(secured.plain, unique, 1, 2)
    topic = KafkaTopic(bootstrap_servers=secured.secured, topic=unique, options=secured.options())
    found = replace(bench, ingest=replace(bench.ingest, topic=topic))
    found.run()
    assert found.values() == [1, 2]
    assert offsets_kept(topic) == {unique: {"0": (0, 2)}}
    assert PASSWORD not in repr(found.ingest)


def test_a_wrong_password_is_told_before_spark_waits_and_is_not_shown(
    bench: Bench, secured: Secured, unique: str
) -> None:
    ensure_topic(secured.plain, unique, partitions=1)
    wrong = secured.options(jaas=JAAS.replace(PASSWORD, "a guess"))
    topic = KafkaTopic(bootstrap_servers=secured.secured, topic=unique, options=wrong)
    with pytest.raises(SourceError) as told:
        replace(bench, ingest=replace(bench.ingest, topic=topic)).run()
    assert secured.secured in str(told.value)
    assert "a guess" not in str(told.value)


def test_all_topics_of_a_pattern_come_into_one_table(bench: Bench, unique: str) -> None:
    servers = bench.ingest.topic.bootstrap_servers
    for name, value in ((f"{unique}.a", 1), (f"{unique}.b", 2)):
        ensure_topic(servers, name, partitions=1)
        send(servers, name, value)
    pattern = KafkaTopic(bootstrap_servers=servers, pattern=rf"{unique}\.[a-c]")
    found = replace(bench, ingest=replace(bench.ingest, topic=pattern))
    found.run()
    ensure_topic(servers, f"{unique}.c", partitions=1)
    send(servers, f"{unique}.c", 3)
    found.run()
    assert found.values() == [1, 2, 3]


def test_several_topics_with_commas_come_into_one_table(bench: Bench, unique: str) -> None:
    servers = bench.ingest.topic.bootstrap_servers
    ensure_topic(servers, f"{unique}-x", partitions=1)
    send(servers, f"{unique}-x", 1)
    send(servers, unique, 2)
    both = replace(bench.ingest.topic, topic=f"{unique}, {unique}-x")
    found = replace(bench, ingest=replace(bench.ingest, topic=both))
    found.run()
    assert found.values() == [1, 2]


def test_a_pattern_that_no_topic_has_is_told(bench: Bench) -> None:
    servers = bench.ingest.topic.bootstrap_servers
    nothing = KafkaTopic(bootstrap_servers=servers, pattern="no such topic.*")
    with pytest.raises(SourceError, match="is called like 'no such topic"):
        replace(bench, ingest=replace(bench.ingest, topic=nothing)).run()

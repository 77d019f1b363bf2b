from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.config import Secret, Settings, load
from lakehouse.config.secrets import is_secret_name, mask
from lakehouse.config.show import rows_of
from lakehouse.errors import ConfigError

NAMES = [
    "sasl.password",
    "ssl.key.password",
    "s3.secret-access-key",
    "token",
    "apikey",
    "ssl.keystore.key",
    "credential",
]


@given(name=st.sampled_from(NAMES), value=st.text(st.characters(exclude_categories=["C"]), min_size=12))
def test_a_secret_in_plain_text_is_in_no_repr_no_dump_and_no_row(name: str, value: str) -> None:
    hidden = f"<{value}>"
    settings = Settings.model_validate(
        {"kafka": {"options": {name: hidden}}, "catalog": {"properties": {name: hidden}}}
    )
    shown = f"{settings!r} {settings} {settings.kafka} {settings.model_dump()} {settings.model_dump_json()}"
    assert hidden not in shown
    assert settings.kafka.options[name] == hidden


@pytest.mark.parametrize("password", ["hunter2", "hun/hunter2", "hun@hunter2", "a:hunter2", "hunter2?x"])
def test_the_password_of_an_address_is_masked_whatever_is_in_it(password: str) -> None:
    shown = mask("uri", f"postgresql://me:{password}@db/lake")
    assert shown == "postgresql://me:***@db/lake"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("jdbc:postgresql://db/l?user=me&password=hunter2", "jdbc:postgresql://db/l?user=me&password=***"),
        ("-Xss4m -Djavax.net.ssl.trustStorePassword=hunter2", "-Xss4m -Djavax.net.ssl.trustStorePassword=***"),
        ("localhost:9092,other:9092", "localhost:9092,other:9092"),
        ("abfss://lake@account.dfs.core.windows.net/x", "abfss://lake@account.dfs.core.windows.net/x"),
        ("sqlite:///.lake/catalog.db", "sqlite:///.lake/catalog.db"),
    ],
)
def test_inside_of_a_text_only_the_secret_is_masked(value: str, shown: str) -> None:
    assert mask("uri", value) == shown


@pytest.mark.parametrize("name", ["security.protocol", "warehouse", "spark.sql.shuffle.partitions", "client.region"])
def test_other_names_are_shown(name: str) -> None:
    assert not is_secret_name(name)


def test_a_reference_is_shown_and_its_value_is_not() -> None:
    loaded = load([], overrides=['kafka.options."sasl.password"=secret://env/PW'], environ={"PW": "hunter2"})
    rows = {key: value for key, value, _ in rows_of(loaded)}
    assert rows['kafka.options."sasl.password"'] == '"secret://env/PW"'
    assert "hunter2" not in repr(loaded)


def test_a_reference_is_resolved_when_it_is_asked_for_and_not_before() -> None:
    settings = Settings.model_validate({"kafka": {"options": {"sasl.password": "secret://env/PW"}}})
    assert settings.kafka.options["sasl.password"] == "secret://env/PW"
    assert settings.kafka.resolved_options({"PW": "hunter2"}) == {"sasl.password": "hunter2"}


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("secret://env/PW", "environment variable PW is not set"),
        ("secret://file/not/there", "file /not/there cannot be read: No such file"),
        ("secret://vault/x", r"unknown kind 'vault'; there is secret://env/… and secret://file/…"),
    ],
)
def test_a_reference_that_leads_nowhere_says_why(reference: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Secret(reference=reference).resolve({})


def test_a_secret_in_a_file_comes_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("hunter2\n")
    assert Secret(reference=f"secret://file{tmp_path}/pw").resolve({}) == "hunter2"

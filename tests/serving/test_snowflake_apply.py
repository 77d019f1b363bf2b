"""Setting Snowflake up: two phases, what is there already, and what goes wrong on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lakehouse import snowflake_session
from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.errors import ConfigError, ServingError
from lakehouse.serving.snowflake.apply import Applied, State, apply, plan
from lakehouse.serving.snowflake.plan import statements
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.snowflake_session import Session, connect
from tests.serving.fake_snowflake import SNOWFLAKE_USER, Account
from tests.serving.snowflake_lake import SETTINGS, SPECS, golden

FOUND = golden()["glue_rest"]
MADE = [one for one in FOUND if one.step is not Step.CHECKS]


def run(account: Account) -> Applied:
    return apply(Session(open=account.open, role="SYSADMIN", pauses=(0, 0)), FOUND)


def writes(account: Account) -> list[str]:
    return [sql for sql in account.sent if not sql.startswith(("SHOW", "DESC", "SELECT"))]


def test_without_trust_it_ends_with_the_policy_for_the_role_before_any_table() -> None:
    account = Account()
    applied = run(account)
    allowed = json.loads(applied.trust)["Statement"]
    assert [one["Principal"]["AWS"] for one in allowed] == [SNOWFLAKE_USER]
    assert allowed[0]["Condition"] == {"StringEquals": {"sts:ExternalId": "lakehouse"}}
    assert [sql for sql in writes(account) if sql.startswith("CREATE ICEBERG TABLE")] == []
    assert len(applied.refused) == 3


def test_with_trust_all_is_made_in_the_order_of_the_statements() -> None:
    account = Account(trusted=True)
    assert run(account).trust == ""
    assert writes(account) == [one.sql for one in MADE]


def test_it_goes_on_when_the_trust_is_there_and_makes_nothing_twice() -> None:
    account = Account()
    first = run(account)
    account.trusted = True
    second = run(account)
    assert {*first.done, *second.done} == set(MADE)
    assert [one for one in first.done if one.shown_by and one in second.done] == []


def test_a_second_time_only_what_is_renewed_is_sent() -> None:
    account = Account(trusted=True)
    run(account)
    again = run(account)
    assert {one.kind for one in again.done} == {"view", "grant", "grant of a role", "warehouse limit"}


def test_a_plan_changes_nothing_and_says_what_is_there() -> None:
    account = Account()
    run(account)
    before = writes(account)
    states = {one.statement.kind: one.state for one in plan(Session(open=account.open), FOUND)}
    assert (states["external volume"], states["iceberg table"], states["view"]) == (
        State.KEEP,
        State.MAKE,
        State.RENEW,
    )
    assert writes(account) == before


@pytest.mark.parametrize("lost_at", range(1, 60, 9))
def test_a_connection_that_is_lost_is_opened_anew_and_all_is_made(lost_at: int) -> None:
    account = Account(trusted=True, lose_at={lost_at})
    run(account)
    assert (set(writes(account)), account.connections) == ({one.sql for one in MADE}, 2)


def test_a_connection_that_stays_lost_ends_it_and_the_next_run_makes_the_rest() -> None:
    account = Account(trusted=True, lose_at={45, 46, 47})
    with pytest.raises(ServingError, match=r"lost 3 times, at: .*\n.*\nRun it again"):
        run(account)
    applied = run(account)
    assert set(writes(account)) == {one.sql for one in MADE}
    assert applied.kept


def test_an_external_id_that_changed_is_refused_before_anything_is_sent() -> None:
    account = Account()
    run(account)
    kind = ("EXTERNAL VOLUME", "LAKE_VOLUME")
    account.made[kind] = account.made[kind].replace("'lakehouse'", "'another'")
    before = writes(account)
    with pytest.raises(ServingError, match="LAKE_VOLUME STORAGE_AWS_EXTERNAL_ID: declared lakehouse, found another"):
        run(account)
    assert writes(account) == before


def test_a_role_without_grants_is_told_what_it_needs() -> None:
    account = Account(refusals={"CREATE EXTERNAL VOLUME": (3001, "42501")})
    with pytest.raises(ServingError, match=r"(?s)Role SYSADMIN has no right to it.*CREATE EXTERNAL VOLUME ON ACCOUNT"):
        run(account)


def test_a_warehouse_that_is_suspended_is_told() -> None:
    account = Account(trusted=True, refusals={"CREATE OR REPLACE VIEW": (606, "57P03")})
    with pytest.raises(ServingError, match="suspended and does not resume by itself"):
        run(account)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FOUND[::-1], "statements for Snowflake are wrong, none was sent"),
        (statements(SPECS, SnowflakeSettings()), r"snowflake\.storage_url, snowflake\.aws_role_arn.* is not there"),
        (statements(SPECS, SETTINGS.model_copy(update={"route": "object_store"})), r"metadata file of gold\.sales"),
    ],
    ids=["out of order", "settings", "not published"],
)
def test_what_is_wrong_or_not_set_stops_all_before_the_first(found: tuple[Statement, ...], said: str) -> None:
    account = Account()
    with pytest.raises(ServingError, match=said):
        apply(Session(open=account.open), found)
    assert account.sent == []


def test_settings_that_are_missing_to_sign_in_are_named() -> None:
    with pytest.raises(ConfigError, match=r"snowflake\.account, snowflake\.user, one of snowflake\.password"):
        connect(SnowflakeSettings(), environ={})


def test_a_key_pair_comes_from_a_file_as_the_connector_takes_it(tmp_path: Path) -> None:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    to = SnowflakeSettings(account="a", user="u", private_key=f"secret://file{tmp_path}/key.pem")
    found = snowflake_session._credentials(to, {})
    assert found == {"private_key": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())}


def test_a_key_that_is_none_is_told_without_what_is_in_it() -> None:
    to = SnowflakeSettings(account="a", user="u", private_key="secret://env/KEY")
    with pytest.raises(ConfigError, match="is no PEM of a private key") as refused:
        connect(to, environ={"KEY": "hunter2"})
    assert "hunter2" not in str(refused.value)

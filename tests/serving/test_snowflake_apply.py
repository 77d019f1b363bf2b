"""Setting Snowflake up: two phases, what is there already, and what goes wrong on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.errors import ConfigError, ServingError
from lakehouse.serving.snowflake.apply import Applied, State, apply, plan
from lakehouse.serving.snowflake.plan import statements
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.snowflake import connect as connect_module
from lakehouse.snowflake.connect import connect
from lakehouse.snowflake.session import Session
from tests.serving.fake_snowflake import SNOWFLAKE_USER, Account
from tests.serving.snowflake_lake import SETTINGS, SPECS, golden

FOUND = golden()["glue_rest"]
RENEWED = {"view", "grant", "grant of a role", "warehouse limit"}
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
    assert {one.kind for one in again.done} == RENEWED


def test_what_measures_a_column_already_is_not_placed_there_again() -> None:
    account = Account(trusted=True)
    session = Session(open=account.open)
    apply(session, golden()["measured"])
    again = apply(session, golden()["measured"])
    assert {one.kind for one in again.done} == RENEWED | {"metric schedule"}


def test_a_rule_that_changed_is_told_where_its_function_stands() -> None:
    account = Account(trusted=True)
    session = Session(open=account.open)
    apply(session, golden()["measured"])
    name = "LAKE.GOVERNANCE.BROKEN_GOLD_SALES_ORDERS_BETWEEN"
    changed(account, "DATA METRIC FUNCTION", name, "V < 0", "V < 5")
    with pytest.raises(ServingError, match=r"BODY: declared SELECT COUNT.*V < 0, found SELECT COUNT.*V < 5"):
        apply(session, golden()["measured"])


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


@pytest.mark.parametrize(
    ("kind", "name", "option"),
    [
        ("EXTERNAL VOLUME", "LAKE_VOLUME", "STORAGE_AWS_EXTERNAL_ID"),
        ("STORAGE INTEGRATION", "LAKE_STORAGE", "STORAGE_AWS_EXTERNAL_ID"),
        ("CATALOG INTEGRATION", "LAKE_GLUE", "SIGV4_EXTERNAL_ID"),
    ],
)
def test_an_external_id_that_changed_is_refused_before_anything_is_sent(kind: str, name: str, option: str) -> None:
    account = Account()
    run(account)
    changed(account, kind, name, "'lakehouse'", "'another'")
    before = writes(account)
    with pytest.raises(ServingError, match=f"{name} {option}: declared lakehouse, found another"):
        run(account)
    assert writes(account) == before


def changed(account: Account, kind: str, name: str, old: str, new: str) -> None:
    """Let something be there otherwise than it was made."""
    assert old in account.made[kind, name]
    account.made[kind, name] = account.made[kind, name].replace(old, new)


def test_a_policy_that_masks_otherwise_is_told_and_gets_the_declared_body_where_it_stands() -> None:
    account = Account(trusted=True)
    run(account)
    name = "LAKE.GOVERNANCE.MASK_NAME_VARCHAR"
    changed(account, "MASKING POLICY", name, "ELSE '***'", "ELSE VAL")
    told = next(one for one in plan(Session(open=account.open), FOUND) if one.statement.name == name)
    assert told.differences == (
        f"{name} BODY: declared CASE WHEN IS_ROLE_IN_SESSION('LAKE_PERSONAL_READ') THEN VAL ELSE '***' END, "
        "found CASE WHEN IS_ROLE_IN_SESSION('LAKE_PERSONAL_READ') THEN VAL ELSE VAL END",
    )
    before = len(writes(account))
    run(account)
    assert [sql for sql in writes(account)[before:] if "POLICY" in sql.splitlines()[0]] == [
        f"ALTER MASKING POLICY {name} SET BODY ->\n"
        "  CASE WHEN IS_ROLE_IN_SESSION('LAKE_PERSONAL_READ') THEN VAL ELSE '***' END;"
    ]
    assert {one.kind for one in run(account).done} == RENEWED


def test_a_policy_of_another_type_is_refused_before_anything_is_sent() -> None:
    account = Account(trusted=True)
    run(account)
    changed(account, "MASKING POLICY", "LAKE.GOVERNANCE.MASK_NAME_VARCHAR", "(VAL VARCHAR)", "(VAL NUMBER)")
    before = writes(account)
    with pytest.raises(ServingError, match=r"SIGNATURE: declared \(VAL VARCHAR\), found \(VAL NUMBER\)"):
        run(account)
    assert writes(account) == before


@pytest.mark.parametrize(
    ("name", "shown", "sent"),
    [
        ("LAKE_WH", {"size": "Large", "auto_suspend": 60, "auto_resume": "true"}, "ALTER WAREHOUSE LAKE_WH SET"),
        ("LAKE_WH", {"size": "X-Small", "auto_suspend": 60, "auto_resume": "false"}, "ALTER WAREHOUSE LAKE_WH SET"),
        ("LAKE_WH_MONITOR", {"credit_quota": "20.00"}, "ALTER RESOURCE MONITOR LAKE_WH_MONITOR SET CREDIT_QUOTA = 10;"),
        ('LAKE.GOLD_TABLES."sales"', {"comment": "Old"}, 'COMMENT ON TABLE LAKE.GOLD_TABLES."sales" IS'),
        ("LAKE.GOLD.BEST_DAYS", {"target_lag": "1 day"}, "ALTER DYNAMIC TABLE LAKE.GOLD.BEST_DAYS SET TARGET_LAG"),
    ],
    ids=["size", "does not resume", "quota", "comment", "lag"],
)
def test_what_can_be_changed_where_it_is_is_changed(name: str, shown: dict[str, Any], sent: str) -> None:
    account = Account(trusted=True)
    run(account)
    account.shown[name.rpartition(".")[2].strip('"')] = shown
    more = [one.sql for one in run(account).done if one.kind not in RENEWED]
    assert [sql[: len(sent)] for sql in more] == [sent]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("LAKE_WH", {"size": "X-Small", "auto_suspend": 60, "auto_resume": "true"}),
        ("LAKE_WH_MONITOR", {"credit_quota": "10.00"}),
        ("BEST_DAYS", {"text": "create or replace dynamic table x as SELECT DAY, SUM(ORDERS) AS ORDERS\n"
                               " FROM LAKE.GOLD.SALES GROUP BY DAY", "target_lag": "5 minutes"}),
    ],
    ids=["warehouse", "quota", "query"],
)  # fmt: skip
def test_what_snowflake_only_writes_otherwise_is_no_difference(name: str, shown: dict[str, Any]) -> None:
    account = Account(trusted=True)
    run(account)
    account.shown[name] = shown
    assert {one.kind for one in run(account).done} == RENEWED


def test_an_iceberg_table_of_another_catalog_is_refused() -> None:
    account = Account(trusted=True)
    run(account)
    account.shown["sales"] = {"catalog_name": "OTHER_GLUE", "catalog_table_name": "sales"}
    with pytest.raises(ServingError, match=r"gold\.sales CATALOG_NAME: declared LAKE_GLUE, found OTHER_GLUE"):
        run(account)


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
    found = connect_module._credentials(to, {})
    assert found == {"private_key": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())}


def test_a_key_that_is_none_is_told_without_what_is_in_it() -> None:
    to = SnowflakeSettings(account="a", user="u", private_key="secret://env/KEY")
    with pytest.raises(ConfigError, match="is no PEM of a private key") as refused:
        connect(to, environ={"KEY": "hunter2"})
    assert "hunter2" not in str(refused.value)

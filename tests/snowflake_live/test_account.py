"""What only an account can prove; docs/snowflake.md says what each of these would.

They run where the environment says how to sign in: LAKEHOUSE__SNOWFLAKE__ACCOUNT, …__USER, one of …__PASSWORD,
…__PRIVATE_KEY and …__TOKEN as references, and the settings of the lake that is published.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import types as spark_types

from lakehouse.cli.serve import served_tables
from lakehouse.cli.snowflake import published_specs, statements_of
from lakehouse.config import Settings, load
from lakehouse.serving.protocol import ServedTable
from lakehouse.serving.snowflake.apply import State, plan
from lakehouse.serving.snowflake.statement import Step
from lakehouse.serving.snowflake.trust import properties_of, trust_policy
from lakehouse.serving.snowflake.unload import unload
from lakehouse.serving.snowflake.view import view_name
from lakehouse.serving.snowflake.warehouse import SnowflakeWarehouse
from lakehouse.snowflake.session import Session
from lakehouse.sources.snowflake_rows import SnowflakeRows

SETTINGS = load([Path("conf/local.toml")], environ=os.environ).settings
TO = SETTINGS.snowflake
GIVEN = bool(TO.account and TO.user and (TO.password or TO.private_key or TO.token))

NESTED = (spark_types.StructType, spark_types.ArrayType, spark_types.MapType)

pytestmark = pytest.mark.skipif(
    not GIVEN, reason="there is no account: LAKEHOUSE__SNOWFLAKE__ACCOUNT and its like are not set"
)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return SETTINGS


@pytest.fixture(scope="module")
def session(settings: Settings) -> Iterator[Session]:
    opened = Session.of(settings.snowflake)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def published(settings: Settings, session: Session) -> list[ServedTable]:
    """The tables, after both phases; it raises with the policy where the role does not trust the account yet."""
    served = served_tables(settings, published_specs(settings))
    SnowflakeWarehouse(to=settings.snowflake, session=session).publish(served)
    return served


def test_every_statement_is_accepted_and_a_second_time_nothing_is_made(
    settings: Settings, session: Session, published: list[ServedTable]
) -> None:
    again = plan(session, statements_of(settings))
    assert [one.statement.name for one in again if one.state in {State.MAKE, State.DIFFERS}] == []


def test_the_account_tells_what_the_role_has_to_trust(settings: Settings, session: Session) -> None:
    of_access = [one for one in statements_of(settings) if one.described_by and one.step <= Step.CATALOG]
    described = [properties_of(session.ask(one.described_by)) for one in of_access]
    assert "arn:aws" in trust_policy(described)
    assert settings.snowflake.external_id in trust_policy(described)


def test_the_checks_of_access_pass(settings: Settings, session: Session, published: list[ServedTable]) -> None:
    for one in statements_of(settings):
        if one.kind.endswith("is open"):
            assert "true" in str(session.ask(one.sql)[0]) or "success" in str(session.ask(one.sql)[0])


def test_each_table_reads_the_newest_snapshot_with_all_of_its_rows(
    settings: Settings, session: Session, published: list[ServedTable]
) -> None:
    probes = SnowflakeWarehouse(to=settings.snowflake, session=session).probe(published, now=datetime.now(UTC))
    assert [one for one in probes if not one.right] == []


def test_each_view_gives_a_row_under_the_names_that_people_type(settings: Settings, session: Session) -> None:
    for one in statements_of(settings):
        if one.kind == "view":
            session.ask(f"SELECT * FROM {one.name} LIMIT 1")


def test_each_view_is_read_back_in_the_types_of_its_contract(settings: Settings, session: Session) -> None:
    for spec in published_specs(settings):
        flat = [one for one in spec.struct.fields if not isinstance(one.dataType, NESTED)]
        declared = spark_types.StructType(flat)
        query = f"SELECT * FROM {view_name(settings.snowflake, spec)} LIMIT 5"
        rows = SnowflakeRows(session=session, query=query, what=spec.name, declared=declared)
        assert all(table.schema == rows.schema for table in rows.arrow())


def test_a_result_is_unloaded_and_its_answer_names_files_and_rows(settings: Settings, session: Session) -> None:
    spec = published_specs(settings)[0]
    asked = f"SELECT * FROM {view_name(settings.snowflake, spec)} LIMIT 5"
    found = unload(session, settings.snowflake, spec, asked, run_id=f"live_{uuid.uuid4().hex[:6]}")
    assert bool(found.files) == bool(found.rows)

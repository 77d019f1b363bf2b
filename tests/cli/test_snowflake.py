"""``lakehouse publish snowflake`` and ``lakehouse status`` as a person types them."""

from __future__ import annotations

from pathlib import Path

from lakehouse.config.settings import CatalogSettings
from tests.cli.command_line import lakehouse

LAKE = "lakehouse.domains"


def test_the_statements_are_files_in_their_order_and_old_ones_go(tmp_path: Path) -> None:
    (tmp_path / "70_computed.sql").write_text("-- of an earlier time")
    done = lakehouse("publish", "snowflake", "--out", str(tmp_path), package=LAKE)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert (done.exit_code, names[0], names[-1]) == (0, "00_account.sql", "90_checks.sql")
    assert "70_computed.sql" not in names
    assert "snowflake.aws_role_arn" in done.output


def test_a_dry_run_prints_them_all(tmp_path: Path) -> None:
    done = lakehouse("publish", "snowflake", "--dry-run", package=LAKE)
    assert 'CREATE ICEBERG TABLE IF NOT EXISTS LAKE.GOLD_TABLES."dim_user"' in done.stdout


def test_a_layer_without_tables_is_refused_with_those_that_have_some() -> None:
    done = lakehouse("publish", "snowflake", "--dry-run", "--set", 'snowflake.layers=["platinum"]', package=LAKE)
    assert done.exit_code == 3
    assert "there is no table in 'platinum'; there are bronze" in " ".join(done.output.split())


def test_without_an_account_it_is_said_what_is_missing() -> None:
    done = lakehouse("publish", "snowflake", package=LAKE)
    assert done.exit_code == 3
    assert "snowflake.account, snowflake.user, one of snowflake.password" in " ".join(done.output.split())


def test_what_a_build_makes_is_not_made_by_snowflake_too() -> None:
    results = 'snowflake.results={"gold.revenue_daily" = "SELECT 1"}'
    done = lakehouse("unload", "gold.revenue_daily", "--dry-run", "--set", results, package=LAKE)
    assert done.exit_code == 3
    assert "gold.revenue_daily is made by a build of this lake" in " ".join(done.output.split())


def test_a_result_of_two_statements_is_refused() -> None:
    results = 'snowflake.results={"bronze.order_events_raw" = "SELECT 1; DROP TABLE X"}'
    done = lakehouse("unload", "bronze.order_events_raw", "--dry-run", "--set", results, package=LAKE)
    assert done.exit_code == 3
    assert "has to be one SELECT, without a semicolon" in " ".join(done.output.split())


def test_the_status_of_a_lake_without_tables_says_what_makes_some(tmp_path: Path) -> None:
    catalog = CatalogSettings(uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"{tmp_path}/wh")
    done = lakehouse("status", package=LAKE, catalog=catalog)
    assert done.exit_code == 3
    assert "`lakehouse run` builds silver and gold" in " ".join(done.output.split())

"""What Spark makes of the silver builds of users: how often rows are read, moved, and taken out of generated code."""

from __future__ import annotations

import re

import pytest
from pyspark.sql import DataFrame

from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.domains.users.silver import UserChanges, Users, user_changes, users
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.quality import rule_set, with_quality


def plan(capsys: pytest.CaptureFixture[str], spec: TableSpec, made: DataFrame) -> str:
    """Give the physical plan of what a build writes: what its table keeps, with the columns of quality."""
    with_quality(kept_rows(spec, made), rule_set(spec)).explain()
    return capsys.readouterr().out


def test_changes_take_one_scan_of_bronze_no_shuffle_and_no_python(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.ensure(spec_of(UsersRaw))
    found = plan(capsys, spec_of(UserChanges), user_changes(lake.read(UsersRaw)))
    assert (found.count("BatchScan"), found.count("Exchange"), found.count("Python")) == (1, 0, 0)


def test_the_newest_of_each_person_takes_one_scan_and_one_shuffle_by_the_key(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.ensure(spec_of(UserChanges))
    found = plan(capsys, spec_of(Users), users(lake.read(UserChanges)))
    assert re.findall(r"BatchScan (\S+)\[", found) == ["lake.silver.user_changes"]
    assert re.findall(r"Exchange (\w+)\((\w+)#", found) == [("hashpartitioning", "user_id")]
    # A higher-order function is interpreted, and takes its operator out of the generated code with it.
    assert [word for word in ("Python", "Arrow", "lambda") if word in found] == []

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.contract.partitioning import PartitionField, from_iceberg, parse_partition_field
from lakehouse.errors import ContractError

columns = st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[a-z][a-z0-9_]{0,8})?", fullmatch=True)
fields = st.one_of(
    st.builds(PartitionField, st.sampled_from(["identity", "years", "months", "days", "hours"]), columns),
    st.builds(PartitionField, st.sampled_from(["bucket", "truncate"]), columns, st.integers(1, 4096)),
)


@given(fields)
def test_a_field_is_read_back_from_its_sql(field: PartitionField) -> None:
    assert parse_partition_field(field.sql.replace("`", "")) == field


@given(fields)
def test_a_field_is_read_back_from_icebergs_metadata(field: PartitionField) -> None:
    assert from_iceberg(field.iceberg, field.column) == field


@given(fields, st.sampled_from(["", " ", "  "]))
def test_spaces_mean_nothing(field: PartitionField, space: str) -> None:
    text = field.sql.replace("`", "")
    for mark in "(),":
        text = text.replace(mark, f"{space}{mark}{space}")
    assert parse_partition_field(text) == field


@pytest.mark.parametrize(
    ("text", "todo"),
    [
        ("bucket(user_id)", r"write bucket\(16, column\)"),
        ("days(4, ts)", r"write days\(column\)"),
        ("weeks(ts)", "unknown transform 'weeks'; Iceberg has identity, years, months, days, hours, bucket, truncate"),
        ("bucket(16 user_id)", "cannot be read"),
        ("", "cannot be read"),
        ("bucket(0, user_id)", "at least 1"),
    ],
)
def test_a_transform_that_iceberg_has_not_is_refused_with_what_to_write(text: str, todo: str) -> None:
    with pytest.raises(ContractError, match=rf"^partition field {re.escape(repr(text))}.*{todo}"):
        parse_partition_field(text)

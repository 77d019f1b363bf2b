from __future__ import annotations

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


@pytest.mark.parametrize("text", ["bucket(user_id)", "days(4, ts)", "weeks(ts)", "bucket(16 user_id)", ""])
def test_a_transform_that_iceberg_has_not_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="partition field"):
        parse_partition_field(text)

"""A lake in Glue: what Glue shows of it, and commits that nobody answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import PyArrowFileIO

from lakehouse.catalog.connect import open_catalog, pyiceberg_properties
from lakehouse.catalog.iceberg import ForeignTableError, Lake, find_table
from lakehouse.catalog.iceberg_schema import create_table
from lakehouse.catalog.ledger import history
from lakehouse.catalog.namespaces import make_namespace
from lakehouse.catalog.publish import open_audit, publish
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.errors import ConfigError
from lakehouse.session import catalog_conf
from tests.aws.faults import Fault, FaultyAws
from tests.catalog.conftest import entry
from tests.contract.tables import Orders

SPEC = spec_of(Orders)


@pytest.fixture(scope="module")
def orders(catalog: Catalog) -> TableSpec:
    """A table that is there and has rows of nobody."""
    table = create_table(catalog, SPEC)
    table.append(table.schema().as_arrow().empty_table())
    return SPEC


def glue(catalog: Catalog) -> Any:
    return catalog.glue  # type: ignore[attr-defined]


def test_a_layer_is_a_database_with_a_description_and_a_place(catalog: Catalog, emptied: None) -> None:
    make_namespace(catalog, "gold")
    made = glue(catalog).get_database(Name="gold")["Database"]
    assert made["LocationUri"] == "s3://lake/warehouse/gold.db"
    assert made["Description"] == "Facts, dimensions and reports, built of silver"


def test_glue_shows_what_tables_and_columns_are_after_a_commit_too(catalog: Catalog, orders: TableSpec) -> None:
    shown = glue(catalog).get_table(DatabaseName="silver", Name="orders")["Table"]
    comments = {one["Name"]: one.get("Comment") for one in shown["StorageDescriptor"]["Columns"]}
    assert shown["Description"] == "One row per order; the customer's newest version."
    assert comments["amount"] == "Sum with tax [EUR]"


def test_a_comment_that_is_too_long_for_glue_is_cut_there(catalog: Catalog, orders: TableSpec) -> None:
    table = catalog.load_table(orders.name)
    with table.update_schema() as change:
        change.update_column("discount", doc="x" * 300)
    shown = glue(catalog).get_table(DatabaseName="silver", Name="orders")["Table"]["StorageDescriptor"]["Columns"]
    assert [len(one["Comment"]) for one in shown if one["Name"] == "discount"] == [255]


@pytest.mark.parametrize("made", [True, False])
def test_a_publish_that_glue_does_not_answer_is_made_once(
    aws: FaultyAws, catalog: Catalog, orders: TableSpec, made: bool
) -> None:
    # A publish needs of the session that it reads the table anew.
    session = cast(Any, SimpleNamespace(sql=lambda _: None))
    lake = Lake(session, catalog, "lake")
    before = len(list(history(lake.table(orders.name))))
    audit = open_audit(lake, orders, run_id=f"r{made}".lower())
    lost = Fault(begins="AWSGlue.UpdateTable", code="InternalServiceException", status=500, times=1, done=made)
    with aws.fails(lost):
        snapshot = publish(audit, entry(f"r{made}".lower()))
    published = list(history(lake.table(orders.name)))
    assert (len(published) - before, published[0].snapshot_id) == (1, snapshot)


def test_a_commit_that_someone_else_was_ahead_of_is_refused(
    aws: FaultyAws, catalog: Catalog, orders: TableSpec
) -> None:
    # By the version of the table, which moto does not look at.
    ahead = Fault(begins="AWSGlue.UpdateTable", code="ConcurrentModificationException", times=1)
    table = catalog.load_table(orders.name)
    with aws.fails(ahead), pytest.raises(CommitFailedException, match="concurrent update"):
        catalog.commit_table(table, (), table.transaction().set_properties(mine="1")._updates)


def test_a_table_of_hive_is_told_from_one_that_is_not_there(catalog: Catalog, orders: TableSpec) -> None:
    columns = [{"Name": "UserId", "Type": "bigint"}]
    hive = {"Name": "visits", "Description": "Visits", "StorageDescriptor": {"Columns": columns}, "Parameters": {}}
    glue(catalog).create_table(DatabaseName="silver", TableInput=hive)
    assert find_table(catalog, "silver.nobody") is None
    with pytest.raises(ForeignTableError, match=r"silver.visits is in the catalog, and no Iceberg table"):
        find_table(catalog, "silver.visits")


def test_spark_and_pyiceberg_are_told_the_same_by_one_name(in_glue: Settings) -> None:
    given = in_glue.catalog.properties
    spark, pyiceberg = catalog_conf(in_glue.catalog), pyiceberg_properties(in_glue)
    for name in ("client.region", "glue.endpoint", "s3.endpoint"):
        assert (spark[f"spark.sql.catalog.lake.{name}"], pyiceberg[name]) == (given[name], given[name])
    assert pyiceberg["s3.force-virtual-addressing"] == "false"


def test_arrow_tries_as_often_as_a_slow_s3_needs(aws: FaultyAws, in_glue: Settings) -> None:
    file = PyArrowFileIO(pyiceberg_properties(in_glue)).new_output("s3://lake/slow")
    slow = Fault(begins="PUT /lake/slow", code="SlowDown", status=503, times=3)
    with aws.fails(slow), file.create() as stream:
        stream.write(b"all of it")
    assert file.to_input_file().open().read() == b"all of it"


@pytest.mark.parametrize(
    ("catalog", "told"),
    [
        ({"warehouse": ".lake/warehouse"}, r"catalog.warehouse is '.lake/warehouse'; with Glue it is s3://"),
        ({"properties": {"lock-impl": "…DynamoDbLockManager"}}, "'lock-impl': with a lock in DynamoDB Spark no longer"),
        ({"properties": {"client.assume-role.arn": "arn:…"}}, "'client.assume-role.arn': only Spark would take"),
    ],
    ids=["no S3", "a lock", "a role of Spark alone"],
)
def test_what_would_work_for_one_of_the_two_is_refused(catalog: dict[str, Any], told: str) -> None:
    settings = Settings.model_validate({"catalog": {"type": "glue", "warehouse": "s3://lake", **catalog}})
    with pytest.raises(ConfigError, match=told):
        open_catalog(settings)

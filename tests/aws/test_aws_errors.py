"""Bad days of AWS, each told in words: what was refused, and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from pyiceberg.catalog import Catalog

from lakehouse.catalog.aws_errors import AwsError, aws_error
from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg_schema import create_table
from lakehouse.config import Settings
from lakehouse.contract.table import spec_of
from lakehouse.errors import EngineError
from tests.aws.faults import Fault, FaultyAws
from tests.cli.command_line import lakehouse
from tests.contract.tables import OrdersRaw

NAME = "bronze.orders_raw"


@pytest.fixture(scope="module")
def there(catalog: Catalog) -> Catalog:
    """A catalog with a table."""
    create_table(catalog, spec_of(OrdersRaw))
    return catalog


GLUE, S3 = "AWSGlue.GetTable", "HEAD /lake/warehouse/bronze.db/orders_raw"
DENIED = Fault(begins=GLUE, code="AccessDeniedException", text="User: a is not authorized to perform: glue:GetTable")
EXPIRED = Fault(begins=GLUE, code="ExpiredTokenException", text="The security token included in the request is expired")
UNKNOWN = Fault(begins=GLUE, code="UnrecognizedClientException", text="The security token is invalid")
NO_BUCKET = Fault(begins="GET /lake", code="NoSuchBucket", status=404, text="The specified bucket does not exist")
ELSEWHERE = Fault(begins="GET /lake", code="PermanentRedirect", status=301)


@pytest.mark.parametrize(
    ("fault", "kind", "todo"),
    [
        (DENIED, "the role may not do this", "Grant it in IAM"),
        (EXPIRED, "the credentials have expired", "aws sso login"),
        (UNKNOWN, "the credentials are not known", "aws sts get-caller-identity"),
        (Fault(begins=S3, code="AccessDenied", status=403), "the role may not do this", "or in Lake Formation"),
        (NO_BUCKET, "the bucket does not exist", "catalog.warehouse"),
        (ELSEWHERE, "the bucket is in another region", "'client.region' in catalog.properties"),
    ],
    ids=lambda value: value.code if isinstance(value, Fault) else "",
)
def test_a_refusal_is_told_with_what_to_do(aws: FaultyAws, there: Catalog, fault: Fault, kind: str, todo: str) -> None:
    with aws.fails(fault), pytest.raises((ClientError, OSError)) as raised:
        there.load_table(NAME)
    told = aws_error(raised.value)
    assert told is not None
    # Arrow loses the body of a 404 now and then: then it is a bucket, or a file.
    assert (told.kind.startswith(kind), todo in str(told)) == (True, True)


def test_a_throttled_glue_is_asked_again(aws: FaultyAws, there: Catalog) -> None:
    with aws.fails(Fault(begins=GLUE, code="ThrottlingException", text="Rate exceeded", times=2)) as busy:
        assert there.load_table(NAME).name() == ("bronze", "orders_raw")
    assert busy.asked == 2


def test_a_glue_that_goes_on_throttling_is_told_after_as_many_tries_as_are_set(
    aws: FaultyAws, in_glue: Settings, there: Catalog
) -> None:
    impatient = changed(in_glue, {"glue.max-retries": "1"})
    busy = Fault(begins=GLUE, code="ThrottlingException", text="Rate exceeded")
    with aws.fails(busy), pytest.raises(ClientError) as raised:
        open_catalog(impatient).load_table(NAME)
    told = aws_error(raised.value)
    assert told is not None
    assert (told.kind, busy.asked) == ("it is asked too often", 2)


def test_without_a_region_the_setting_is_named(in_glue: Settings, aws: FaultyAws) -> None:
    nowhere = Settings.model_validate({"catalog": {"type": "glue", "warehouse": "s3://lake"}})
    with pytest.raises(AwsError, match=r"no region is set(.|\n)*'client.region'"):
        open_catalog(nowhere)


def test_an_address_that_nobody_has_is_told(in_glue: Settings, there: Catalog) -> None:
    deaf = changed(in_glue, {"glue.endpoint": "http://127.0.0.1:9", "glue.max-retries": "0"})
    with pytest.raises(Exception, match="Could not connect") as raised:
        open_catalog(deaf).load_table(NAME)
    told = aws_error(raised.value)
    assert told is not None
    assert "a region that does not exist has no address" in str(told)


JAVA = (
    "An error occurred while calling o1.sql.\n: org.apache.spark.SparkException: Job aborted\n\tat org.apache…\n"
    "Caused by: software.amazon.awssdk.services.{0}: {1} (Service: {2}, Status Code: "
    "{3}, Request ID: 1) (SDK Attempt Count: 3)\n\tat software.amazon.awssdk.core.internal.http…\n"
)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (("glue.model.AccessDeniedException", "User: a is not authorized", "Glue", 400), "the role may not do this"),
        (("glue.model.GlueException", "The security token included in the request is expired", "Glue", 400),
         "the credentials have expired"),
        (("glue.model.ThrottlingException", "Rate exceeded", "Glue", 400), "it is asked too often"),
        (("s3.model.S3Exception", "Please reduce your request rate.", "S3", 503), "it is asked too often"),
        (("s3.model.NoSuchBucketException", "The specified bucket does not exist", "S3", 404),
         "the bucket does not exist"),
        (("s3.model.S3Exception", "The bucket is in this region: us-west-2.", "S3", 301),
         "the bucket is in another region"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_java_says_is_told_in_a_line(said: tuple[Any, ...], kind: str) -> None:
    error = EngineError("the catalog cannot be used")
    error.__cause__ = RuntimeError(JAVA.format(*said))
    told = aws_error(error)
    assert told is not None
    assert (told.kind, told.said.startswith(f"{said[2]}, "), "\n" in told.said) == (kind, True, False)


def test_an_error_that_is_not_of_aws_is_left_alone() -> None:
    assert aws_error(ValueError("AccessDenied: by a mistake of one's own")) is None


def test_a_verb_ends_with_the_message_and_no_trace(aws: FaultyAws, in_glue: Settings, there: Catalog) -> None:
    places = [f"catalog.{name}={getattr(in_glue.catalog, name)}" for name in ("type", "warehouse")]
    places += [f'catalog.properties."{name}"="{value}"' for name, value in in_glue.catalog.properties.items()]
    options = [word for one in places for word in ("--set", one)]
    with aws.fails(EXPIRED):
        done = lakehouse("history", "bronze.users_raw", *options)
    assert (done.exit_code, "Traceback" in done.output) == (3, False)
    assert "the credentials have expired" in done.output


def changed(settings: Settings, properties: dict[str, str]) -> Settings:
    catalog = settings.catalog.model_copy(update={"properties": {**settings.catalog.properties, **properties}})
    return settings.model_copy(update={"catalog": catalog})

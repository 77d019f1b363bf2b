"""Glue as the catalog: settings that Spark and PyIceberg both understand, and a PyIceberg that does as Java's Iceberg.

Java's knows Glue's limits, its places for descriptions, and that a commit without an answer may have been made.
"""

from __future__ import annotations

from typing import Any

from pyarrow.fs import AwsStandardS3RetryStrategy
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitStateUnknownException

from lakehouse.config.settings import CatalogSettings
from lakehouse.errors import ConfigError

_PATH_STYLE, _TRIES = "s3.path-style-access", "glue.max-retries"
_LONGEST_COMMENT, _LONGEST_DESCRIPTION = 255, 2048
"""Of a column, and of a table or database; Glue refuses longer ones."""
_REFUSED = {
    "lock-impl": "with a lock in DynamoDB Spark no longer asks Glue for the version of the table, which is what keeps "
    "other writers from being overwritten",
    "client.factory": "only Spark would have its credentials; let the job run with the role that it needs",
    "client.assume-role.arn": "only Spark would take that role; let the job run with it, or name a profile with "
    "AWS_PROFILE whose role_arn it is",
}


class PatientS3(AwsStandardS3RetryStrategy):  # type: ignore[misc]
    """Arrow's S3 gives up after three tries, which S3 that asks to slow down outlasts."""

    def __init__(self) -> None:
        super().__init__(max_attempts=8)


def glue_properties(catalog: CatalogSettings) -> dict[str, str]:
    """Give the properties of a Glue catalog in PyIceberg's words; they are written as Iceberg's Java has them.

    Raises:
        ConfigError: The warehouse is not in S3, or one of the two would do other than the other.
    """
    if not catalog.warehouse.startswith("s3://"):
        raise ConfigError(f"catalog.warehouse is {catalog.warehouse!r}; with Glue it is s3://bucket/prefix")
    for name, why in _REFUSED.items():
        if name in catalog.properties:
            raise ConfigError(f"catalog.properties has {name!r}: {why}. Take it out")
    # Java's client of Glue is adaptive by itself: it slows down before it is throttled again.
    patience = {"glue.retry-mode": "adaptive", "s3.retry-strategy-impl": f"{__name__}.{PatientS3.__name__}"}
    found = {**patience, **catalog.properties}
    if _TRIES in found:
        # PyIceberg hands it to boto3 as it is, which takes no text.
        found[_TRIES] = int(found[_TRIES])  # type: ignore[assignment]
    if _PATH_STYLE in found:
        found.setdefault("s3.force-virtual-addressing", str(found[_PATH_STYLE].lower() != "true").lower())
    return found


def adapt(catalog: Catalog, *, warehouse: str) -> None:
    """Let the client of PyIceberg's Glue catalog do as Java's does."""
    events, place = catalog.glue.meta.events, warehouse.rstrip("/")  # type: ignore[attr-defined]

    def describe_database(params: dict[str, Any], **_: Any) -> None:
        made = params["DatabaseInput"]
        if comment := made.get("Parameters", {}).pop("comment", ""):
            made.setdefault("Description", comment[:_LONGEST_DESCRIPTION])
        made.setdefault("LocationUri", f"{place}/{made['Name']}.db")

    events.register("provide-client-params.glue.CreateDatabase", describe_database)
    events.register("provide-client-params.glue.CreateTable", _describe_table)
    events.register("provide-client-params.glue.UpdateTable", _describe_table)
    events.register("needs-retry.glue.UpdateTable", _ask_once)


def _describe_table(params: dict[str, Any], **_: Any) -> None:
    made = params["TableInput"]
    if comment := made.get("Parameters", {}).get("comment", ""):
        made.setdefault("Description", comment[:_LONGEST_DESCRIPTION])
    for column in made.get("StorageDescriptor", {}).get("Columns", ()):
        if "Comment" in column:
            column["Comment"] = column["Comment"][:_LONGEST_COMMENT]


def _ask_once(response: Any, caught_exception: Exception | None, **_: Any) -> None:
    """Raise where Glue may have made a commit: asked again, it would take it for that of someone else."""
    from botocore.exceptions import EndpointConnectionError, HTTPClientError  # type: ignore[import-untyped]

    no_answer = isinstance(caught_exception, HTTPClientError) and not isinstance(
        caught_exception, EndpointConnectionError
    )
    if no_answer or (response is not None and response[0].status_code >= 500):
        raise CommitStateUnknownException("Glue did not say whether it made the commit") from caught_exception

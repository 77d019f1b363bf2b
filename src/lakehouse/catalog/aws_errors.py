"""What AWS said no to, and what to do about it: of boto3, of Arrow's S3, and of Java's clients inside of Spark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.errors import LakehouseError

_OF_AWS = re.compile(
    r"AWS Error|software\.amazon\.awssdk|\(Service: \w+|An error occurred \(\w+\) when calling|S3Exception"
)
_IN_JAVA = re.compile(r"awssdk[\w.]*\.(\w+): (.*?) \(Service: (\w+), Status Code: (\d+)")
_GOES_ON = "What was committed is safe; the next run goes on"


@dataclass(frozen=True, kw_only=True)
class _Kind:
    name: str
    marks: tuple[str, ...]
    todo: str


_KINDS = (
    _Kind(
        name="the credentials have expired",
        marks=("ExpiredToken", "EXPIRED_TOKEN", "RequestExpired", "security token included in the request is expired"),
        todo=f"Get new ones (aws sso login, or the role of the job). {_GOES_ON}",
    ),
    _Kind(
        name="there are no credentials",
        marks=("NoCredentials", "Unable to locate credentials", "Unable to load credentials", "MissingAuthentication"),
        todo="Run with a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    _Kind(
        name="the credentials are not known",
        marks=("UnrecognizedClient", "InvalidAccessKeyId", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        todo="Check AWS_PROFILE and the keys: aws sts get-caller-identity",
    ),
    _Kind(
        name="no region is set",
        marks=("NoRegion", "You must specify a region", "Unable to load region"),
        todo="Set it for Spark and PyIceberg alike: catalog.properties, 'client.region' = 'eu-central-1'",
    ),
    _Kind(
        name="the bucket does not exist",
        marks=("NoSuchBucket", "NO_SUCH_BUCKET", "specified bucket does not exist"),
        todo="Make it, or set catalog.warehouse to one that is there",
    ),
    _Kind(
        # Arrow's words where it has lost what S3 said, as it does now and then.
        name="the bucket does not exist, or a file of the table is gone",
        marks=("RESOURCE_NOT_FOUND",),
        todo="Look for the bucket (aws s3 ls) and set catalog.warehouse to one that is there. If it is, something "
        "other than Iceberg has removed files of the table: a lifecycle rule of the bucket, or a person",
    ),
    _Kind(
        name="the bucket is in another region",
        marks=("PermanentRedirect", "AuthorizationHeaderMalformed", "status 301", "Code: 301", "IllegalLocation"),
        todo="Set 'client.region' in catalog.properties to that of the bucket (aws s3api get-bucket-location), "
        "or take a bucket in the region of Glue",
    ),
    _Kind(
        name="the role may not do this",
        marks=("AccessDenied", "ACCESS_DENIED", "is not authorized", "Access Denied", "Lake Formation permission"),
        todo="Grant it in IAM, in the policy of the bucket or its key, or in Lake Formation: docs/aws.md has the list",
    ),
    _Kind(
        name="it is asked too often",
        marks=("Throttl", "Rate exceeded", "SlowDown", "SLOW_DOWN", "Slow Down", "TooManyRequests", "RequestLimit",
               "reduce your request rate", "Status Code: 503", "status 503"),
        todo="It was asked again, with pauses that grow, and refused each time. Start fewer jobs at once, or set "
        f"AWS_MAX_ATTEMPTS=10. {_GOES_ON}",
    ),
    _Kind(
        name="it does not answer",
        marks=("EndpointConnection", "ConnectTimeout", "Could not connect to the endpoint", "NETWORK_CONNECTION",
               "UnknownHost"),
        todo="Check the network and 'client.region': a region that does not exist has no address",
    ),
)  # fmt: skip


class AwsError(LakehouseError):
    """AWS, or the way to it, refused something."""

    def __init__(self, *, kind: str, said: str, todo: str) -> None:
        self.kind, self.said = kind, said
        super().__init__(f"AWS refused it: {kind}\n  {said}\n{todo}")


def aws_error(error: BaseException) -> AwsError | None:
    """Explain an error that AWS or its clients are the reason of; None where they are not, or the reason is not known.

    It is looked for in the causes of the error too, and in what Java said in its text.
    """
    for one in _chain(error):
        said = _said(one)
        kind = next((kind for kind in _KINDS if said and any(mark in said for mark in kind.marks)), None)
        if kind is not None:
            return AwsError(kind=kind.name, said=_short(said), todo=kind.todo)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _said(error: BaseException) -> str:
    """Give the text of an error of AWS with the name of its kind, else nothing."""
    try:
        text = str(error)
    except Exception:
        # The text of a Java error is asked of the JVM, which may be gone.
        return ""
    if type(error).__module__.startswith(("botocore", "boto3")):
        return f"{type(error).__name__}: {text}"
    return text if _OF_AWS.search(text) else ""


def _short(said: str) -> str:
    """Leave Java's stack out, and what is for AWS alone."""
    found = _IN_JAVA.search(said)
    if found:
        name, text, service, status = found.groups()
        return f"{service}, {name} ({status}): {text}"
    lines = [line.strip() for line in said.splitlines() if _OF_AWS.search(line)] or said.splitlines()
    return lines[0].removeprefix("ClientError: ")[:400]

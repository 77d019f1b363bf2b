"""How DuckDB reads files in S3: with the region and address of the catalog, and the credentials of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from lakehouse.errors import MissingExtraError, ServingError


def s3_secret(properties: Mapping[str, str]) -> str:
    """Give the statement that makes a secret of DuckDB; it has keys in it, is not for showing and not kept in a file.

    Raises:
        MissingExtraError: boto3, which knows where credentials are, is not installed.
        ServingError: There are no credentials.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError(extra="aws", needed_for="reading S3 with DuckDB") from error
    try:
        found = boto3.Session().get_credentials()
        keys = found.get_frozen_credentials() if found else None
    except BotoCoreError as error:
        raise ServingError(f"DuckDB cannot read S3: {error}") from None
    if keys is None:
        raise ServingError("DuckDB cannot read S3: there are no credentials. Set AWS_PROFILE, or run with a role")
    words = {"KEY_ID": keys.access_key, "SECRET": keys.secret_key, "SESSION_TOKEN": keys.token}
    words |= {"REGION": properties.get("client.region")} | _address(properties)
    said = [f"{name} '{str(value).replace(chr(39), chr(39) * 2)}'" for name, value in words.items() if value]
    return f"CREATE OR REPLACE TEMPORARY SECRET lake (TYPE s3, {', '.join(said)})"


def _address(properties: Mapping[str, str]) -> dict[str, str]:
    endpoint = properties.get("s3.endpoint")
    if endpoint is None:
        return {}
    parts = urlsplit(endpoint)
    style = "path" if properties.get("s3.path-style-access", "").lower() == "true" else "vhost"
    return {"ENDPOINT": parts.netloc, "USE_SSL": str(parts.scheme == "https").lower(), "URL_STYLE": style}

"""A Glue and an S3 on loopback, of moto: real clients and protocols, nothing kept when the process ends.

Its Glue takes any version of a table for the newest: races of writers are to be tried with another catalog.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lakehouse.config.settings import CatalogSettings
from lakehouse.errors import MissingExtraError

_REGION = "eu-central-1"
_KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@contextmanager
def local_aws() -> Iterator[str]:
    """Give the address of a server for the length of a block, in which no credentials but its own are used.

    Cost: 2 to 4 s, and the memory of all that is written to it.

    Raises:
        MissingExtraError: moto is not installed.
    """
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        raise MissingExtraError(extra="aws-local", needed_for="Glue and S3 on this machine") from error
    # Else it prints a line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    with _environment(_KEYS, without=("AWS_PROFILE", "AWS_SESSION_TOKEN")):
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield f"http://{host}:{port}"
        finally:
            server.stop()


def catalog_of(endpoint: str, catalog: CatalogSettings | None = None) -> dict[str, Any]:
    """Give the settings of a catalog in that Glue, of a warehouse and properties that are configured; makes its bucket.

    A warehouse that is not in S3 is left for one that is.
    """
    import boto3

    given = catalog or CatalogSettings()
    warehouse = given.warehouse if given.warehouse.startswith("s3://") else "s3://lake/warehouse"
    region = given.properties.get("client.region", _REGION)
    client = boto3.client("s3", endpoint_url=endpoint, region_name=region)
    bucket = warehouse.removeprefix("s3://").partition("/")[0]
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    places = {"glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.path-style-access": "true"}
    properties = {**given.properties, "client.region": region, **places}
    return {"type": "glue", "warehouse": warehouse, "properties": properties}


@contextmanager
def _environment(values: Mapping[str, str], *, without: tuple[str, ...]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in (*values, *without)}
    for name in without:
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

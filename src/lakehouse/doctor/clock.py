"""How far the clock of this machine is from that of the catalog: both stamp snapshots, and AWS refuses old requests."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError

from lakehouse.config.settings import CatalogSettings
from lakehouse.doctor.finding import Finding, Level

_SMALL, _ICEBERG = 5.0, 60.0
"""Seconds: the header has whole ones; Iceberg reads no table whose snapshots are out of order by more than a minute."""


def clock_address(catalog: CatalogSettings, environ: Mapping[str, str]) -> str | None:
    """Give an address whose answers have a date; None where the catalog is on this machine or the region not known."""
    if catalog.type == "rest":
        return catalog.uri or None
    region = next(
        (
            found
            for found in (
                *(catalog.properties.get(name) for name in ("client.region", "glue.region", "s3.region")),
                *(environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")),
            )
            if found
        ),
        None,
    )
    service = "glue" if catalog.type == "glue" else "s3"
    if service == "s3" and not catalog.warehouse.startswith("s3"):
        return None
    return catalog.properties.get(f"{service}.endpoint") or (
        f"https://{service}.{region}.amazonaws.com" if region else None
    )


def skew_seconds(address: str, seconds: float) -> float:
    """Give by how much this clock is ahead. Cost: one request without credentials, whose refusal has a date too.

    Raises:
        ValueError: The address is none of HTTP, or its answer has no date.
        OSError: Nobody answers.
    """
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{address} is not asked by HTTP")
    asked = datetime.now(UTC)
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=seconds) as answer:
            said = answer.headers.get("Date")
    except HTTPError as refusal:
        said = refusal.headers.get("Date")
    if not said:
        raise ValueError(f"the answer of {address} has no date")
    middle = asked + (datetime.now(UTC) - asked) / 2
    return (middle - parsedate_to_datetime(said)).total_seconds()


def clock_check(skew: float, address: str) -> Finding:
    """Judge how far this clock is ahead of the other, in seconds; below 0 it is behind."""
    found = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} {address}"
    if abs(skew) <= _SMALL:
        return Finding(check="clock", found=f"within {_SMALL:.0f} s of {address}")
    level = Level.WARNING if abs(skew) <= _ICEBERG else Level.WRONG
    todo = "Set the clock of this machine (NTP): snapshots of several machines would be out of order"
    return Finding(check="clock", level=level, found=found, expected=f"at most {_SMALL:.0f} s", todo=todo)

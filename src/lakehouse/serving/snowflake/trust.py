"""The trust between Snowflake and a role of AWS: what Snowflake says of itself, as the policy that the role needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def properties_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Give what SHOW or DESC tells: of rows of properties these, with those inside of a value of JSON; else columns."""
    found: dict[str, str] = {}
    for row in rows:
        if "property" not in row:
            found.update({name.upper(): str(value) for name, value in row.items()})
            continue
        name, value = str(row["property"]), str(row.get("property_value", row.get("value", "")))
        found[name.upper()] = value
        found.update(_inside(value))
    return found


def trust_policy(described: Iterable[Mapping[str, str]]) -> str:
    """Give the policy, as JSON, from the properties of volumes and integrations.

    Their names differ by kind: STORAGE_AWS_IAM_USER_ARN, GLUE_AWS_IAM_USER_ARN, API_AWS_IAM_USER_ARN.
    """
    pairs = dict.fromkeys(pair for properties in described for pair in _pairs(properties))
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": user},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
        for user, external_id in pairs
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _pairs(properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, user in properties.items():
        if name.endswith("IAM_USER_ARN"):
            kind = name.removesuffix("IAM_USER_ARN")
            external_id = properties.get(f"{kind}EXTERNAL_ID", properties.get("SIGV4_EXTERNAL_ID", ""))
            if user and external_id:
                yield user, external_id


def _inside(value: str) -> dict[str, str]:
    try:
        read = json.loads(value)
    except ValueError:
        return {}
    return {str(name).upper(): str(one) for name, one in read.items()} if isinstance(read, dict) else {}

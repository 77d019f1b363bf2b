"""Combinations of a stream's settings that cannot work are refused when they are loaded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lakehouse.config import Settings

REGISTRY = {"url": "http://registry:8081"}


def load(stream: dict[str, Any], registry: dict[str, Any] = REGISTRY) -> Settings:
    return Settings.model_validate({"streams": {"bronze.x": {"topic": "t", **stream}}, "registry": registry})


@pytest.mark.parametrize(
    ("stream", "registry", "told"),
    [
        ({"format": "avro"}, {}, "bronze.x has the format avro, which needs registry.url"),
        ({"subject": "s"}, REGISTRY, "subject is for the format avro, and the format of this stream is json"),
        ({"unknown_schema": "wait", "format": "json-schema"}, {}, "unknown_schema is for the format avro"),
        ({"drift_sample": 5, "format": "avro"}, REGISTRY, "drift_sample is for the format json or json-schema"),
        ({"format": "xml"}, {}, "Input should be 'json', 'avro' or 'json-schema'"),
        ({}, {"url": "http://me:hidden@registry"}, "registry.url has a user in it"),
        ({}, {"auth": "me:hidden"}, "registry.auth is a secret and no place for one"),
    ],
)
def test_a_combination_that_cannot_work_is_told(stream: dict[str, Any], registry: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as error:
        load(stream, registry)
    assert told in str(error.value)
    assert "hidden" not in str(error.value)


def test_json_needs_no_registry() -> None:
    assert load({"format": "json-schema", "envelope": "debezium"}, {}).streams["bronze.x"].format == "json-schema"

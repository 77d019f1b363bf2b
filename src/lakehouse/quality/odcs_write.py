"""A contract as a document of the Open Data Contract Standard (ODCS, version 3.1), rules included.

A rule becomes a metric of the standard's library where that says exactly the same, else ``type: custom`` with the keys
of a file of rules. Each is read back before it is written: what cannot be read as the same rule is refused.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError, MissingExtraError
from lakehouse.quality.completeness import NotNull
from lakehouse.quality.gate import Gate
from lakehouse.quality.odcs import RULES_IN_QUALITY
from lakehouse.quality.odcs_item import DIMENSIONS, ENGINE, WEIGHT, rule_of_item
from lakehouse.quality.odcs_pattern import pattern_to_odcs
from lakehouse.quality.odcs_type import type_in_odcs
from lakehouse.quality.rule import Col, Rule, Severity
from lakehouse.quality.rule_file import yaml_of
from lakehouse.quality.rule_set import BoundRule, RuleSet
from lakehouse.quality.uniqueness import Unique
from lakehouse.quality.validity import Matches, OneOf
from lakehouse.quality.volume import RowCount

_RARE = re.compile("[\r\x85\u2028\u2029\ufeff]")
_COMMON = {one.name for one in fields(Rule)}
_UNITS = (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SEVERITIES = {Severity.ERROR: "error", Severity.WARN: "warning"}


def to_odcs(spec: TableSpec, rules: RuleSet, *, version: str = "1.0.0", status: str = "active") -> str:
    """Write a contract and its rules as YAML; read as a file of rules, it gives the same rules in the same order.

    Rules that do not stand in the order of the columns, such as those of a file, come back in it.

    Args:
        version: Of the contract, for its readers.
        status: proposed, draft, active, deprecated or retired.

    Raises:
        ContractError: A rule has an argument that text cannot hold.
        MissingExtraError: No writer of YAML is installed.
    """
    every = [*rules.rules, *rules.table_rules]
    paths = {path for top in spec.columns for path in top.paths()}
    names = {column.name: column.name for column in spec.columns}
    quality = [_item(one, names, at_table=True) for one in every if one.column not in paths]
    quality += _demands(rules.gate)
    table: dict[str, Any] = {
        "name": spec.name.split(".")[1],
        "physicalName": spec.name,
        "physicalType": "table",
        "logicalType": "object",
        **({"description": spec.comment} if spec.comment else {}),
        "customProperties": [RULES_IN_QUALITY],
        "properties": [_property(column, "", spec, every) for column in spec.columns],
        **({"quality": quality} if quality else {}),
    }
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": spec.name, "version": version, "status": status}
    return _yaml({**head, "schema": [table]})


def _property(column: ColumnSpec, prefix: str, spec: TableSpec, rules: list[BoundRule]) -> dict[str, Any]:
    path = prefix + column.name
    written: dict[str, Any] = {"name": column.name, **type_in_odcs(column.type)}
    if column.comment:
        written["description"] = column.comment
    if column.required:
        written["required"] = True
    if path in spec.key:
        written |= {"primaryKey": True, "primaryKeyPosition": spec.key.index(path) + 1}
    if column.pii:
        written["classification"] = f"pii:{column.pii.value}"
    if column.fields:
        written["properties"] = [_property(one, f"{path}.", spec, rules) for one in column.fields]
    quality = [_item(one, {}, at_table=False) for one in rules if one.column == path]
    return {**written, "quality": quality} if quality else written


def _item(one: BoundRule, names: Mapping[str, str], *, at_table: bool) -> dict[str, Any]:
    """Write a rule, as a metric if that is read as the same rule."""
    common: dict[str, Any] = {
        **({"name": one.rule.name} if one.rule.name is not None else {}),
        **({"description": one.rule.because} if one.rule.because else {}),
        "dimension": DIMENSIONS[one.rule.dimension][0],
        "severity": _SEVERITIES[one.rule.severity],
        **({"customProperties": [{"property": WEIGHT, "value": one.rule.weight}]} if one.rule.weight != 1 else {}),
    }
    entry = entry_of(one.rule)
    own = {**entry, "column": one.column} if at_table and one.column else entry
    custom = {"type": "custom", "engine": ENGINE, "implementation": own}
    metric = _metric(one.rule)
    wanted = _yaml([one.column, _all(one.rule)])
    for written in ([{"type": "library", **metric}] if metric else []) + [custom]:
        item = {**written, **common}
        try:
            read = rule_of_item(yaml_of(_yaml(item)), column="" if at_table else one.column, properties=names)
        except (ContractError, TypeError, ValueError):
            continue
        if read and _yaml([read[0], _all(read[1])]) == wanted:
            return item
    raise ContractError(f"{one.rule!r} of {one.column or 'the table'} cannot be written into a data contract")


def entry_of(rule: Rule) -> dict[str, Any]:
    """Give a rule as an entry of a file of rules, without what all rules have."""
    entry: dict[str, Any] = {"rule": rule.kind}
    for name, one in inspect.signature(type(rule)).parameters.items():
        if name not in _COMMON and one.kind is not one.VAR_KEYWORD and getattr(rule, name) != one.default:
            entry[name] = _plain(getattr(rule, name))
    return entry


def _all(rule: Rule) -> dict[str, Any]:
    return entry_of(rule) | {name: _plain(getattr(rule, name)) for name in _COMMON}


def _metric(rule: Rule) -> dict[str, Any] | None:
    none = {"unit": "rows", "mustBe": 0}
    # By the class itself: a subclass says something else.
    if type(rule) is NotNull:
        return {"metric": "nullValues", **none}
    if type(rule) is OneOf:
        return {"metric": "invalidValues", "arguments": {"validValues": list(rule.values)}, **none}
    if type(rule) is Matches and (pattern := pattern_to_odcs(rule.pattern)) is not None:
        return {"metric": "invalidValues", "arguments": {"pattern": pattern}, **none}
    if type(rule) is Unique:
        return {"metric": "duplicateValues", "arguments": {"properties": list(rule.columns)}, **none}
    if type(rule) is RowCount:
        return {"metric": "rowCount", "unit": "rows", **_limits(rule.at_least, rule.at_most)}
    return None


def _limits(least: int, most: int | None) -> dict[str, Any]:
    """Give one operator: the standard's schema has no place for two."""
    if most is None:
        return {"mustBeGreaterOrEqualTo": least}
    if least == most:
        return {"mustBe": least}
    # The standard leaves both numbers out.
    return {"mustBeBetween": [least - 1, most + 1]} if least else {"mustBeLessOrEqualTo": most}


def _plain(value: object) -> Any:
    """Write an argument as a file of rules has it."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else _one(value)


def _one(value: object) -> Any:
    if isinstance(value, Col):
        return {"column": value.name}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, timedelta):
        return _length(value)
    if isinstance(value, datetime) and value.tzinfo:
        # The same instant; YAML knows offsets, and no names of zones.
        return value.astimezone(UTC)
    return value.value if isinstance(value, Enum) else value


def _length(value: timedelta) -> str:
    seconds = value.days * 86_400 + value.seconds
    if value.microseconds:
        return f"{seconds}.{value.microseconds:06d} s"
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size} {unit}"


def _demands(gate: Gate) -> list[dict[str, Any]]:
    """Tell people what a publish demands: the standard has no word for it."""
    bare = Gate()
    said = [
        f"{one.name} {_plain(getattr(gate, one.name))}"
        for one in fields(gate)
        if getattr(gate, one.name) != getattr(bare, one.name)
    ]
    return [{"type": "text", "description": f"What a publish demands of the scores: {'; '.join(said)}"}] if said else []


def _yaml(data: object) -> str:
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError(extra="yaml", needed_for="a data contract in YAML") from error

    class Plain(yaml.SafeDumper):
        """Without anchors: one value that stands twice is written twice."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    def text(dumper: Any, data: str) -> Any:
        # Only quoted is a rare end of a line kept: elsewhere the reader makes a space of it.
        style = '"' if _RARE.search(data) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Plain.add_representer(str, text)
    try:
        return str(yaml.dump(data, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110))
    except yaml.YAMLError as error:
        raise ContractError(f"a rule holds what YAML cannot: {' '.join(str(error).split())}") from error

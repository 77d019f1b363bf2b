"""One item of a contract's ``quality`` as a rule: metrics of the standard's library, and any rule of ours as custom."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from lakehouse.quality.odcs_pattern import pattern_from_odcs
from lakehouse.quality.rule import Dimension, RowRule, Rule
from lakehouse.quality.rule_file import nearest, rule_of, yaml_of
from lakehouse.quality.table_rule import TableRule

ENGINE = "lakehouse"
WEIGHT = "lakehouseWeight"

# The standard has seven dimensions, and a shorter name for each.
DIMENSIONS: dict[Dimension, tuple[str, ...]] = {
    Dimension.COMPLETENESS: ("completeness", "cp"),
    Dimension.VALIDITY: ("conformity", "cf"),
    Dimension.CONSISTENCY: ("consistency", "cs"),
    Dimension.UNIQUENESS: ("uniqueness", "uq"),
    Dimension.TIMELINESS: ("timeliness", "tm"),
    Dimension.ACCURACY: ("accuracy", "ac"),
    Dimension.VOLUME: ("coverage", "cv", "completeness", "cp"),
    Dimension.SCHEMA: ("conformity", "cf"),
}
_SEVERITIES = {"error": "error", "warning": "warn", "warn": "warn", "info": "warn"}
_OPERATORS = (
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
    "mustBeBetween", "mustNotBeBetween",
)  # fmt: skip
# They tell readers more and change nothing of what is judged.
_NOTES = {"id", "tags", "authoritativeDefinitions", "businessImpact"}
_COMMON = {"type", "name", "description", "dimension", "severity", "customProperties"} | _NOTES
_ARGUMENTS = {"nullValues": (), "missingValues": ("missingValues",), "invalidValues": ("validValues", "pattern"),
              "duplicateValues": ("properties",), "rowCount": ()}  # fmt: skip
_INSTEAD = "write type: custom, engine: lakehouse, and a rule of docs/quality.md under implementation"


def rule_of_item(item: object, *, column: str, properties: Mapping[str, str]) -> tuple[str, Rule] | None:
    """Read an item: the column (empty for a rule of the row or table) and the rule; none for text, which is for people.

    Args:
        column: The column whose item it is; empty for one of the table.
        properties: Column by property, of the top level.

    Raises:
        ValueError: It means nothing that a rule here says exactly.
        ContractError: The rule refuses its arguments.
    """
    if not isinstance(item, Mapping):
        raise ValueError(f"an item with a metric is expected, found {item!r}")
    kinds: dict[str, Callable[[], dict[str, Any]]] = {
        "library": lambda: _library(item, column, properties),
        "custom": lambda: _custom(item, column),
    }
    kind = item.get("type") or "library"
    if kind == "text":
        return None
    if kind == "sql":
        raise ValueError(f"type sql is a query for one engine, and no rule; {_INSTEAD}, such as holds with a condition")
    if kind not in kinds:
        raise ValueError(f"there is no type {kind!r}{nearest(str(kind), [*kinds, 'text', 'sql'])}")
    place, rule = rule_of({**kinds[kind](), **_common(item)})
    _fits(rule, place, column)
    known = DIMENSIONS[rule.dimension]
    if item.get("dimension") not in {None, *known}:
        raise ValueError(f"{rule.kind} counts for {known[0]}, found dimension {item['dimension']!r}; write {known[0]}")
    return place, rule


def _library(item: Mapping[str, Any], column: str, properties: Mapping[str, str]) -> dict[str, Any]:
    _check_keys(item, {"metric", "arguments", "unit", *_OPERATORS})
    metric = item.get("metric")
    if metric not in _ARGUMENTS:
        raise ValueError(f"there is no metric {metric!r}{nearest(str(metric), _ARGUMENTS)}")
    if column and metric == "rowCount":
        raise ValueError("rowCount is a metric of the table; move it to the quality of the table")
    if not column and metric not in {"rowCount", "duplicateValues"}:
        raise ValueError(f"{metric} is a metric of a column; move it to the quality of a property")
    if item.get("unit") not in {None, "rows", "percent"}:
        raise ValueError(f"unit {item['unit']!r} is not known; write rows or percent")
    arguments = item.get("arguments") or {}
    if not isinstance(arguments, Mapping):
        raise ValueError(f"arguments: values by name are expected, found {arguments!r}")
    wrong = [name for name in arguments if name not in _ARGUMENTS[metric]]
    if wrong:
        raise ValueError(f"{metric} has no argument {wrong[0]!r}{nearest(str(wrong[0]), _ARGUMENTS[metric])}")
    if metric == "rowCount":
        return {"rule": "row_count", **_limits(item)}
    _need_none(item, metric)
    if metric == "duplicateValues":
        return {"rule": "unique", "columns": _key(arguments, column, properties)}
    return {"column": column, **_of_values(metric, arguments)}


def _of_values(metric: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    if metric == "nullValues" or (metric == "missingValues" and arguments.get("missingValues") == [None]):
        return {"rule": "not_null"}
    if metric == "missingValues":
        raise ValueError(
            f"missingValues of {arguments.get('missingValues')!r} is no rule: only [null] is; {_INSTEAD}, such as "
            "not_blank for text of white space"
        )
    if len(arguments) != 1:
        raise ValueError("invalidValues takes validValues or pattern; for both, write two items")
    if "pattern" in arguments:
        return {"rule": "matches", "pattern": pattern_from_odcs(arguments["pattern"])}
    if not isinstance(arguments["validValues"], list):
        raise ValueError(f"validValues: a list is expected, found {arguments['validValues']!r}")
    # Null passes the rule, named or not.
    return {"rule": "one_of", "values": [value for value in arguments["validValues"] if value is not None]}


def _key(arguments: Mapping[str, Any], column: str, properties: Mapping[str, str]) -> list[str]:
    if column and arguments:
        raise ValueError("duplicateValues of a property has no arguments; for several, move it to the table's quality")
    names = [column] if column else arguments.get("properties")
    if not isinstance(names, list) or not names:
        raise ValueError("duplicateValues of a table needs arguments with properties, a list of their names")
    if "." in column:
        raise ValueError("a field of a struct cannot be a key here; leave it out, or make it a column")
    for name in names:
        if not column and name not in properties:
            raise ValueError(f"properties names {name!r}, which is not one{nearest(str(name), properties)}")
    return [column] if column else [properties[name] for name in names]


def _need_none(item: Mapping[str, Any], metric: str) -> None:
    """Demand that an item allows no row: a rule judges each, and how many may fail is said by the gate."""
    given = {name: item[name] for name in _OPERATORS if name in item}
    if len(given) != 1:
        raise ValueError(f"{metric} needs one operator, found {', '.join(given) or 'none'}; write mustBe: 0")
    name, value = next(iter(given.items()))
    rows = item.get("unit") in {None, "rows"}
    if _is_number(value) and (
        (name in {"mustBe", "mustBeLessOrEqualTo"} and value == 0)
        # Rows are whole: fewer than one are none.
        or (rows and name == "mustBeLessThan" and 0 < value <= 1)
        or (rows and name == "mustBeLessOrEqualTo" and 0 < value < 1)
    ):
        return
    raise ValueError(
        f"{name}: {value!r} lets some rows by, or demands them, and a rule judges each row; write mustBe: 0, and "
        "demand a share of the rows in the contract, Gate(rules={…})"
    )


def _limits(item: Mapping[str, Any]) -> dict[str, int]:
    """Give the limits of a count of rows. ``mustBeBetween`` leaves both its numbers out: so the standard defines it."""
    low, high = 0, math.inf
    given = {name: item[name] for name in _OPERATORS if item.get(name) is not None}
    if not given or item.get("unit") == "percent":
        raise ValueError("rowCount needs an operator, such as mustBeGreaterThan: 0, and its unit is rows")
    for name, value in given.items():
        pair = value if name == "mustBeBetween" else [value, value]
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))):
            raise ValueError(f"{name}: {'two numbers are' if name.endswith('Between') else 'a number is'} expected")
        if name in {"mustNotBe", "mustNotBeBetween"}:
            raise ValueError(f"{name} is no range of rows; write mustBeGreaterOrEqualTo or mustBeLessOrEqualTo")
        if name in {"mustBe", "mustBeGreaterOrEqualTo"}:
            low = max(low, math.ceil(pair[0]))
        if name in {"mustBe", "mustBeLessOrEqualTo"}:
            high = min(high, math.floor(pair[1]))
        if name in {"mustBeGreaterThan", "mustBeBetween"}:
            low = max(low, math.floor(pair[0]) + 1)
        if name in {"mustBeLessThan", "mustBeBetween"}:
            high = min(high, math.ceil(pair[1]) - 1)
    return {"at_least": low} | ({} if high == math.inf else {"at_most": int(high)})


def _custom(item: Mapping[str, Any], column: str) -> dict[str, Any]:
    _check_keys(item, {"engine", "implementation"})
    if item.get("engine") != ENGINE:
        raise ValueError(f"engine {item.get('engine')!r} is not run here; {_INSTEAD}")
    made = item.get("implementation")
    entry = yaml_of(made) if isinstance(made, str) else made
    if not isinstance(entry, Mapping):
        raise ValueError(f"implementation: rule and its arguments are expected, found {made!r}")
    twice = sorted(entry.keys() & _common(item).keys())
    if twice:
        raise ValueError(f"{twice[0]} is said in implementation and beside it; keep one")
    if column and entry.get("column", column) != column:
        raise ValueError(f"column {entry['column']!r} is not the property it stands under; move it there")
    return {**entry, "column": column} if column else dict(entry)


def _common(item: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments that every rule has."""
    found = {"name": item.get("name"), "because": item.get("description")}
    for key, value in found.items():
        if not isinstance(value, str | None):
            raise ValueError(f"{'description' if key == 'because' else key}: text is expected, found {value!r}")
    severity = item.get("severity")
    if severity is not None and severity not in _SEVERITIES:
        raise ValueError(f"severity {severity!r} is not known; write error, or warning for what is worth knowing of")
    more: dict[str, Any] = {key: value for key, value in found.items() if value}
    more |= {"severity": _SEVERITIES[severity]} if severity else {}
    for one in item.get("customProperties") or ():
        if not isinstance(one, Mapping) or one.get("property") != WEIGHT:
            raise ValueError(f"customProperties: only {WEIGHT} is known here, found {one!r}; leave the others out")
        more["weight"] = one.get("value")
    return more


def _check_keys(item: Mapping[str, Any], own: Collection[str]) -> None:
    for name in item:
        if name in {"pattern", "validValues", "missingValues", "properties"}:
            raise ValueError(f"{name} stands beside the metric; write it under arguments")
        if name == "rule":
            raise ValueError("rule is the former name of metric; write metric, with the names of version 3.1")
        if name in {"schedule", "scheduler"}:
            raise ValueError(f"{name} cannot be kept: rules are judged whenever a table is published; leave it out")
        if name not in _COMMON and name not in own:
            raise ValueError(f"there is no key {name!r} here{nearest(str(name), [*own, *_COMMON])}")


def _fits(rule: Rule, place: str, column: str) -> None:
    """Demand that a rule stands where it can judge."""
    whole = isinstance(rule, RowRule | TableRule)
    if whole and place:
        raise ValueError(f"{rule.kind} judges more than a column; move it to the quality of the table")
    if not whole and not place and not column:
        raise ValueError(f"{rule.kind} judges a column; move it to the quality of a property")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

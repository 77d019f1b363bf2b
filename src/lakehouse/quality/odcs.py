"""A data contract of the Open Data Contract Standard (ODCS, version 3) as a file of rules.

Rules stand in ``schema``: in the ``quality`` of a table or property, and in what a property demands by itself, such as
``required``. All of it becomes a rule that says exactly the same, or is refused; only ``type: text`` is for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from lakehouse.errors import ConfigError, ContractError
from lakehouse.quality.odcs_item import rule_of_item
from lakehouse.quality.odcs_options import entries_of_property, flag
from lakehouse.quality.rule import Rule
from lakehouse.quality.rule_file import Rules, nearest, rule_of

RULES_IN_QUALITY = {
    "property": "lakehouseRules",
    "value": "quality",
    "description": "All rules stand in quality; required and primaryKey describe the table and are not scored.",
}
"""Of a table whose rules are all in ``quality``: a column may be NOT NULL and have no rule that counts it."""

_TABLE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_ELEMENT = {
    "id", "name", "physicalName", "physicalType", "logicalType", "description", "businessName", "tags",
    "authoritativeDefinitions", "customProperties", "properties", "relationships", "quality", "synonyms", "deprecated",
}  # fmt: skip
_OBJECT = _ELEMENT | {"dataGranularityDescription"}
_PROPERTY = _ELEMENT | {
    "primaryKey", "primaryKeyPosition", "logicalTypeOptions", "required", "unique", "partitioned",
    "partitionKeyPosition", "classification", "encryptedName", "transformSourceObjects", "transformLogic",
    "transformDescription", "examples", "criticalDataElement", "items", "enum", "map", "semanticType",
}  # fmt: skip
_DEMANDS = ("quality", "required", "unique", "primaryKey", "logicalTypeOptions", "enum")

Found = tuple[str, Rule]


def read_contract(data: Mapping[str, Any], *, file: str) -> Rules:
    """Give the rules of a contract: table → column (empty for a rule of the row or table) and rule.

    A table is the ``physicalName`` of its schema object, else the ``name``: ``namespace.table``. A rule that a property
    demands by itself and that stands in its ``quality`` as well is taken from there, with name and severity.

    Raises:
        ConfigError: It is of another version, or says what no rule says exactly; all such places are listed.
    """
    version = data.get("apiVersion")
    if not isinstance(version, str) or not version.startswith("v3."):
        raise ConfigError(f"{file} is a data contract of version {version!r}, and v3 is read; write apiVersion: v3.1.0")
    if not data.get("schema"):
        raise ConfigError(f"{file} is a data contract without tables; write them under schema")
    found: Rules = {}
    wrong: list[str] = []
    for at, described in enumerate(_list(data.get("schema"), "schema", file, wrong), start=1):
        name = _table_name(described)
        if name is None:
            shown = (
                described.get("physicalName") or described.get("name") if isinstance(described, Mapping) else described
            )
            wrong.append(f"schema {at}: found {shown!r}; write physicalName: namespace.table, lower case")
            continue
        rules = _Table(name=name, described=described, wrong=wrong).rules()
        if rules:
            found.setdefault(name, []).extend(rules)
    if wrong:
        raise ConfigError(f"the rules in {file} cannot be used:\n" + "\n".join(f"  - {line}" for line in wrong))
    return found


def _table_name(described: object) -> str | None:
    name = described.get("physicalName") or described.get("name") if isinstance(described, Mapping) else None
    return name if isinstance(name, str) and _TABLE.fullmatch(name) else None


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A schema object that is read; what is wrong is collected, each with its place."""

    name: str
    described: Mapping[str, Any]
    wrong: list[str]
    names: dict[str, str] = field(default_factory=dict)

    def rules(self) -> list[Found]:
        self._keys(self.described, _OBJECT, self.name)
        tops = list(self._properties(self.described, self.name, ""))
        self.names.update({str(one["name"]): column for column, one in tops})
        alone = any(self._tried(self.name, lambda: [_rules_in_quality(self.described)]))
        stated = self._items(self.described, "")
        found = [rule for column, one in tops for rule in self._of_property(column, one, stated, alone=alone)]
        key = [] if alone else self._tried(self.name, lambda: _key(tops))
        return [*found, *_beside(key, [*found, *stated]), *stated]

    def _of_property(
        self, column: str, described: Mapping[str, Any], of_table: Iterable[Found], *, alone: bool
    ) -> Iterator[Found]:
        where = f"{self.name}.{column}"
        self._keys(described, _PROPERTY, where)
        stated = self._items(described, column)
        if not alone:
            entries = self._tried(where, lambda: [*map(rule_of, entries_of_property(described, column=column))])
            yield from _beside(entries, [*stated, *of_table])
        yield from stated
        for inner in ("items", "map"):
            for demand in sorted(_demands(described.get(inner))):
                self.wrong.append(
                    f"{where}: {demand} under {inner} is about each element, and no rule is; leave it out"
                )
        for path, one in self._properties(described, where, f"{column}."):
            if not alone and one.get("primaryKey"):
                self.wrong.append(f"{self.name}.{path}: primaryKey on a field of a struct; a key is made of columns")
            yield from self._of_property(path, one, of_table, alone=alone)

    def _properties(
        self, described: Mapping[str, Any], where: str, prefix: str
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for at, one in enumerate(_list(described.get("properties"), "properties", where, self.wrong), start=1):
            name = one.get("physicalName") or one.get("name") if isinstance(one, Mapping) else None
            if isinstance(name, str) and name.strip() and isinstance(one.get("name", name), str):
                yield prefix + name, {"name": name, **one}
            else:
                self.wrong.append(f"{where}: property {at} has no name")

    def _items(self, described: Mapping[str, Any], column: str) -> list[Found]:
        where = f"{self.name}.{column}" if column else self.name
        found: list[Found] = []
        for at, item in enumerate(_list(described.get("quality"), "quality", where, self.wrong), start=1):
            shown = str(item.get("name") or item.get("metric") or "") if isinstance(item, Mapping) else ""
            place = f"{where}, quality item {at}" + (f" ({shown})" if shown else "")

            def read(item: object = item) -> Iterable[Found | None]:
                return [rule_of_item(item, column=column, properties=self.names)]

            found += [rule for rule in self._tried(place, read) if rule is not None]
        return found

    def _tried(self, where: str, read: Callable[[], Iterable[Any]]) -> list[Any]:
        try:
            return list(read())
        except (ContractError, TypeError, ValueError) as error:
            self.wrong.append(f"{where}: {error}")
            return []

    def _keys(self, described: Mapping[str, Any], known: set[str], where: str) -> None:
        # What is misspelt here would be a rule that is not there.
        unknown = [name for name in described if name not in known]
        self.wrong.extend(f"{where}: there is no key {name!r}{nearest(str(name), known)}" for name in unknown)


def _list(value: object, name: str, where: str, wrong: list[str]) -> list[Any]:
    if not isinstance(value, list | None):
        wrong.append(f"{where}: {name} is a list, found {value!r}")
    return value if isinstance(value, list) else []


def _rules_in_quality(described: Mapping[str, Any]) -> bool:
    own = [
        one for one in described.get("customProperties") or () if one.get("property") == RULES_IN_QUALITY["property"]
    ]
    if own and own[0].get("value") != "quality":
        raise ValueError(f"{own[0]['property']}: found {own[0].get('value')!r}; write quality, or leave it out")
    return bool(own)


def _key(tops: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Found]:
    """Give the rule of the primary key; its columns are in the order of their positions."""
    parts = [(one.get("primaryKeyPosition") or 0, column) for column, one in tops if flag(one, "primaryKey")]
    if not all(isinstance(at, int) for at, _ in parts):
        raise ValueError("primaryKeyPosition: a whole number is expected")
    columns = [column for _, column in sorted(parts, key=lambda part: part[0])]
    return [rule_of({"rule": "unique", "columns": columns})] if columns else []


def _beside(demanded: Iterable[Found], stated: Iterable[Found]) -> Iterator[Found]:
    """Leave out what is stated as a rule already."""
    known = [(column, _says(rule)) for column, rule in stated]
    return (one for one in demanded if (one[0], _says(one[1])) not in known)


def _says(rule: Rule) -> tuple[object, ...]:
    common = {one.name for one in fields(Rule)}
    own = (getattr(rule, one.name) for one in fields(rule) if one.name not in common)
    return (rule.kind, *own)


def _demands(described: object) -> set[str]:
    """Give the keys of rules that stand anywhere in the elements of an array or map."""
    if isinstance(described, list):
        return {demand for one in described for demand in _demands(one)}
    if not isinstance(described, Mapping):
        return set()
    inner = (described.get(name) for name in ("properties", "items", "map", "key", "value"))
    return {name for name in _DEMANDS if described.get(name)} | {d for one in inner for d in _demands(one)}

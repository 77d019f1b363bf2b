"""Rules in a reviewed file, beside those in contracts: TOML or YAML, held against the rules that exist.

```toml
[["silver.users"]]
rule = "matches"
column = "postcode"
pattern = "[0-9]{4,5}"
severity = "warn"
because = "The carrier knows no others"
```

A data contract of the Open Data Contract Standard is such a file as well; ``odcs`` reads it.
"""

from __future__ import annotations

import difflib
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import PurePath
from typing import Any

from lakehouse.errors import ConfigError, ContractError, MissingExtraError
from lakehouse.quality.rule import Col, Rule, Severity

_LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|days?)")
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}

Rules = dict[str, list[tuple[str, Rule]]]


def parse_rules(text: str, *, file: str) -> Rules:
    """Read a file of rules: table → column (empty for a rule of the row or table) and rule.

    Each entry has ``rule`` (its kind, such as ``not_null``), ``column`` where it judges one, and the arguments of its
    class by name. A length of time is text: ``"2 h"``; a column as an argument is ``{ column = "other" }``, a decimal
    ``{ decimal = "0.10" }``. A file with ``kind: DataContract`` is read by the Open Data Contract Standard instead.

    Args:
        file: Its name, for messages; its ending says whether it is TOML or YAML.

    Raises:
        ConfigError: It cannot be read, or an entry names no rule, or has an argument that the rule has not or refuses;
            all entries that are wrong are listed.
        MissingExtraError: It is YAML and no reader of that is installed.
    """
    data = _data(text, file)
    if data.get("kind") == "DataContract":
        # Here, because it reads rules with what this module has.
        from lakehouse.quality.odcs import read_contract

        return read_contract(data, file=file)
    found: Rules = {}
    wrong: list[str] = []
    for table, entries in data.items():
        if not isinstance(entries, list):
            wrong.append(f'{table}: a list of rules is expected; write [["{table}"]] above each')
            continue
        for at, entry in enumerate(entries, start=1):
            try:
                found.setdefault(table, []).append(rule_of(entry))
            except (ContractError, TypeError, ValueError) as error:
                wrong.append(f"{table}, rule {at}: {error}")
    if wrong:
        raise ConfigError(f"the rules in {file} cannot be used:\n" + "\n".join(f"  - {line}" for line in wrong))
    return found


def rule_kinds() -> dict[str, type[Rule]]:
    """Give every rule by its kind."""
    return {rule.kind: rule for rule in _below(Rule) if "kind" in vars(rule)}


def _below(base: type[Rule]) -> Iterator[type[Rule]]:
    for rule in base.__subclasses__():
        yield rule
        yield from _below(rule)


def _data(text: str, file: str) -> Mapping[str, Any]:
    try:
        data = yaml_of(text) if PurePath(file).suffix in {".yaml", ".yml"} else tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    if not isinstance(data, Mapping):
        raise ConfigError(f"{file} holds no rules by table")
    return data


def yaml_of(text: str) -> Any:
    """Read YAML.

    Raises:
        MissingExtraError: No reader of it is installed.
        ValueError: It is none.
    """
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError(extra="yaml", needed_for="a file of rules in YAML") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def rule_of(entry: Mapping[str, Any]) -> tuple[str, Rule]:
    """Make the rule of an entry; the column before it is empty for a rule of the row or table.

    Raises:
        ValueError: It names no rule, or has an argument that the rule has not, or lacks one.
        ContractError: The rule refuses its arguments.
    """
    arguments = dict(entry)
    kinds = rule_kinds()
    kind = arguments.pop("rule", None)
    if kind not in kinds:
        raise ValueError(f"there is no rule {kind!r}{nearest(str(kind), kinds)}")
    made = kinds[kind]
    known = inspect.signature(made).parameters
    parameters = {name: one for name, one in known.items() if one.kind is not inspect.Parameter.VAR_KEYWORD}
    column = "" if "column" in parameters else str(arguments.pop("column", ""))
    allowed = {**parameters, **inspect.signature(Rule).parameters}
    unknown = [name for name in arguments if name not in allowed]
    if unknown:
        raise ValueError(f"{kind} has no argument {unknown[0]!r}{nearest(unknown[0], allowed)}")
    missing = [name for name, one in parameters.items() if one.default is one.empty and name not in arguments]
    if missing:
        raise ValueError(f"{kind} needs {', '.join(missing)}")
    several = [name for name, one in parameters.items() if one.kind is inspect.Parameter.VAR_POSITIONAL]
    positional = [value for name in several for value in arguments.pop(name, ())]
    return column, made(*positional, **{name: _value(name, value) for name, value in arguments.items()})


def nearest(name: str, known: Iterable[str]) -> str:
    """Give what a name that is not known might have meant, else all that there is, to go on a message."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there is {', '.join(known) or 'none'}"


def _value(name: str, value: Any) -> Any:
    if name == "severity":
        return Severity(value)
    # What maps names of columns or values to something may well name one "column".
    if isinstance(value, Mapping) and name not in {"types", "shares"}:
        if set(value) == {"column"}:
            return Col(value["column"])
        if set(value) == {"decimal"}:
            return _decimal(value["decimal"])
    if name == "within" and isinstance(value, str):
        length = _LENGTH.fullmatch(value)
        if length is None:
            raise ValueError(f"within: {value!r} is no length of time; write 30 s, 5 min, 2 h or 3 days")
        return timedelta(seconds=float(length[1]) * _SECONDS[length[2]])
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _decimal(text: Any) -> Decimal:
    try:
        return Decimal(text if isinstance(text, str | int) else "")
    except InvalidOperation as error:
        raise ValueError(f'{text!r} is no decimal; write it as text, {{ decimal = "0.10" }}') from error

"""An account that keeps what is made in it, behind the connector's protocol: order, phases, and lost connections."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from snowflake.connector.errors import OperationalError, ProgrammingError

SNOWFLAKE_USER = "arn:aws:iam::999999999999:user/abc"
_MADE = re.compile(
    r"CREATE (?:(?:OR REPLACE (VIEW|EXTERNAL TABLE)|([A-Z ]+?) IF NOT EXISTS) (\S+)|(DYNAMIC ICEBERG TABLE) (\S+))"
)
_SHOWN = re.compile(r"SHOW ([A-Z ]+?) LIKE '([^']+)'(?: IN \w+ (\S+))?")
_OPTION = re.compile(r"([A-Z0-9_]+) = \(?'?([^'\n;)]+)'?")


_METRIC = re.compile(r'ALTER TABLE (\S+) ADD DATA METRIC FUNCTION (?:\w+\.)*(\w+) ON \("(\w+)"\);')
_BODY = re.compile(r"ALTER ([A-Z ]+ POLICY) (\S+) SET BODY ->\s+(.*);", re.DOTALL)
_POLICY = re.compile(r"POLICY .* AS (\(VAL .*\)) RETURNS (\S+) ->\s+(.*)\s+COMMENT = ", re.DOTALL)


@dataclass
class Account:
    """What is there, and how it behaves.

    Args:
        trusted: Whether the role in AWS lets it in.
        lose_at: Statements, counted from 1, at which the connection is lost.
        refusals: By the beginning of a statement the number and state that it is refused with.
        answers: By a part of a SELECT what it gives.
        shown: By the name of an object what SHOW tells of it beside that.
    """

    trusted: bool = False
    lose_at: set[int] = field(default_factory=set)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: dict[tuple[str, str], str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    connections: int = 0

    def open(self) -> FakeConnection:
        self.connections += 1
        return FakeConnection(self)

    def run(self, sql: str) -> list[dict[str, Any]]:
        self.sent.append(sql)
        if len(self.sent) in self.lose_at:
            raise OperationalError(msg="Connection reset by peer", errno=250001)
        for start, (number, state) in self.refusals.items():
            if sql.startswith(start):
                raise ProgrammingError(msg=f"{start} was refused", errno=number, sqlstate=state)
        if sql.startswith("SHOW"):
            return self._show(sql)
        if sql.startswith("DESC"):
            return self._describe(sql.rsplit(maxsplit=1)[-1])
        if "DATA_METRIC_FUNCTION_REFERENCES" in sql:
            return [{"NAME": name} for kind, name in self.made if kind == "METRIC"]
        if sql.startswith("SELECT"):
            return [{"ANSWER": self._answer(sql)}]
        if body := _BODY.match(sql):
            kind, name = body[1], body[2]
            head, comment = self.made[kind, name].split("->")[0], self.made[kind, name].rpartition("COMMENT = ")[2]
            self.made[kind, name] = f"{head}->\n  {body[3]}\n  COMMENT = {comment}"
        if metric := _METRIC.match(sql):
            self.made["METRIC", f"{metric[2]} {metric[3]}".lower()] = sql
        if made := _MADE.match(sql):
            self._make(made, sql)
        return []

    def _make(self, made: re.Match[str], sql: str) -> None:
        kind, name = made[1] or made[2] or made[4], re.sub(r"[(;].*", "", made[3] or made[5])
        kind = kind.replace("DYNAMIC ICEBERG", "DYNAMIC")
        if kind == "ICEBERG TABLE" and not self.trusted:
            raise ProgrammingError(msg="cannot assume the role", errno=91319)
        if "IF NOT EXISTS" not in sql or (kind, name) not in self.made:
            self.made[kind, name] = sql

    def _show(self, sql: str) -> list[dict[str, Any]]:
        shown = _SHOWN.match(sql)
        assert shown, sql
        plural, own, place = shown.groups()
        kind = plural.removesuffix("IES") + "Y" if plural.endswith("IES") else plural.removesuffix("S")
        if place and ("DATABASE" if "." not in place else "SCHEMA", place) not in self.made:
            raise ProgrammingError(msg=f"{place} does not exist", errno=2043)
        names = [name.split(".")[-1].strip('"') for of, name in self.made if of.endswith(kind)]
        return [{"name": name} | self.shown.get(name, {}) for name in names if name.lower() == own.lower()]

    def _describe(self, name: str) -> list[dict[str, Any]]:
        name = name.partition("(")[0]
        sql = next(text for (_, made), text in self.made.items() if made == name)
        if body := re.search(r"\n  AS '(.*)';", sql):
            return [{"property": "body", "value": body[1].replace("''", "'")}]
        if policy := _POLICY.search(sql):
            return [dict(zip(("name", "signature", "return_type", "body"), (name, *policy.groups()), strict=True))]
        options = dict(_OPTION.findall(sql))
        ids = {"STORAGE_AWS_IAM_USER_ARN": SNOWFLAKE_USER} if "STORAGE_AWS_ROLE_ARN" in options else {}
        if "SIGV4_EXTERNAL_ID" in options:
            ids = {"API_AWS_IAM_USER_ARN": SNOWFLAKE_USER, "API_AWS_EXTERNAL_ID": options["SIGV4_EXTERNAL_ID"]}
        if "EXTERNAL VOLUME" in sql:
            # A volume tells of its places in JSON.
            return [
                {"property": "ALLOW_WRITES", "property_value": options.pop("ALLOW_WRITES").lower()},
                {"property": "STORAGE_LOCATION_1", "property_value": json.dumps(options | ids)},
            ]
        return [{"property": one, "property_value": value} for one, value in (options | ids).items()]

    def _answer(self, sql: str) -> Any:
        for start, answer in self.answers.items():
            if start in sql:
                return answer
        if "VALIDATE_STORAGE" in sql:
            return json.dumps({"status": "success" if self.trusted else "failure", "message": "not authorized"})
        return json.dumps({"success": self.trusted, "errorMessage": "" if self.trusted else "not authorized"})


@dataclass
class FakeConnection:
    """A connection to it."""

    account: Account

    def cursor(self) -> FakeCursor:
        return FakeCursor(self.account)

    def close(self) -> None:
        return None


@dataclass
class FakeCursor:
    """A cursor of it."""

    account: Account
    description: Any = None
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def execute(self, command: str) -> FakeCursor:
        found = self.account.run(command)
        self.description = [(name,) for name in found[0]] if found else None
        self.rows = [tuple(one.values()) for one in found]
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows

    def describe(self, command: str) -> list[tuple[Any, ...]]:
        self.account.run(command)
        return []

    def fetch_arrow_batches(self) -> Iterator[Any]:
        return iter(())

    def close(self) -> None:
        return None

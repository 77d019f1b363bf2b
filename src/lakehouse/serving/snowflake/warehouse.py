"""Snowflake as a warehouse of published tables: what DuckDB is on a laptop."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.errors import ServingError
from lakehouse.serving.export import export
from lakehouse.serving.protocol import Probe, Reading, ServedTable, compare
from lakehouse.serving.snowflake import checks, external_table, iceberg_table
from lakehouse.serving.snowflake.apply import Planned, apply
from lakehouse.serving.snowflake.plan import statements
from lakehouse.serving.snowflake.statement import Step
from lakehouse.snowflake.session import Session

_SNAPSHOT = re.compile(r"/snapshot=(\d+)/")


class TrustNeededError(ServingError):
    """AWS does not let Snowflake in yet; ``policy`` is what the role has to trust."""

    def __init__(self, *, policy: str, role: str, refused: Sequence[str]) -> None:
        self.policy = policy
        why = "".join(f"\n  - {line}" for line in refused)
        super().__init__(
            f"AWS does not let Snowflake in yet:{why}\nPut this trust policy on {role}, then run it again: it goes on "
            f"from here. AWS takes some seconds.\n{policy}"
        )


@dataclass(frozen=True, kw_only=True)
class SnowflakeWarehouse:
    """An account that reads published tables by a route of the settings."""

    to: SnowflakeSettings
    session: Session
    say: Callable[[Planned], None] = lambda _one: None
    name: str = "snowflake"

    def publish(self, tables: Sequence[ServedTable]) -> None:
        """Make what is not there yet, and the views anew; by the route of exports these are written first.

        Raises:
            TrustNeededError: The first of the two phases is done; the role in AWS is to trust Snowflake.
            ServingError: What is there differs from what is declared, or Snowflake refused.
        """
        places = {}
        if self.to.route == "object_store":
            places = {one.spec.name: one.metadata_location for one in tables}
        elif self.to.route == "export":
            places = {one.spec.name: export(one, self.to.export_url).folder for one in tables}
        applied = apply(self.session, statements([one.spec for one in tables], self.to, places=places), say=self.say)
        if applied.trust:
            raise TrustNeededError(policy=applied.trust, role=self.to.aws_role_arn, refused=applied.refused)
        if self.to.route == "object_store":
            # Of a table that is there nobody else tells which metadata file is the newest.
            there = {one.name for one in applied.kept if one.step is Step.TABLES}
            self.refresh([one for one in tables if one.spec.name in there])

    def refresh(self, tables: Sequence[ServedTable]) -> None:
        """Read the newest snapshots now, where Snowflake would look for them later or not at all.

        Raises:
            ServingError: Snowflake refused, such as while it refreshes by itself.
        """
        for one in tables:
            if self.to.route == "export":
                self.session.ask(external_table.refresh_external(self.to, one.spec).sql)
            elif self.to.route != "linked":
                self.session.ask(iceberg_table.refresh(self.to, one.spec, one.metadata_location).sql)

    def probe(self, tables: Sequence[ServedTable], *, now: datetime) -> tuple[Probe, ...]:
        """Ask for the metadata file and the rows of each table.

        Raises:
            ServingError: Snowflake does not answer.
        """
        return tuple(compare(one, self._reading(one), now=now) for one in tables)

    def _reading(self, one: ServedTable) -> Reading:
        if self.to.route == "export":
            return self._export(one)
        asked = checks.table_information(self.to, one.spec).sql
        told = self.session.exists(asked)
        if not told:
            return Reading(state="no table of it")
        information = json.loads(str(next(iter(told[0].values()))))
        return Reading(
            location=str(information.get("metadataLocation", "")),
            rows=self._count(iceberg_table.table_name(self.to, one.spec)),
            state=str(information.get("status", "")),
        )

    def _export(self, one: ServedTable) -> Reading:
        """Tell which snapshot an external table is over: its folder is named after it."""
        shown = self.session.exists(external_table.shown(self.to, one.spec)) or ()
        found = [match for row in shown if (match := _SNAPSHOT.search(str(row.get("location", ""))))]
        if not found:
            return Reading(state="no table of it")
        rows = self._count(external_table.external_name(self.to, one.spec))
        return Reading(snapshot_id=int(found[0][1]), rows=rows)

    def _count(self, name: str) -> int:
        return int(next(iter(self.session.ask(f"SELECT COUNT(*) FROM {name}")[0].values())))

"""``quality.alerts``: which alerts were sent where, so that none is sent twice and each recovery once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue
from pyspark.sql.types import StringType, TimestampType

from lakehouse.catalog.iceberg import find_table
from lakehouse.catalog.log_table import append_rows, find_or_create
from lakehouse.contract.marks import doc, required
from lakehouse.contract.schema import Column, Schema
from lakehouse.contract.table import spec_of, table


# Runs of other tables add to it at the same time; adding never conflicts, it only has to be tried again.
@table("quality.alerts", external=True, properties={"commit.retry.num-retries": "10"})
class AlertLog(Schema):
    """One row per alert that was sent to a channel. Rows are only added; the newest of a key is its state."""

    table_name: Annotated[Column[StringType], required, doc("Table that it is about")]
    key: Annotated[Column[StringType], required, doc("What it is about: gate, anomaly:<rule>")]
    state: Annotated[Column[StringType], required, doc("firing or resolved")]
    title: Annotated[Column[StringType], required, doc("It in a line")]
    run_id: Annotated[Column[StringType], required, doc("Run that sent it")]
    at: Annotated[Column[TimestampType], required, doc("Instant of it", unit="UTC")]
    channel: Annotated[Column[StringType], required, doc("Channel that took it")]


@dataclass(frozen=True, kw_only=True)
class SentAlert:
    """One row of ``quality.alerts``."""

    table: str
    key: str
    state: str
    title: str
    run_id: str
    at: datetime
    channel: str

    @property
    def firing(self) -> bool:
        """Whether it told that something began, not that it is over."""
        return self.state == "firing"


def sent_alerts(catalog: Catalog, name: str | None = None) -> list[SentAlert]:
    """Give what was sent about a table, or about all, oldest first. Cost: a scan of a small table; no session."""
    log = find_table(catalog, spec_of(AlertLog).name)
    if log is None:
        return []
    rows = log.scan(row_filter=f"table_name == '{name}'" if name else AlwaysTrue()).to_arrow().to_pylist()
    return sorted((SentAlert(table=row.pop("table_name"), **row) for row in rows), key=lambda one: one.at)


def open_alerts(sent: Sequence[SentAlert]) -> list[SentAlert]:
    """Give the alerts that fire by what was sent, oldest first, each as it was first sent to any channel.

    Args:
        sent: Oldest first.
    """
    found: dict[tuple[str, str], SentAlert] = {}
    for one in sent:
        if one.firing:
            found.setdefault((one.table, one.key), one)
        else:
            found.pop((one.table, one.key), None)
    return list(found.values())


def add_sent_alerts(catalog: Catalog, sent: Sequence[SentAlert]) -> None:
    """Add rows, in one commit; the table is made when it is not there. Starts no session."""
    if not sent:
        return
    append_rows(find_or_create(catalog, spec_of(AlertLog)), [_row(one) for one in sent])


def _row(sent: SentAlert) -> dict[str, Any]:
    row = dict(vars(sent))
    return {"table_name": row.pop("table"), **row}

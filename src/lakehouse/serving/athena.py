"""Athena over the tables that Glue has: one statement, waited for, with what it cost."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lakehouse.config.settings import AthenaSettings
from lakehouse.errors import MissingExtraError, ServingError
from lakehouse.serving.query_result import QueryResult

USD_PER_TERABYTE = 5.0
"""List price of a scanned terabyte in most regions, without reserved capacity, as of 2026-11."""
_LEAST_BYTES = 10_000_000
"""Of a statement that scans anything; less is counted as this."""
_PAUSE, _LONGEST_PAUSE = 0.2, 3.0
_PAGE = 1000
_WORDS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "decimal": Decimal,
    "boolean": lambda text: text == "true",
}
"""By type of Athena what its text is; of any other type it stays text."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a statement stands: QUEUED, RUNNING, and the bytes that it has scanned so far."""

    state: str
    bytes_scanned: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Rows, and what they took. Units: bytes, seconds of Athena's, US dollars."""

    result: QueryResult
    query_id: str
    bytes_scanned: int
    seconds: float

    @property
    def dollars(self) -> float:
        """What was scanned, at the list price."""
        counted = max(self.bytes_scanned, _LEAST_BYTES) if self.bytes_scanned else 0
        return counted / 1e12 * USD_PER_TERABYTE


@dataclass(frozen=True, kw_only=True)
class Athena:
    """Athena in the region of the catalog."""

    settings: AthenaSettings
    client: Any = field(repr=False)

    @staticmethod
    def of(settings: AthenaSettings, *, region: str | None) -> Athena:
        """Make the client; asks nothing of AWS.

        Raises:
            MissingExtraError: boto3 is not installed.
            botocore.exceptions.NoRegionError: None is set.
        """
        try:
            import boto3
            from botocore.config import Config  # type: ignore[import-untyped]
        except ImportError as error:
            raise MissingExtraError(extra="aws", needed_for="Athena") from error
        patience = Config(retries={"total_max_attempts": 6, "mode": "adaptive"})
        return Athena(settings=settings, client=boto3.client("athena", region_name=region, config=patience))

    def query(
        self,
        sql: str,
        *,
        limit: int | None = None,
        max_bytes: int | None = None,
        on_progress: Callable[[Progress], None] = lambda _progress: None,
    ) -> Answer:
        """Run one statement and wait for its rows. It is stopped when the wait ends otherwise, as by Ctrl-C.

        Args:
            sql: As Athena has it; it is charged for what it scans, whatever ``limit`` says.
            limit: At most so many rows are fetched.
            max_bytes: Stop it when more is scanned. It is looked at while it runs, so it may scan somewhat more; a
                limit that Athena itself keeps is that of the workgroup.
            on_progress: Called as it goes on.

        Raises:
            ServingError: It failed, was stopped by someone, or scanned too much.
        """
        started = self._start(sql)
        try:
            execution = self._wait(started, max_bytes, on_progress)
        except BaseException:
            self.client.stop_query_execution(QueryExecutionId=started)
            raise
        statistics = execution.get("Statistics", {})
        return Answer(
            result=self._rows(started, execution.get("StatementType", ""), limit),
            query_id=started,
            bytes_scanned=statistics.get("DataScannedInBytes", 0),
            seconds=statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
        )

    def _start(self, sql: str) -> str:
        place = {"ResultConfiguration": {"OutputLocation": self.settings.output}} if self.settings.output else {}
        # With a token of its own a request that is sent twice starts one statement.
        token = {"ClientRequestToken": uuid.uuid4().hex}
        started = self.client.start_query_execution(
            QueryString=sql, WorkGroup=self.settings.workgroup, **place, **token
        )
        return str(started["QueryExecutionId"])

    def _wait(self, query_id: str, max_bytes: int | None, on_progress: Callable[[Progress], None]) -> dict[str, Any]:
        pause = _PAUSE
        while True:
            execution = self.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            state, scanned = execution["Status"]["State"], execution.get("Statistics", {}).get("DataScannedInBytes", 0)
            if state == "SUCCEEDED":
                return dict(execution)
            if state in {"FAILED", "CANCELLED"}:
                why = execution["Status"].get("StateChangeReason", "no reason is given")
                raise ServingError(f"Athena {'stopped' if state == 'CANCELLED' else 'refused'} {query_id}: {why}")
            if max_bytes is not None and scanned > max_bytes:
                raise ServingError(
                    f"{query_id} was stopped: it had scanned {scanned:,} bytes, --max-bytes is {max_bytes:,}. Ask for "
                    "fewer columns or partitions; BytesScannedCutoffPerQuery of the workgroup is a limit for all"
                )
            on_progress(Progress(state=state, bytes_scanned=scanned))
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    def _rows(self, query_id: str, statement: str, limit: int | None) -> QueryResult:
        pages = self._pages(query_id)
        columns, first = next(pages)
        # Athena gives the names of the columns as the first row of a SELECT.
        header = statement == "DML" and bool(first) and first[0] == tuple(name for name, _ in columns)
        rows = list(first[1:] if header else first)
        while limit is None or len(rows) <= limit:
            page = next(pages, None)
            if page is None:
                break
            rows += page[1]
        typed = tuple(
            tuple(_typed(text, kind) for text, (_, kind) in zip(row, columns, strict=False)) for row in rows[:limit]
        )
        names = tuple(name for name, _ in columns)
        return QueryResult(columns=names, rows=typed, more=limit is not None and len(rows) > limit)

    def _pages(self, query_id: str) -> Iterator[tuple[list[tuple[str, str]], list[tuple[str | None, ...]]]]:
        asked = {"QueryExecutionId": query_id, "PaginationConfig": {"PageSize": _PAGE}}
        for page in self.client.get_paginator("get_query_results").paginate(**asked):
            found = page["ResultSet"]
            columns = [(one["Name"], one["Type"]) for one in found["ResultSetMetadata"]["ColumnInfo"]]
            yield columns, [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in found["Rows"]]


def _typed(text: str | None, kind: str) -> Any:
    return None if text is None else _WORDS.get(kind, str)(text)

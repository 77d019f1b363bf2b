"""An HTTP API as a source: its pages one after another, from where the table's newest commit says it had come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.catalog.file_ledger import Held
from lakehouse.contract.columns import ColumnSpec
from lakehouse.errors import SourceError
from lakehouse.sources.file_portions import split_documents
from lakehouse.sources.http_client import HttpClient
from lakehouse.sources.patience import BusyError
from lakehouse.sources.protocol import LeftOut, Piece, Portion, SourceBatch
from lakehouse.sources.text_lines import as_records
from lakehouse.transforms.decoder import JsonDecoder

_PAGE = "source string, source_version string, value string"


@dataclass(frozen=True, kw_only=True)
class Page:
    """An answer: its address without secrets, its JSON, and the text of it."""

    url: str
    content: Any
    text: str


@dataclass(frozen=True, kw_only=True)
class Next:
    """What comes after a page: the address of the next one, empty after the last; and where a later run goes on."""

    url: str
    cursor: str


@dataclass(kw_only=True)
class HttpApi:
    """Pages of an API, each once; so many of them make a commit.

    A page counts when its commit is made, which also says where the next run goes on. Until then it is asked for again,
    so an API that gives other records at the same cursor gives those.

    Args:
        name: What it is called; the cursor is kept under it.
        client: How it is asked.
        begin: Cursor → address of the first page of a run; the cursor is empty in the first run.
        follow: Page and cursor → what comes after it.
        records: Where in an answer the records are, as ``$.results``; empty: it is an array of them, or one.
        pages_per_commit: Pages are kept in memory until then.
        max_pages: Of a run.
    """

    name: str
    client: HttpClient
    begin: Callable[[str], str]
    follow: Callable[[Page, str], Next]
    records: str = ""
    pages_per_commit: int = 100
    max_pages: int = 10_000
    left_out: list[LeftOut] = field(default_factory=list)

    def batches(self, spark: SparkSession, payload: ColumnSpec, held: Held) -> Iterator[SourceBatch]:
        """Give the pages from the table's cursor on. Cost: a request for each.

        Raises:
            SourceError: The server did not answer in time, or refuses.
        """
        del payload
        self.left_out = []
        cursor, asked = held.cursor(self.name), set[str]()
        url, pages = self.begin(cursor), list[Page]()
        while url and len(asked) < self.max_pages:
            if url in asked:
                raise SourceError(f"{self.name} goes in a circle: after other pages {url} follows once more")
            asked.add(url)
            page = self._page(url)
            after = self.follow(page, cursor)
            pages.append(page)
            url, cursor = after.url, after.cursor
            if len(pages) == self.pages_per_commit:
                yield self._batch(spark, pages, cursor)
                pages = []
        if pages:
            yield self._batch(spark, pages, cursor)
        if url:
            self.left_out.append(
                LeftOut(source=url, why=f"a run takes {self.max_pages:,} pages; the next goes on there")
            )

    def _page(self, url: str) -> Page:
        content: list[Any] = []

        def check(answer: requests.Response) -> None:
            if answer.status_code != 200:
                return
            try:
                content[:] = [json.loads(answer.content)]
            except ValueError:
                # A page of a proxy, or the half of an answer.
                kind = answer.headers.get("Content-Type", "no type")
                raise BusyError(f"an answer that is no JSON ({kind}, {len(answer.content):,} bytes)") from None

        answer = self.client.get(url, check=check)
        if answer.status_code != 200:
            todo = "check its key or token" if answer.status_code in (401, 403) else "check the address"
            raise SourceError(f"{url} answered HTTP {answer.status_code}: {todo}")
        return Page(url=url, content=content[0], text=answer.content.decode("utf-8", errors="replace"))

    def _batch(self, spark: SparkSession, pages: list[Page], cursor: str) -> SourceBatch:
        came = datetime.now(UTC).isoformat()
        pieces = [Piece(source=page.url, version=f"{came}-{len(page.text)}", size=len(page.text)) for page in pages]
        rows = [(one.source, one.version, page.text) for one, page in zip(pieces, pages, strict=True)]
        whole = spark.createDataFrame(rows, _PAGE)
        records = as_records(split_documents(whole, self.records, whole.source, whole.source_version), F.col("text"))
        counted = {row["source"]: row["count"] for row in records.groupBy("source").count().collect()}
        counts = {one.source: counted.get(one.source, 0) for one in pieces}
        part = Portion(pieces=pieces, records=records, counts=counts, decoder=JsonDecoder(), undeclared={})
        return SourceBatch(portions=[part], cursor=cursor)

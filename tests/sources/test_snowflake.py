"""Tables and queries of Snowflake, by its own connector from a server that fakesnow stands behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pyarrow as pa
import pytest
from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    TimestampNTZType,
    TimestampType,
)
from snowflake.connector.errors import OperationalError

from lakehouse import Column, Schema, doc, required
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract import DecimalType
from lakehouse.errors import SchemaMismatchError, ServingError, SourceError
from lakehouse.pipeline.take import take
from lakehouse.pipeline.verify_files import verify_files
from lakehouse.snowflake.session import Described, Session
from lakehouse.sources.snowflake import SnowflakeSource, read_snowflake, rows_of_snowflake
from tests.sources.sales import fresh_spec
from tests.sources.snowflake_server import SnowflakeServer, snowflake_server


class Client(Schema):
    """A client, as the shop's CRM has it."""

    client_id: Annotated[Column[LongType], required, doc("Number of the client")]
    visits: Column[IntegerType]
    full_name: Column[StringType]
    spent: Column[DecimalType[Literal[14], Literal[3]]]
    born: Column[DateType]
    seen: Column[TimestampNTZType]
    moved: Column[TimestampType]
    active: Column[BooleanType]
    weight: Column[DoubleType]
    photo: Column[BinaryType]
    tags: Annotated[Column[StringType], doc("JSON")]


class Small(Schema):
    """Two columns of it."""

    client_id: Column[LongType]
    visits: Column[IntegerType]


FILLED = (
    "CREATE OR REPLACE TABLE CLIENT (ID NUMBER(19,0), CLIENT_ID INT, VISITS NUMBER(9,0), FULL_NAME VARCHAR,"
    " SPENT NUMBER(12,2), BORN DATE, SEEN TIMESTAMP_NTZ, MOVED TIMESTAMP_LTZ, ACTIVE BOOLEAN, WEIGHT FLOAT,"
    " PHOTO BINARY, TAGS VARIANT)",
    "INSERT INTO CLIENT SELECT 1, 7, 3, 'Zoë', 3.25, '2020-02-29', '2026-01-02 03:04:05.123456',"
    " '2026-01-02 03:04:05.5+01:00', TRUE, 1.5, TO_BINARY('ff', 'hex'), PARSE_JSON('[1]')",
    # fakesnow knows no null of instants in Arrow.
    "INSERT INTO CLIENT (ID, CLIENT_ID, SEEN, MOVED) VALUES (2, 8, '2026-01-02', '2026-01-02 00:00:00+00:00')",
)


@pytest.fixture(scope="module")
def filled() -> Iterator[SnowflakeServer]:
    """An account with a table of two clients, which tests only look at."""
    with snowflake_server() as server:
        server.fill(*FILLED)
        yield server


@pytest.fixture
def session(filled: SnowflakeServer) -> Iterator[Session]:
    """A session of the account."""
    filled.asked.clear()
    opened = Session(open=filled.open, role="READER", pauses=(0,))
    yield opened
    opened.close()


def rows(query: str, schema: type[Schema], session: Session) -> list[dict[str, Any]]:
    found = rows_of_snowflake(query, schema, session=session)
    table = pa.Table.from_batches([b for t in found.arrow() for b in t.to_batches()], found.schema)
    made: list[dict[str, Any]] = table.to_pylist()
    return made


def test_rows_come_in_the_types_of_the_contract_and_only_its_columns(filled: SnowflakeServer, session: Session) -> None:
    first, second = rows("CLIENT", Client, session)
    assert first == {
        "client_id": 7,
        "visits": 3,
        "full_name": "Zoë",
        "spent": Decimal("3.250"),
        "born": date(2020, 2, 29),
        "seen": datetime(2026, 1, 2, 3, 4, 5, 123456),
        "moved": datetime(2026, 1, 2, 2, 4, 5, 500000, tzinfo=UTC),
        "active": True,
        "weight": 1.5,
        "photo": b"\xff",
        "tags": "[1]",
    }
    midnight = datetime(2026, 1, 2)
    given = {"client_id": 8, "seen": midnight, "moved": midnight.replace(tzinfo=UTC)}
    assert second == dict.fromkeys(first) | given
    assert filled.asked[0].startswith('SELECT "CLIENT_ID", "VISITS", "FULL_NAME"')


def test_a_query_without_rows_gives_none_and_a_comment_at_its_end_hides_nothing(session: Session) -> None:
    assert rows("SELECT * FROM CLIENT WHERE ID > 9 -- nobody", Client, session) == []


def test_what_does_not_fit_the_contract_is_told_before_a_row_is_read(filled: SnowflakeServer, session: Session) -> None:
    with pytest.raises(SchemaMismatchError) as refused:
        rows("SELECT FULL_NAME AS CLIENT_ID, WEIGHT AS VISIT FROM CLIENT", Small, session)
    assert refused.value.differences == (
        "client_id: declared bigint, found string",
        "visits: missing (found visit)",
    )
    assert filled.asked == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 3000000000 AS VISITS, 1 AS CLIENT_ID", "a value of visits does not fit int"),
        ("CLIENT; DROP TABLE CLIENT", "one SELECT without a semicolon"),
        ("DELETE FROM CLIENT", "one SELECT without a semicolon"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(session: Session, query: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        rows(query, Small, session)


def test_two_columns_that_differ_in_case_alone_are_told() -> None:
    class Told(Session):
        def describe(self, query: str) -> tuple[Described, ...]:
            del query
            return tuple(Described(name=name, kind="FIXED") for name in ("VISITS", "CLIENT_ID", "client_id"))

    with pytest.raises(SourceError, match="Snowflake gives client_id twice: name them apart"):
        rows("CLIENT", Small, Told(open=lambda: pytest.fail("it is not asked")))


def test_a_table_that_is_not_there_is_told_with_the_role_that_asks(session: Session) -> None:
    with pytest.raises(ServingError, match=r"(?s)NOWHERE.*It is not there, or role READER may not see it"):
        rows("NOWHERE", Small, session)


class Broken:
    """A connection that is lost after the first rows of its first answers."""

    def __init__(self, server: SnowflakeServer, times: int) -> None:
        self._server, self.times, self.opened = server, times, 0

    def open(self) -> Any:
        self.opened += 1
        connection = self._server.open()
        connection.cursor = lambda make=connection.cursor: self._cursor(make())
        return connection

    def _cursor(self, cursor: Any) -> Any:
        def batches(fetch: Any = cursor.fetch_arrow_batches) -> Iterator[pa.Table]:
            yield next(iter(fetch()))
            self.times -= 1
            if self.times >= 0:
                raise OperationalError(msg="Connection reset by peer", errno=250001)

        cursor.fetch_arrow_batches = batches
        return cursor


def test_an_answer_that_breaks_off_is_told_and_the_next_run_reads_all(filled: SnowflakeServer) -> None:
    broken = Broken(filled, times=1)
    session = Session(open=broken.open)
    with pytest.raises(ServingError, match=r"ended after 2 rows, at: SELECT .*\n.*reset by peer\nRun it again"):
        rows("CLIENT", Small, session)
    assert (len(rows("CLIENT", Small, session)), broken.opened) == (2, 2)
    session.close()


def test_a_table_is_read_into_spark_in_one_line(lake: Lake, session: Session) -> None:
    people = read_snowflake("CRM.PUBLIC.CLIENT", Client, lake=lake, session=session)
    assert [(row.client_id, row.spent) for row in people.orderBy("client_id").collect()] == [
        (7, Decimal("3.250")),
        (8, None),
    ]
    assert people.typedspark_schema is Client


def test_a_source_takes_what_is_past_the_newest_watermark_once(lake: Lake, unique: str) -> None:
    spec = fresh_spec(unique)
    with snowflake_server() as server:
        server.fill(
            "CREATE TABLE SALES (NUMBER INT, ARTICLE VARCHAR, AMOUNT NUMBER(20,2), DAY DATE, AT_ TIMESTAMP_LTZ,"
            " LOADED TIMESTAMP_LTZ)",
            "INSERT INTO SALES VALUES (1, 'a', 1.5, '2026-01-01', '2026-01-01 00:00:00+00:00',"
            " '2026-01-01 00:00:00.123456+00:00'), (2, 'b', 123456789012.5, NULL, NULL, '2026-01-01 00:00:00+00:00'),"
            " (9, 'c', 1, NULL, NULL, NULL)",
        )
        session = Session(open=server.open)
        source = SnowflakeSource(
            name="crm sales", query='SELECT *, AT_ AS "AT" FROM SALES', watermark="loaded", session=session
        )
        first = take(lake, spec, source, max_record_bytes=1_000)
        again = take(lake, spec, source, max_record_bytes=1_000)
        server.fill("INSERT INTO SALES VALUES (3, 'd', 2, NULL, NULL, '2026-01-01 00:00:00.123457+00:00')")
        later = take(lake, spec, source, max_record_bytes=1_000)
        session.close()
    assert (first.records, again.records, later.records) == (2, 0, 1)
    assert [one.why for one in first.left_out] == ["1 rows have no loaded, and cannot be told to be new"]
    found = lake.rows(spec).orderBy("source_version", "line").collect()
    assert sorted(row.record.number for row in found if row.record) == [1, 3]
    letters = lake.rows(spec).where("dead_letter.reason IS NOT NULL").select("dead_letter.*").collect()
    assert [(row.reason, row.detail) for row in letters] == [
        ("wrong_type", "amount: expected decimal(12,2), found decimal(20,2) 123456789012.50")
    ]
    assert verify_files(lake.catalog, spec).problems == ()

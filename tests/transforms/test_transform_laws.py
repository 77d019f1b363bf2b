"""What transforms keep to whatever they are given: many drawn rows for each law, in one job, never a job for each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import Column, Row, SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.currency import convert_currency, convert_unit
from lakehouse.transforms.geography import distance_km, geohash
from lakehouse.transforms.hash_key import hash_key
from lakehouse.transforms.instants import parse_instant
from lakehouse.transforms.masking import (
    generalise_number,
    generalise_text,
    not_anonymous,
    pseudonym,
    redact,
)
from lakehouse.transforms.matching import matched_pairs, with_cluster
from lakehouse.transforms.names import name_key, person_name
from lakehouse.transforms.reshape import pivot_sum, unpivot
from lakehouse.transforms.sessions import with_sessions
from lakehouse.transforms.text import squeeze, title_case
from lakehouse.transforms.time_series import with_rolling

FIRST_DAY = date(2026, 1, 1)
TEXTS = st.text(st.characters(max_codepoint=0x4FF, exclude_categories=("Cs", "Cc")), max_size=12)
# Not the tiniest numbers: a cell begins at 0, and what is less by less than a double can tell of 90 is in it.
LATITUDES, LONGITUDES = (st.integers(-end, end).map(lambda n: n / 10_000) for end in (900_000, 1_800_000))
BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz"


def law(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[SparkSession], None]]:
    """Give a test one set of what is drawn: the second, for the first is of nothing but the simplest."""

    def decorate(test: Callable[..., None]) -> Callable[[SparkSession], None]:
        def one_job(spark: SparkSession) -> None:
            sets: list[tuple[Any, ...]] = []
            quick = hypothesis_settings(
                max_examples=2, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
            )

            @given(st.tuples(*strategies))
            @quick
            def keep(drawn: tuple[Any, ...]) -> None:
                sets.append(drawn)

            keep()
            test(spark, *sets[-1])

        one_job.__name__ = test.__name__
        return one_job

    return decorate


def many(one: st.SearchStrategy[Any], count: int = 100) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, min_size=count, max_size=count)


def asked(spark: SparkSession, rows: Sequence[tuple[Any, ...]], schema: str, *columns: Column) -> list[Row]:
    return spark.createDataFrame(list(rows), schema).select("*", *columns).collect()


@law(many(TEXTS))
def test_text_that_was_brought_to_its_form_is_left_as_it_is(spark: SparkSession, texts: list[str]) -> None:
    forms: tuple[Callable[[Column], Column], ...] = (squeeze, title_case, person_name, name_key, redact)
    once = asked(spark, [(text,) for text in texts], "text string", *formed(forms, ["text"] * len(forms)))
    names = [form.__name__ for form in forms]
    schema = ", ".join(f"{name} string" for name in names)
    given = [tuple(row[name] for name in names) for row in once]
    for row in asked(spark, given, schema, *formed(forms, names, end="_again")):
        assert [name for name in names if row[name] != row[f"{name}_again"]] == [], row


def formed(forms: Sequence[Callable[[Column], Column]], columns: Sequence[str], end: str = "") -> list[Column]:
    return [form(F.col(name)).alias(form.__name__ + end) for form, name in zip(forms, columns, strict=True)]


@law(many(st.tuples(TEXTS, st.integers(-1000, 1000))))
def test_what_is_masked_has_its_length_or_range_and_nothing_else(
    spark: SparkSession, rows: list[tuple[str, int]]
) -> None:
    text, number = F.col("text"), F.col("number")
    masked = (redact(text, keep_last=4), generalise_text(text, keep=2), generalise_number(number, step=10))
    named = (one.alias(name) for one, name in zip(masked, ("shown", "kept", "range"), strict=True))
    for row in asked(spark, rows, "text string, number int", *named):
        assert (len(row.shown), len(row.kept)) == (len(row.text), len(row.text))
        hidden = max(0, len(row.text) - 4) or len(row.text)
        assert row.shown == "*" * hidden + row.text[hidden:]
        assert row.kept[:2] == row.text[:2]
        assert set(row.kept[2:]) <= {"*"}
        low = row.number // 10 * 10
        assert row.range == f"{low}-{low + 9}"


@law(
    many(
        st.tuples(
            st.none() | st.sampled_from(["a", "b", "ab", "abc", "1:a"]), st.none() | st.sampled_from(["", "b", "c"])
        )
    )
)
def test_keys_and_pseudonyms_are_equal_where_the_values_are(spark: SparkSession, rows: list[tuple[Any, ...]]) -> None:
    key, name = hash_key(F.col("one"), F.col("other")), pseudonym(F.col("one"), salt="s" * 16)
    found = asked(spark, rows, "one string, other string", key.alias("key"), name.alias("name"))
    assert len({row.key for row in found}) == len({(row.one, row.other, row.key) for row in found}) == len(set(rows))
    assert len({row.name for row in found}) == len({(row.one, row.name) for row in found}) == len({a for a, _ in rows})


@law(many(st.tuples(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)))
def test_a_cell_holds_its_place_and_a_distance_is_one(spark: SparkSession, rows: list[tuple[float, ...]]) -> None:
    a, b, c, d = (F.col(name) for name in "abcd")
    cells = (geohash(a, b, length=2).alias("wide"), geohash(a, b, length=5).alias("cell"))
    ways = (distance_km(a, b, c, d).alias("there"), distance_km(c, d, a, b).alias("back"))
    for row in asked(spark, rows, "a double, b double, c double, d double", *cells, *ways):
        south, north, west, east = cell_of(row.cell)
        assert south <= row.a <= north
        assert west <= row.b <= east
        assert row.cell.startswith(row.wide)
        assert 0 <= row.there <= 20_016
        assert math.isclose(row.there, row.back, abs_tol=1e-6)


def cell_of(text: str) -> tuple[float, float, float, float]:
    """Halve the earth by each bit of a geohash, in turn from west to east and from south to north."""
    bounds = [[-180.0, 180.0], [-90.0, 90.0]]
    bits = [BASE32.index(letter) >> shift & 1 for letter in text for shift in range(4, -1, -1)]
    for at, bit in enumerate(bits):
        axis = bounds[at % 2]
        axis[1 - bit] = sum(axis) / 2
    return (*bounds[1], *bounds[0])  # type: ignore[return-value]


@law(many(st.floats(-1e6, 1e6)))
def test_a_measure_comes_back_from_another_unit(spark: SparkSession, values: list[float]) -> None:
    pairs = [("ft", "km"), ("lb", "g"), ("F", "K"), ("psi", "hPa"), ("gal", "ml"), ("kn", "mph")]
    back = [convert_unit(convert_unit(F.col("value"), from_=a, to=b), from_=b, to=a) for a, b in pairs]
    for row in asked(spark, [(value,) for value in values], "value double", F.array(*back).alias("back")):
        assert all(math.isclose(one, row.value, rel_tol=1e-9, abs_tol=1e-6) for one in row.back)


@law(many(st.tuples(st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))))
def test_an_instant_is_read_as_it_was_written(spark: SparkSession, rows: list[tuple[datetime, int]]) -> None:
    told = [(at.replace(microsecond=0, tzinfo=UTC), hours) for at, hours in rows]
    written = [
        (
            (at + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S") + f"{hours:+03d}:00",
            at.strftime("%d.%m.%Y %H:%M:%S"),
            str(int(at.timestamp() * 1000)),
            int(at.timestamp()),
        )
        for at, hours in told
    ]
    read = F.array(*(F.unix_timestamp(parse_instant(F.col(name))) for name in "abc")).alias("read")
    for row in asked(spark, written, "a string, b string, c string, at long", read):
        assert set(row.read) == {row.at}, row


@law(many(st.tuples(st.sampled_from("ab"), st.integers(0, 3000))))
def test_sessions_cut_the_events_of_a_key_at_each_longer_silence(
    spark: SparkSession, events: list[tuple[str, int]]
) -> None:
    rows = spark.createDataFrame(events, "key string, second long").withColumn("at", F.timestamp_seconds("second"))
    found = with_sessions(rows, key=["key"], at="at", gap_seconds=20).collect()
    session, expected, last = 0, Counter[tuple[str, int, int]](), ("", 0)
    for key, second in sorted(events):
        session = 1 if key != last[0] else session + (second - last[1] > 20)
        expected[key, second, session] += 1
        last = (key, second)
    assert Counter((row.key, row.second, row.session) for row in found) == expected


@law(many(st.tuples(st.none() | st.integers(0, 12), st.none() | st.integers(20, 40)), 60))
def test_pairs_are_all_that_share_a_block_each_once(spark: SparkSession, blocks: list[tuple[Any, Any]]) -> None:
    rows = spark.createDataFrame([(n, *both) for n, both in enumerate(blocks)], "id int, a int, b int")
    columns = {name: F.col(name) for name in "ab"}
    found = matched_pairs(rows.repartition(3), identifier="id", blocks=columns, evidence=columns).collect()
    alike = {
        (n, m): shared
        for (n, one), (m, other) in combinations(enumerate(blocks), 2)
        if (shared := [name for name, x, y in zip("ab", one, other, strict=True) if x is not None and x == y])
    }
    assert Counter({(row.one, row.other): 1 for row in found}).total() == len(found)
    assert {(row.one, row.other): row.blocks for row in found} == alike


@law(many(st.tuples(st.integers(0, 30), st.integers(0, 4), st.integers(0, 4)), 60))
def test_a_cluster_is_all_that_is_connected(spark: SparkSession, drawn: list[tuple[int, int, int]]) -> None:
    # Of five each, so that nobody is more than four pairs away.
    pairs = {(5 * group + min(a, b), 5 * group + max(a, b)) for group, a, b in drawn if a != b}
    found = with_cluster(spark.createDataFrame(sorted(pairs), "one int, other int")).collect()
    least = {one: one for pair in pairs for one in pair}
    for _ in range(4):
        for one, other in pairs:
            least[one] = least[other] = min(least[one], least[other])
    assert {(row.one, row.other, row.cluster) for row in found} == {(a, b, least[a]) for a, b in pairs}
    assert len(found) == len(pairs)


@law(st.dictionaries(st.tuples(st.integers(0, 40), st.sampled_from("xyz")), st.integers(-9, 9), min_size=60))
def test_what_became_columns_comes_back_as_rows(spark: SparkSession, values: dict[tuple[int, str], int]) -> None:
    rows = [(*key, value) for key, value in values.items()]
    long = spark.createDataFrame(rows, "id int, name string, value long")
    wide = pivot_sum(long, key=["id"], names="name", values="value", columns=["x", "y", "z"])
    back = unpivot(wide, key=["id"], columns=["x", "y", "z"], name="name", value="value")
    assert sorted(map(tuple, back.collect())) == sorted(rows)


@law(st.dictionaries(st.integers(0, 200), st.integers(0, 50), min_size=90))
def test_a_rolling_sum_is_of_days_and_not_of_rows(spark: SparkSession, values: dict[int, int]) -> None:
    rows = [(FIRST_DAY + timedelta(days=day), day, value) for day, value in values.items()]
    df = spark.createDataFrame(rows, "day date, number int, value int")
    found = {row.number: row.rolling_sum for row in with_rolling(df, day="day", value="value", days=7).collect()}
    assert found == {day: sum(values.get(day - back, 0) for back in range(7)) for day in values}


@law(
    many(st.tuples(st.decimals(-9999, 9999, places=2), st.sampled_from("AB"), st.integers(0, 60))),
    st.dictionaries(
        st.tuples(st.sampled_from("AB"), st.integers(5, 60)), st.sampled_from([0.5, 1.25, 3.0]), min_size=12
    ),
)
def test_an_amount_is_worth_what_the_newest_rate_of_its_day_says(
    spark: SparkSession, amounts: list[tuple[Decimal, str, int]], rates: dict[tuple[str, int], float]
) -> None:
    known = [(code, FIRST_DAY + timedelta(days=day), rate) for (code, day), rate in rates.items()]
    sold = [(n, amount, code, FIRST_DAY + timedelta(days=day)) for n, (amount, code, day) in enumerate(amounts)]
    converted = convert_currency(
        spark.createDataFrame(sold, "n int, amount decimal(12,2), currency string, day date"),
        spark.createDataFrame(known, "currency string, day date, rate double"),
        amount="amount", currency="currency", day="day", into="euros",
    ).collect()  # fmt: skip
    assert len(converted) == len(amounts)
    for row in converted:
        before = [(day, rate) for code, day, rate in known if code == row.currency and day <= row.day]
        exact = row.amount * Decimal(max(before)[1]) if before else None
        assert row.euros == (None if exact is None else exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


@law(many(st.tuples(st.integers(0, 9), st.none() | st.sampled_from("xyz"))))
def test_groups_that_are_too_rare_are_all_that_fewer_share(
    spark: SparkSession, rows: list[tuple[int, str | None]]
) -> None:
    df = spark.createDataFrame(rows, "age int, place string")
    rare = not_anonymous(df, quasi_identifiers=["age", "place"], k=5).collect()
    assert {(row.age, row.place): row.rows for row in rare} == {g: n for g, n in Counter(rows).items() if n < 5}

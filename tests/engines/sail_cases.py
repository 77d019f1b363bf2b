"""What is tried on Spark and on Sail, by name: each function of the list that Sail is trusted with, and more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.window import WindowSpec

from lakehouse.catalog.arrow_lake import with_null_fields

Columns = Callable[[], list[Column]]

SCHEMA = """
    id int, n int, big bigint, d double, f float, amount decimal(12,2), s string, t string, flag boolean, day date,
    at timestamp, words array<string>, numbers array<int>, raw binary, place struct<city: string, zip: string>
"""
ROWS = [
    (1, 7, 10**12, 2.5, 0.5, Decimal("12.50"), "Ada  Lovelace", "2020-02-29", True, date(2020, 2, 29),
     datetime(2020, 2, 29, 23, 59, 59, 999999, UTC), ["b", "a", None, "a"], [3, 1, 2], b"\x00abc", ("Gent", "9000")),
    (2, -7, -(10**12), -2.5, -0.5, Decimal("-0.05"), " o'neil-SMITH ", "2020-02-29T10:00:00Z", False, 
     date(1969, 12, 31), datetime(1969, 12, 31, 12, tzinfo=UTC), [], [], b"", ("Århus", None)),
    (3, None, None, None, None, None, None, None, None, None, None, None, None, None, None),
    (4, 0, 0, 0.0, -0.0, Decimal("0.00"), "", "", True, date(1900, 1, 1),
     datetime(1900, 1, 1, tzinfo=UTC), [None], [0, None], b"\xff", (None, None)),
    (5, 2147483647, 9223372036854775807, math.nan, math.nan, Decimal("9999999999.99"), "ÄÖÜ ß İ\u00a0ǅ 日本", "abc",
     None, date(2199, 12, 31), datetime(2199, 12, 31, 23, tzinfo=UTC), ["日本", "x,y"], [2147483647], "ß".encode(),
     ("Gent", "")),
    (6, -2147483648, -9223372036854775808, math.inf, math.inf, Decimal("1.01"), "a.b.c@x.org", "12,5", False,
     date(2024, 12, 30), datetime(2024, 12, 30, 1, 2, 3, tzinfo=UTC), ["z"], [1, 1], b"a", ("gent", "1")),
    (7, 13, 13, -math.inf, 1e20, Decimal("0.01"), "a\tb\nc  ", "-3", True, date(2000, 1, 1),
     datetime(2000, 1, 1, tzinfo=UTC), ["", " "], [5], b"b", ("", "2")),
    (8, 13, 14, 1e15, 3.4e38, Decimal("100.00"), "x" * 40, " 42 ", True, date(2023, 1, 1),
     datetime(2023, 1, 1, 0, 0, 0, 1, tzinfo=UTC), ["a"], [9], b"c", ("Gent", "9000")),
    (9, 13, 14, -0.0, 1.1, Decimal("100.00"), "true", "1e3", True, date(2023, 12, 31),
     datetime(2023, 6, 30, 12, 30, tzinfo=UTC), ["a"], [9], b"c", ("Gent", "9000")),
]  # fmt: skip


def c(name: str) -> Column:
    return F.col(name)


# What Sail gives other values for, or an error: none of it is in the lists of ``engines/sail_functions.py``.
UNLIKE = frozenset(
    (
        "isnan null", "struct of when", "initcap", "left", "split at nothing", "regexp_replace $", "hash", "to_json",
        "/ decimals", "bround", "signum", "weekday", "array_contains", "array_except", "cast string of double",
        "cast date of text", "cast decimal of text", "max doubles of group", "max struct of group",
        "percentile_approx of group", "percentile_approx of all",
    )
)  # fmt: skip
ROW_MAKERS = ("explode", "explode_outer", "posexplode")
"""Tried as steps of a plan."""

# Value functions: the name that the plan has → the columns that it is tried with, over all rows.
VALUES: Mapping[str, Columns] = {
    "==": lambda: [c("s") == "", c("d") == c("d"), c("n") == 13, c("amount") == 100],
    "<=>": lambda: [c("s").eqNullSafe(c("t")), c("place").eqNullSafe(c("place"))],
    ">": lambda: [c("d") > 0, c("s") > "a", c("at") > c("day"), c("amount") > 1],
    ">=": lambda: [c("d") >= 0, c("day") >= F.lit(date(2000, 1, 1))],
    "<": lambda: [c("d") < 0, c("n") < c("big")],
    "<=": lambda: [c("d") <= 0, c("f") <= c("d")],
    "and": lambda: [c("flag") & (c("n") > 0)],
    "or": lambda: [c("flag") | (c("n") > 0)],
    "not": lambda: [~c("flag")],
    "in": lambda: [c("s").isin("", "true", "ÄÖÜ"), c("n").isin(13, 0), c("d").isin(2.5, 0.0)],
    "isNull": lambda: [c("s").isNull(), c("place").isNull()],
    "isNotNull": lambda: [c("s").isNotNull(), c("place.zip").isNotNull()],
    "isnan null": lambda: [F.isnan("d"), F.isnan("f")],
    "when": lambda: [F.when(c("n") > 0, "more").when(c("n") == 0, "none"), F.when(c("flag"), 1).otherwise(0)],
    "coalesce": lambda: [F.coalesce("s", F.lit("-")), F.coalesce("n", "id")],
    "nullif": lambda: [F.nullif(c("s"), F.lit("")), F.nullif(c("n"), F.lit(13))],
    "ifnull": lambda: [F.ifnull("s", F.lit("-"))],
    "nvl": lambda: [F.nvl("s", F.lit("-"))],
    "greatest": lambda: [F.greatest("n", "id"), F.greatest("d", "f"), F.greatest("s", "t")],
    "least": lambda: [F.least("n", "id"), F.least("d", "id"), F.least("s", "t")],
    "struct": lambda: [F.struct("s", "n")],
    "struct of when": lambda: [F.when(c("n") > 0, F.struct("s", "n"))["s"]],
    "named_struct": lambda: [F.named_struct(F.lit("a"), c("s"))],
    "array": lambda: [F.array("s", "t"), F.array().cast("array<string>")],
    "lower": lambda: [F.lower("s")],
    "upper": lambda: [F.upper("s")],
    "initcap": lambda: [F.initcap("s")],
    "trim": lambda: [F.trim("s")],
    "ltrim": lambda: [F.ltrim("s")],
    "rtrim": lambda: [F.rtrim("s")],
    "concat": lambda: [F.concat("s", "t"), F.concat("words", "words")],
    "concat_ws": lambda: [F.concat_ws("-", "s", "t"), F.concat_ws(",", "words")],
    "substring": lambda: [F.substring("s", 2, 3), F.substring("s", -3, 2), F.substring("s", 0, 2)],
    "substr": lambda: [c("s").substr(2, 3), c("s").substr(-2, 5)],
    "substring_index": lambda: [F.substring_index("s", ".", 2), F.substring_index("s", ".", -1)],
    "left": lambda: [F.left("s", F.lit(2)), F.left("s", F.lit(-1))],
    "right": lambda: [F.right("s", F.lit(2)), F.right("s", F.lit(0))],
    "length": lambda: [F.length("s"), F.length("raw")],
    "char_length": lambda: [F.char_length("s")],
    "octet_length": lambda: [F.octet_length("s")],
    "lpad": lambda: [F.lpad("s", 5, "*"), F.lpad("t", 2, "ab")],
    "rpad": lambda: [F.rpad("s", 5, "*")],
    "repeat": lambda: [F.repeat("t", 2)],
    "reverse": lambda: [F.reverse("s"), F.reverse("words")],
    "replace": lambda: [F.replace("s", F.lit("a"), F.lit("ß"))],
    "translate": lambda: [F.translate("s", "ab ", "x")],
    "split": lambda: [F.split("s", " "), F.split("s", r"\."), F.split("s", "a", 2)],
    "split at nothing": lambda: [F.split("s", "")],
    "instr": lambda: [F.instr("s", "a"), F.instr("s", "")],
    "locate": lambda: [F.locate("a", "s"), F.locate("a", "s", 3)],
    "startswith": lambda: [c("s").startswith("a"), c("s").startswith("")],
    "endswith": lambda: [c("s").endswith("c")],
    "contains": lambda: [c("s").contains("a"), c("s").contains("")],
    "like": lambda: [c("s").like("%a_%"), c("s").like("a.b%")],
    "ilike": lambda: [c("s").ilike("%A%")],
    "rlike": lambda: [c("s").rlike(r"\A[\p{L} ]+\z"), c("s").rlike(r"\s"), c("t").rlike(r"\w\d+")],
    "regexp_extract": lambda: [F.regexp_extract("t", r"(\d+)-(\d+)", 2), F.regexp_extract("s", "q(.)", 1)],
    "regexp_replace": lambda: [F.regexp_replace("s", r"[\s\x85\p{Z}]+", " "), F.regexp_replace("t", r"\d", "")],
    "regexp_replace $": lambda: [F.regexp_replace("t", r"(\d)(\d)", "$2x$1"), F.regexp_replace("t", "(.).", "0$1")],
    "md5": lambda: [F.md5("s"), F.md5("raw")],
    "sha2": lambda: [F.sha2("s", 256), F.sha2("raw", 512)],
    "sha1": lambda: [F.sha1("s")],
    "crc32": lambda: [F.crc32("s")],
    "xxhash64": lambda: [F.xxhash64("s"), F.xxhash64("n", "big", "s"), F.xxhash64("d", "amount", "day", "at")],
    "hash": lambda: [F.hash("s"), F.hash("n", "big", "s"), F.hash("d", "amount", "day", "at")],
    "base64": lambda: [F.base64("raw")],
    "hex": lambda: [F.hex("raw"), F.hex("n")],
    "unhex": lambda: [F.unhex(F.lit("4142"))],
    "encode": lambda: [F.encode("s", "UTF-8")],
    "decode": lambda: [F.decode(F.encode("s", "UTF-8"), "UTF-8")],
    "ascii": lambda: [F.ascii("s")],
    "levenshtein": lambda: [F.levenshtein("s", "t")],
    "soundex": lambda: [F.soundex("s")],
    "to_json": lambda: [F.to_json("place"), F.to_json(F.struct("n", "s", "day", "amount"))],
    "get_json_object": lambda: [F.get_json_object(F.lit('{"a": {"b": 1}, "c": null}'), "$.a.b")],
    "abs": lambda: [F.abs("d"), F.abs("amount")],
    "+": lambda: [c("d") + c("f"), c("amount") + c("amount")],
    "-": lambda: [c("d") - c("f"), c("amount") - 1],
    "*": lambda: [c("d") * 2, c("amount") * c("amount"), c("amount") * Decimal("0.21")],
    "negative": lambda: [F.negative("d"), F.negative("amount"), -c("f")],
    "/": lambda: [c("d") / 4, c("n") / 2],
    "/ decimals": lambda: [c("amount") / 3, c("amount") / Decimal("7.00")],
    "%": lambda: [c("n") % 5, c("big") % 7, c("amount") % 3],
    "pmod": lambda: [F.pmod("n", F.lit(5))],
    "try_add": lambda: [F.try_add("n", F.lit(1)), F.try_add("big", "big")],
    "try_subtract": lambda: [F.try_subtract("n", F.lit(1)), F.try_subtract("big", "n")],
    "try_multiply": lambda: [F.try_multiply("n", F.lit(2)), F.try_multiply("big", F.lit(2))],
    "try_divide": lambda: [F.try_divide("n", F.lit(0)), F.try_divide("n", F.lit(2))],
    "round": lambda: [F.round(c("d") + 1), F.round("amount", 1)],
    "bround": lambda: [F.bround("d")],
    "floor": lambda: [F.floor(c("d") / 1e30), F.floor("amount")],
    "ceil": lambda: [F.ceil("amount")],
    "sqrt": lambda: [F.sqrt("d")],
    "power": lambda: [F.pow("d", F.lit(2))],
    "exp": lambda: [F.exp(F.lit(0.0))],
    "ln": lambda: [F.ln("d")],
    "log10": lambda: [F.log10("d")],
    "signum": lambda: [F.signum("d"), F.signum("amount")],
    "&": lambda: [c("n").bitwiseAND(5), c("big").bitwiseAND(5)],
    "|": lambda: [c("n").bitwiseOR(5)],
    "^": lambda: [c("n").bitwiseXOR(5)],
    "bit_count": lambda: [F.bit_count("n"), F.bit_count("big")],
    "year": lambda: [F.year("day"), F.year("at")],
    "quarter": lambda: [F.quarter("day")],
    "month": lambda: [F.month("day"), F.month("at")],
    "day": lambda: [F.dayofmonth("day")],
    "dayofmonth": lambda: [F.dayofmonth("day")],
    "dayofweek": lambda: [F.dayofweek("day")],
    "dayofyear": lambda: [F.dayofyear("day")],
    "weekday": lambda: [F.weekday("day")],
    "weekofyear": lambda: [F.weekofyear("day")],
    "hour": lambda: [F.hour("at")],
    "minute": lambda: [F.minute("at")],
    "second": lambda: [F.second("at")],
    "date_add": lambda: [F.date_add("day", -1), F.date_add("day", F.dayofweek("day"))],
    "date_sub": lambda: [F.date_sub("day", 1)],
    "datediff": lambda: [F.datediff("day", F.lit(date(2020, 1, 1)))],
    "date_diff": lambda: [F.date_diff("day", F.lit(date(2020, 1, 1)))],
    "add_months": lambda: [F.add_months(F.lit(date(2020, 1, 31)), 1), F.add_months("day", -1)],
    "months_between": lambda: [F.months_between("day", F.lit(date(2020, 1, 31))), F.months_between("at", "day")],
    "last_day": lambda: [F.last_day("day")],
    "date_trunc": lambda: [F.date_trunc("month", "at"), F.date_trunc("hour", "at"), F.date_trunc("week", "at")],
    "trunc": lambda: [F.trunc("day", "month"), F.trunc("day", "year")],
    "date_format": lambda: [F.date_format("at", "yyyy-MM-dd HH:mm:ss"), F.date_format("day", "yyyy-MM")],
    "date_format names": lambda: [F.date_format("day", "MMMM"), F.date_format("day", "EEEE")],
    "make_date": lambda: [F.make_date(F.lit(2020), F.lit(2), F.lit(29))],
    "to_date": lambda: [F.to_date("at"), F.to_date(F.lit("2020-01-01"))],
    "to_timestamp": lambda: [F.to_timestamp(F.lit("2020-01-01T01:02:03.5Z")), F.to_timestamp("day")],
    "try_to_timestamp": lambda: [F.try_to_timestamp("t"), F.try_to_timestamp(F.lit("2020-01-01 24:00:00"))],
    "try_to_timestamp format": lambda: [F.try_to_timestamp(F.lit("01/02/2020"), F.lit("dd/MM/yyyy"))],
    "unix_timestamp": lambda: [F.unix_timestamp("at")],
    "unix_micros": lambda: [F.unix_micros(F.lit(datetime(2020, 1, 1, tzinfo=UTC)))],
    "timestamp_seconds": lambda: [F.timestamp_seconds(F.lit(1_600_000_000))],
    "from_unixtime": lambda: [F.from_unixtime(F.lit(1_600_000_000))],
    "size": lambda: [F.size("words"), F.size("numbers")],
    "get": lambda: [F.get("words", F.lit(0)), F.get("words", F.lit(-1)), F.get("words", F.lit(9))],
    "try_element_at": lambda: [F.try_element_at("words", F.lit(-1)), F.try_element_at("words", F.lit(9))],
    "array_contains": lambda: [F.array_contains("words", "a"), F.array_contains("numbers", 1)],
    "array_distinct": lambda: [F.array_distinct("words")],
    "array_join": lambda: [F.array_join("words", ","), F.array_join("words", ",", "-")],
    "array_remove": lambda: [F.array_remove("words", "a")],
    "array_compact": lambda: [F.array_compact("words")],
    "array_sort": lambda: [F.array_sort("words"), F.array_sort("numbers")],
    "sort_array": lambda: [F.sort_array("words"), F.sort_array("words", asc=False)],
    "array_max": lambda: [F.array_max("numbers"), F.array_max("words")],
    "array_min": lambda: [F.array_min("numbers")],
    "array_union": lambda: [F.array_union("words", F.array(F.lit("q")))],
    "array_except": lambda: [F.array_except("words", F.array(F.lit("a")))],
    "array_intersect": lambda: [F.array_intersect("words", F.array(F.lit("a")))],
    "array_position": lambda: [F.array_position("words", "a")],
    "arrays_overlap": lambda: [F.arrays_overlap("words", F.array(F.lit("a")))],
    "slice": lambda: [F.slice("words", 1, 2), F.slice("words", -1, 1)],
    "flatten": lambda: [F.flatten(F.array("words", "words"))],
    "sequence": lambda: [F.sequence(F.lit(1), F.lit(3)), F.sequence(F.lit(date(2020, 1, 30)), F.lit(date(2020, 2, 2)))],
    "transform": lambda: [F.transform("words", lambda w: F.concat(w, w)), F.transform("numbers", lambda x: x > 1)],
    "filter": lambda: [F.filter("words", lambda w: w != "a"), F.filter("numbers", lambda x: x > 1)],
    "exists": lambda: [F.exists("words", lambda w: w == "a"), F.exists("numbers", lambda x: x > 1)],
    "forall": lambda: [F.forall("words", lambda w: w == "a")],
    "aggregate": lambda: [F.aggregate("words", F.lit(""), lambda all_, w: F.concat(all_, F.coalesce(w, F.lit("-"))))],
    "map": lambda: [F.create_map(F.lit("a"), c("n"))["a"]],
    "element_at": lambda: [F.element_at(F.create_map(F.lit("a"), c("n")), "b")],
    "typeof": lambda: [F.typeof("n"), F.typeof("d"), F.typeof("s")],
}  # fmt: skip
CASTS: Mapping[str, Columns] = {
    "cast string": lambda: [c("n").cast("string"), c("big").cast("string"), c("flag").cast("string"),
                            c("day").cast("string"), c("amount").cast("string")],
    "cast string of double": lambda: [c("d").cast("string"), c("f").cast("string")],
    "cast string of timestamp": lambda: [c("at").cast("string")],
    "cast date": lambda: [c("at").cast("date")],
    "cast date of text": lambda: [c("t").try_cast("date")],
    "cast timestamp": lambda: [c("day").cast("timestamp"), c("t").try_cast("timestamp")],
    "cast int": lambda: [c("t").try_cast("int"), c("d").try_cast("int"), c("flag").cast("int")],
    "cast bigint": lambda: [c("n").cast("bigint"), c("t").try_cast("bigint"), c("d").try_cast("bigint")],
    "cast double": lambda: [c("t").try_cast("double"), c("n").cast("double"), c("amount").cast("double")],
    "cast float": lambda: [c("t").try_cast("float"), c("n").cast("float")],
    "cast boolean": lambda: [c("s").try_cast("boolean"), c("n").cast("boolean")],
    "cast decimal": lambda: [c("n").cast("decimal(12,2)"), c("d").try_cast("decimal(12,2)")],
    "cast decimal of text": lambda: [c("t").try_cast("decimal(12,2)")],
    "cast binary": lambda: [c("s").cast("binary")],
    "cast array": lambda: [c("numbers").cast("array<string>")],
}  # fmt: skip


def newest_first() -> WindowSpec:
    return Window.partitionBy("city").orderBy(F.col("id").desc_nulls_last())


OVER: Mapping[str, Columns] = {
    "row_number": lambda: [F.row_number().over(newest_first())],
    "rank": lambda: [F.rank().over(Window.orderBy("n"))],
    "dense_rank": lambda: [F.dense_rank().over(Window.orderBy("n"))],
    "ntile": lambda: [F.ntile(3).over(Window.orderBy("id"))],
    "percent_rank": lambda: [F.percent_rank().over(Window.orderBy("n"))],
    "cume_dist": lambda: [F.cume_dist().over(Window.orderBy("n"))],
    "lag": lambda: [
        F.lag("s").over(newest_first()),
        F.lag("n", 2, 0).over(newest_first()),
        F.lag("place").over(newest_first()),
    ],
    "lead": lambda: [F.lead("s").over(newest_first())],
    "first_value": lambda: [F.first_value("s").over(newest_first())],
    "last_value": lambda: [F.last_value("s").over(newest_first())],
    "max over": lambda: [F.max("n").over(newest_first()), F.max("at").over(Window.partitionBy("city"))],
    "sum over": lambda: [F.sum("amount").over(newest_first())],
}
AGGREGATES: Mapping[str, Columns] = {
    "count": lambda: [F.count("*"), F.count("s"), F.count("n")],
    "count distinct": lambda: [F.countDistinct("s"), F.count_distinct("n", "s")],
    "count_if": lambda: [F.count_if(c("n") > 0)],
    "sum": lambda: [F.sum("n"), F.sum("amount"), F.sum(c("id").cast("double"))],
    "sum distinct": lambda: [F.sum_distinct("amount")],
    "try_sum": lambda: [F.try_sum("n"), F.try_sum("big")],
    "avg": lambda: [F.avg("n"), F.avg("id")],
    "avg decimals": lambda: [F.avg(c("amount") * Decimal("0.333333"))],
    "try_avg": lambda: [F.try_avg("n")],
    "min": lambda: [F.min("n"), F.min("s"), F.min("day"), F.min("at"), F.min("amount"), F.min("flag")],
    "max": lambda: [F.max("n"), F.max("s"), F.max("day"), F.max("at")],
    "max struct": lambda: [F.max(F.struct("n", "s"))],
    "max doubles": lambda: [F.max("d"), F.min("d")],
    "max_by": lambda: [F.max_by("s", "id"), F.max_by("n", "at")],
    "min_by": lambda: [F.min_by("s", "id")],
    "bool_and": lambda: [F.bool_and("flag")],
    "bool_or": lambda: [F.bool_or("flag")],
    "every": lambda: [F.every("flag")],
    "some": lambda: [F.some("flag")],
    "collect_set": lambda: [F.sort_array(F.collect_set("s"))],
    "collect_list": lambda: [F.sort_array(F.collect_list("n"))],
    "stddev": lambda: [F.round(F.stddev("id"), 9)],
    "variance": lambda: [F.round(F.variance("id"), 9)],
    "median": lambda: [F.median("id")],
    "percentile": lambda: [F.percentile("id", 0.25)],
    "percentile_approx": lambda: [F.percentile_approx("id", 0.5)],
    "approx_count_distinct": lambda: [F.approx_count_distinct("s")],
    "bit_and": lambda: [F.bit_and("n")],
    "bit_or": lambda: [F.bit_or("n")],
    "mode": lambda: [F.mode("n")],
    "any_value": lambda: [F.any_value(F.lit(1))],
    "first": lambda: [F.first(F.lit(1))],
}


def frame(spark: SparkSession) -> DataFrame:
    """Give the rows as inputs come: as Arrow, where the fields of a struct that is null are null."""
    struct = spark.createDataFrame([], SCHEMA).schema
    rows: list[dict[str, Any]] = [dict(zip(struct.names, row, strict=True)) for row in ROWS]
    for row in rows:
        row["place"] = dict(zip(("city", "zip"), row["place"], strict=True)) if row["place"] else None
    return spark.createDataFrame(with_null_fields(pa.Table.from_pylist(rows, schema=to_arrow_schema(struct))))


def answers(spark: SparkSession) -> dict[str, str]:
    """Give what an engine makes of each case, as text: rows, or the first line of the error."""
    df = frame(spark).withColumn("city", F.col("place.city")).coalesce(1)
    by_city = {"of group": df.groupBy("city"), "of all": df.groupBy(), "of none": df.where("id < 0").groupBy()}
    found = _together({**VALUES, **CASTS, **OVER}, lambda columns: df.select("id", *columns).orderBy("id"))
    for of, groups in by_city.items():
        named = {f"{name} {of}": made for name, made in AGGREGATES.items()}
        found |= _together(named, lambda columns, groups=groups: _in_order(groups.agg(*columns)))  # type: ignore[misc]
    return found | {name: _text(made) for name, made in relations(df).items()}


def _together(cases: Mapping[str, Columns], query: Callable[[list[Column]], DataFrame]) -> dict[str, str]:
    """Ask for all cases in one query; where that fails, for each half of them."""
    columns = {name: [one.alias(f"{name} {at}") for at, one in enumerate(made())] for name, made in cases.items()}
    try:
        rows = query([one for several in columns.values() for one in several]).collect()
    except Exception:  # whatever an engine raises; it is told of the single case
        if len(cases) == 1:
            (name,) = cases
            return {name: _text(lambda: query(columns[name]))}
        names = list(cases)
        halves = names[: len(names) // 2], names[len(names) // 2 :]
        return {k: v for half in halves for k, v in _together({name: cases[name] for name in half}, query).items()}
    return {name: repr([[row[f"{name} {at}"] for row in rows] for at in range(len(columns[name]))]) for name in columns}


def _text(made: Callable[[], DataFrame]) -> str:
    try:
        return repr([tuple(row) for row in made().collect()])
    except Exception as error:  # whatever an engine raises
        return f"error {type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def _in_order(rows: DataFrame) -> DataFrame:
    return rows.orderBy("city") if "city" in rows.columns else rows


def relations(df: DataFrame) -> dict[str, Callable[[], DataFrame]]:
    """Give the steps of a plan that are tried, by their names in it."""
    other = df.select("n", F.col("s").alias("other"))
    return {
        "relation filter": lambda: df.where(c("n") > 0).select("id").orderBy("id"),
        "relation join": lambda: df.join(other, "n").select("id", "other").orderBy("id", "other"),
        "relation join left": lambda: df.join(other, "n", "left").select("id", "other").orderBy("id", "other"),
        "relation join full": lambda: df.join(other.where("n > 0"), "n", "full")
        .select("id", "n", "other").orderBy("id", "n", "other"),
        "relation join anti": lambda: df.join(other.where("n > 0"), "n", "left_anti").select("id").orderBy("id"),
        "relation join semi": lambda: df.join(other, "n", "left_semi").select("id").orderBy("id"),
        "relation join cross": lambda: df.select("id").crossJoin(other.limit(0)).orderBy("id"),
        "relation join on": lambda: df.join(other.withColumnRenamed("n", "m"), c("n") == c("m"))
        .select("id", "other").orderBy("id", "other"),
        "relation set_op": lambda: df.select("id").union(df.select("id")).orderBy("id"),
        "relation set_op by name": lambda: df.select("id", "s").unionByName(df.select("s", "id")).orderBy("id", "s"),
        "relation set_op except": lambda: df.select("n").subtract(df.select("n").where("n > 0")).orderBy("n"),
        "relation set_op intersect": lambda: df.select("n").intersect(df.select("n").where("n > 0")).orderBy("n"),
        "relation deduplicate": lambda: df.select("n", "city").distinct().orderBy("n", "city"),
        "relation deduplicate by": lambda: df.dropDuplicates(["n"]).select("n").orderBy("n"),
        "relation sort": lambda: df.select("id", "s").orderBy(F.col("s").desc(), "id"),
        "relation sort nulls": lambda: df.select("id", "d").orderBy(F.col("d").desc_nulls_first(), "id"),
        "relation limit": lambda: df.orderBy("id").limit(3).select("id"),
        "relation offset": lambda: df.orderBy("id").offset(3).select("id"),
        "relation explode": lambda: df.select("id", F.explode("words").alias("w")).orderBy("id", "w"),
        "relation explode_outer": lambda: df.select("id", F.explode_outer("words").alias("w")).orderBy("id", "w"),
        "relation posexplode": lambda: df.select("id", F.posexplode("words")).orderBy("id", "pos"),
        "relation inline": lambda: df.select("id", F.inline(F.array("place"))).orderBy("id"),
        "relation aggregate rollup": lambda: df.rollup("city").count().orderBy("city", "count"),
        "relation aggregate pivot": lambda: df.groupBy("city").pivot("n", [13, 0]).agg(F.max("id")).orderBy("city"),
        "relation fill_na": lambda: df.select("id", "n", "s").fillna(0, ["n"]).orderBy("id"),
        "relation drop_na": lambda: df.select("id", "s").dropna().orderBy("id"),
        "relation drop": lambda: df.select("id", "s").drop("s").orderBy("id"),
        "relation with_columns": lambda: df.select("id", "s").withColumns({"a": F.upper("s")}).orderBy("id"),
        "relation with_columns_renamed": lambda: df.select("id", "s").withColumnRenamed("s", "u").orderBy("id"),
        "relation to_df": lambda: df.select("id", "s").toDF("a", "b").orderBy("a"),
        "relation subquery_alias": lambda: df.alias("x").select("x.id").orderBy("id"),
        "relation unpivot": lambda: df.select("id", "s", "t").unpivot("id", ["s", "t"], "k", "v").orderBy("id", "k"),
        "relation project star": lambda: df.select("place.*", "id").orderBy("id"),
    }  # fmt: skip

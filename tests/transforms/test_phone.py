from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.phone_numbers import Typed, parsed, typed_numbers
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from phonenumbers import re_util
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.phone import PhoneReason, PhoneType, parse_phone, phone_e164
from lakehouse.transforms.phone_tables import OUTCOME_NUMBERS, phone_tables

RIGHT: dict[tuple[str, str | None], tuple[str, str | None, str, str | None]] = {
    ("+49 30 123456", None): ("+4930123456", "DE", "fixed_line", None),
    ("030/123456", "DE"): ("+4930123456", "DE", "fixed_line", None),
    ("030/123456", "de"): ("+4930123456", "DE", "fixed_line", None),
    ("0049 (0)30 123-456", "FR"): ("+4930123456", "DE", "fixed_line", None),
    ("+49 (0)30 123456", None): ("+4930123456", "DE", "fixed_line", None),
    ("44 7400 123456", "GB"): ("+447400123456", "GB", "mobile", None),
    ("02 1234 5678", "IT"): ("+390212345678", "IT", "fixed_line", None),
    ("011 15 2345 6789", "AR"): ("+5491123456789", "AR", "mobile", None),
    ("0 15 11 2345 6789", "BR"): ("+551123456789", "BR", "fixed_line", None),
    ("356 1234", "BS"): ("+12423561234", "BS", "fixed_line", None),
    ("(201) 555-0123 ext. 45", "US"): ("+12015550123", "US", "fixed_line_or_mobile", "45"),
    ("tel:201-555-0123;phone-context=+1", None): ("+12015550123", "US", "fixed_line_or_mobile", None),
    ("1-800-FLOWERS", "US"): ("+18003569377", "US", "toll_free", None),
    ("٠٣٠١٢٣٤٥٦", "DE"): ("+4930123456", "DE", "fixed_line", None),
    ("＋４９３０１２３４５６", None): ("+4930123456", "DE", "fixed_line", None),
    ("call: 030 123456\n", "DE"): ("+4930123456", "DE", "fixed_line", None),
    ("+00 49 30 123456", "DE"): ("+4930123456", "DE", "fixed_line", None),
    ("+800 1234 5678", None): ("+80012345678", None, "toll_free", None),
    ("+44 1624 756789", None): ("+441624756789", "IM", "fixed_line", None),
}
WRONG = {
    ("", "DE"): "not_a_number",
    ("call me", "DE"): "not_a_number",
    ("030 123456\n7", "DE"): "not_a_number",
    ("201;phone-context=", "US"): "not_a_number",
    ("030 123456", None): "unknown_country",
    ("030 123456", "XX"): "unknown_country",
    ("+999 123456", "DE"): "unknown_calling_code",
    ("+49", None): "not_a_number",
    ("+49 3", None): "too_short",
    ("+1 201 555 01234", None): "too_long",
    ("0" * 61, "DE"): "too_long",
    ("030 123456" + " " * 250, "DE"): "too_long",
    ("+41 44 123 45 678", None): "wrong_length",
    ("555 0123", "US"): "local_only",
    ("+1 201 055 0123", None): "not_assigned",
}


def phones(spark: SparkSession, numbers: list[tuple[str | None, str | None]]) -> list[Row]:
    rows = [(place, *number) for place, number in enumerate(numbers)]
    df = spark.createDataFrame(rows, "place int, text string, country string")
    phone = parse_phone(F.col("text"), country=F.col("country"))
    return [row.phone for row in df.select("place", phone).orderBy("place").collect()]


def differences(spark: SparkSession, numbers: list[Typed]) -> list[tuple[Typed, Row]]:
    re_util.enable_pattern_cache()
    found = phones(spark, list(numbers))
    pairs = zip(numbers, found, strict=True)
    return [(number, row) for number, row in pairs if (*row[:3], row.reason) != parsed(*number)]


def test_numbers_as_people_write_them_become_e164(spark: SparkSession) -> None:
    found = phones(spark, list(RIGHT))
    assert {number: tuple(row) for number, row in zip(RIGHT, found, strict=True)} == {
        number: (*phone, None) for number, phone in RIGHT.items()
    }


def test_what_is_no_number_gets_a_reason_and_nothing_else(spark: SparkSession) -> None:
    found = phones(spark, list(WRONG))
    assert {number: tuple(row) for number, row in zip(WRONG, found, strict=True)} == {
        number: (None, None, None, None, reason) for number, reason in WRONG.items()
    }


def test_every_reason_and_type_has_its_member() -> None:
    tables = phone_tables()
    count = (tables.actions - tables.outcomes) // OUTCOME_NUMBERS
    types, reasons = (set(tables.words[tables.codes + 2 + part * count :][:count]) - {None} for part in (1, 2))
    assert types == set(PhoneType)
    assert reasons | {PhoneReason.NOT_A_NUMBER} == set(PhoneReason)


def test_nothing_stays_nothing(spark: SparkSession) -> None:
    assert phones(spark, [(None, "DE"), (None, None)]) == [None, None]


def test_a_country_may_be_given_for_all(spark: SparkSession) -> None:
    df = spark.createDataFrame([("030 123456",), ("+1 201 555 0123",), ("call me",), (None,)], "text string")
    found = df.select(phone_e164(F.col("text"), country="de").alias("e164")).collect()
    assert [row.e164 for row in found] == ["+4930123456", "+12015550123", None, None]


@pytest.mark.parametrize("country", ["", "DEU", "Germany", "XX", "001"])
def test_a_country_that_has_no_numbers_is_refused(spark: SparkSession, country: str) -> None:
    with pytest.raises(ValueError, match=r"is no country that has telephone numbers; .* 'DE'"):
        parse_phone(F.lit("1"), country=country)


def test_phonenumbers_says_the_same_of_mistyped_numbers_of_all_regions(spark: SparkSession) -> None:
    assert differences(spark, typed_numbers(20_000, seed=2)) == []


@pytest.mark.slow
def test_phonenumbers_says_the_same_of_a_hundred_thousand(spark: SparkSession) -> None:
    # The benchmark asks half a million.
    differ = differences(spark, typed_numbers(100_000, seed=10))
    assert len(differ) <= 0.0005 * 100_000, differ[:20]


@pytest.mark.slow
def test_phonenumbers_says_the_same_of_any_digits_dialled_anywhere(spark: SparkSession) -> None:
    chance, regions = random.Random(3), phone_tables().regions
    numbers: list[Typed] = [
        (f"{chance.choice(['', '', '+'])}{''.join(chance.choices('0123456789', k=chance.randrange(2, 27)))}", region)
        for region in regions
        for _ in range(400)
    ]
    assert differences(spark, numbers) == []


@given(st.integers(0, 10**6))
@hypothesis_settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_parsed_number_parsed_again_is_itself(spark: SparkSession, seed: int) -> None:
    once = [phone for phone in phones(spark, list(typed_numbers(1_000, seed=seed))) if phone.e164]
    twice = phones(spark, [(phone.e164, None) for phone in once])
    assert [tuple(phone) for phone in twice] == [(*phone[:3], None, None) for phone in once]


@given(st.integers(0, 10**6), st.text("-./() \u00a0\u2013", min_size=1, max_size=3))
@hypothesis_settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_stands_between_the_digits_changes_nothing(spark: SparkSession, seed: int, between: str) -> None:
    plain = [number for number in typed_numbers(1_000, seed=seed) if re.fullmatch(r"\+?[0-9]{3,}", number[0])]
    spaced = [(re.sub(r"(?<=[0-9])(?=[0-9])", between, text), country) for text, country in plain]
    assert phones(spark, list(spaced)) == phones(spark, list(plain))


def plan_of(spark: SparkSession, capsys: pytest.CaptureFixture[str], mode: str) -> str:
    df = spark.createDataFrame([("030 123456", "DE")], "text string, country string")
    phone = parse_phone(F.col("text"), country=F.col("country")).alias("phone")
    df.select(phone).where("phone.reason is null").explain(mode)
    return capsys.readouterr().out


def test_the_plan_has_no_python_and_no_shuffle(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of(spark, capsys, "simple")
    assert "Project" in plan
    assert [word for word in ("Python", "Arrow", "Pandas", "Exchange", "BroadcastQueryStage") if word in plan] == []


def test_the_tables_are_constants_of_the_plan(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    # Else each row would read them again.
    optimised = plan_of(spark, capsys, "extended").split("== Optimized Logical Plan ==")[1]
    assert [word for word in ("split(", "from_json(") if word in optimised] == []


def test_no_method_is_too_large_for_the_jvm_to_compile(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = re.findall(r"maxMethodCodeSize:(\d+)", plan_of(spark, capsys, "codegen"))
    assert [size for size in map(int, sizes) if size >= 8_000] == []


def test_a_filter_on_the_result_comes_back(spark: SparkSession) -> None:
    numbers = typed_numbers(1_000)
    df = spark.createDataFrame(numbers, "text string, country string")
    phone = parse_phone(F.col("text"), country=F.col("country"))
    found = (
        df.withColumn("phone", phone).where("phone.reason is null and phone.type = 'mobile'").where("phone is not null")
    )
    assert found.count() == sum(parsed(*number)[2] == "mobile" for number in numbers)


def test_a_stream_parses_numbers(spark: SparkSession, tmp_path: Path, unique: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "numbers.txt").write_text("030 123456\n+1 201 555 0123\n")
    lines = spark.readStream.text(str(tmp_path / "in"))
    parsed_lines = lines.select(phone_e164(F.col("value"), country="DE").alias("e164"))
    query = parsed_lines.writeStream.format("memory").queryName(unique).trigger(availableNow=True).start()
    query.awaitTermination()
    assert {row.e164 for row in spark.sql(f"SELECT * FROM {unique}").collect()} == {"+4930123456", "+12015550123"}


def test_importing_it_reads_no_table() -> None:
    code = "import lakehouse.transforms.phone as p; assert p.phone_tables.cache_info().currsize == 0"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

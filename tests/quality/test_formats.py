from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.codes import COUNTRIES, CURRENCIES, LANGUAGES, CountryCode, CurrencyCode, LanguageCode
from lakehouse.quality.formats import Email, EmailSyntax, IpAddress, JsonText, PhoneNumber, PhoneSyntax, Url, Uuid
from lakehouse.quality.rule import Col
from tests.conftest import needs_spark_4
from tests.quality.judged import Case, judge

CASES = [
    Case(
        EmailSyntax(),
        right=["a.b+c@example.com", "a@b.co.uk", "o'neil@example.com", "a@xn--bcher-kva.example"],
        wrong=[
            "a@b", "a b@example.com", "@example.com", "a@@b.com", ".a@b.com", "a.@b.com", "a..b@c.com", "a@-b.com",
            "a@b.com\n", "a@b.c", "", "ä@b.com", "a." * 200 + "a@b.com",
        ],
    ),
    Case(
        Email(),
        right=["a.b+c@example.com", "a@b.co.uk", " a@b.com\n", "jörg@bücher.de", "a@xn--bcher-kva.de"],
        wrong=["", "a@b", "a b@example.com", "a@example.conm", "a@co.uk", "a@xn--b.com", "a@b.local"],
    ),
    Case(
        PhoneSyntax(),
        right=["+49 30 1234567", "(030) 123-45.67", "030/1234567", "1234567", "+123456789012345"],
        wrong=["123456", "1234567890123456", "12345678x", "++4930123456", "49+30123456", "", "       ", "1234567\n"],
    ),
    Case(
        PhoneNumber(),
        right=["+49 30 123456", "tel:+1-201-555-0123", "+800 1234 5678", "+49 30 123456 ext. 7"],
        wrong=["030 123456", "+49 30", "+999 123456", "+1 201 055 0123", "call me", ""],
    ),
    Case(
        PhoneNumber(country="de"),
        right=["030 123456", "+49 30 123456", "0049 30 123456", "+1 201 555 0123"],
        wrong=["0", "01", "+1 030 123456", "030 123456\n030 123456"],
    ),
    Case(
        Uuid(),
        right=["0da65356-f20e-47b7-8164-cd7fddebe842", "0DA65356-F20E-47B7-8164-CD7FDDEBE842"],
        wrong=["0da65356", "0da65356f20e47b78164cd7fddebe842", "{0da65356-f20e-47b7-8164-cd7fddebe842}", ""],
    ),
    Case(
        IpAddress(),
        right=["0.0.0.0", "255.255.255.255", "2001:db8::8a2e:370:7334", "::", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::"],
        wrong=["256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4.5", "1::2::3", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", ":1", ""],
    ),
    Case(
        Url(),
        right=[
            "http://example.com", "HTTPS://user:pw@example.com:8443/a/b?c=d&e=%20#f", "http://localhost/", "http://[::1]/",
            "https://192.0.2.1?q", "http://example.com./",
        ],
        wrong=[
            "example.com", "ftp://example.com", "http://", "http:///path", "http://a b.com", "http://-a.com",
            "http://a..b", "http://300.1.1.1/", "http://a.com:65536/", "http://a.com/%zz", "http://a.com/ü", "http://a.com\n",
        ],
    ),
    Case(
        JsonText(),
        right=['{"a": [1, {"b": null}]}', "[]", " 1 ", "null", '"x"', "-1.5e3"],
        wrong=[
            "", " ", "{", "nul", "{'a': 1}", "{a: 1}", "[1,]", "1,2", "1 2", "{} {}", "[1] x", "01", "NaN", '"a\nb"',
            "1],[2", "1,2],[3", "[1],2],[3", "[" * 5000,
        ],
    ),
    Case(CountryCode(), right=COUNTRIES.split(), wrong=["UK", "EU", "XK", "XX", "de", "DEU", "D", "", "DE ", "DE\n"]),
    Case(CurrencyCode(), right=CURRENCIES.split(), wrong=["DEM", "BGN", "HRK", "eur", "EU", "EURO", "", "BTC"]),
    Case(LanguageCode(), right=LANGUAGES.split(), wrong=["DE", "deu", "xx", "sh", "iw", "", "de-CH"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def said(spark: SparkSession) -> list[list[tuple[str, str]]]:
    return judge(spark, CASES)


@pytest.mark.parametrize("n", range(len(CASES)), ids=map(str, CASES))
def test_text_in_the_format_is_told_from_other_text(said: list[list[tuple[str, str]]], n: int) -> None:
    assert said[n] == CASES[n].expected


@needs_spark_4("its parser to VARIANT tells it")
def test_an_object_that_has_a_key_twice_is_refused(spark: SparkSession) -> None:
    case = Case(JsonText(), wrong=['{"a":1,"a":2}', '[{"b":{"a":1,"a":2}}]'])
    assert judge(spark, [case]) == [case.expected]


@pytest.mark.parametrize(("codes", "many"), [(COUNTRIES, 249), (CURRENCIES, 178), (LANGUAGES, 183)])
def test_the_lists_of_codes_are_whole(codes: str, many: int) -> None:
    assert len(set(codes.split())) == len(codes.split()) == many


def test_text_without_end_does_not_end_the_jvm(spark: SparkSession) -> None:
    texts = [
        "a." * 50_000 + "@b.com",
        "http://" + "a." * 50_000,
        "1-" * 50_000,
        "1:" * 50_000,
        "http://a/" + "%20" * 50_000,
    ]
    rules = [
        EmailSyntax(),
        Email(),
        PhoneSyntax(),
        PhoneNumber(country="DE"),
        Uuid(),
        IpAddress(),
        Url(),
        JsonText(),
        CountryCode(),
    ]
    df = spark.createDataFrame([(text,) for text in texts], "x string")
    found = df.select(*[F.count_if(~rule.violated(F.col("x"))).alias(rule.kind) for rule in rules]).first()
    assert found is not None
    assert [kind for kind, right in found.asDict().items() if right] == ["url"]


def test_a_national_number_is_judged_by_the_country_of_its_row(spark: SparkSession) -> None:
    rows = [("030 123456", "DE"), ("030 123456", "FR"), ("030 123456", None), (None, "DE")]
    wrong = PhoneNumber(country=Col("nationality")).violated(F.col("x"))
    found = spark.createDataFrame(rows, "x string, nationality string").select(wrong).collect()
    assert [row[0] for row in found] == [False, True, True, False]


@pytest.mark.parametrize("country", ["", "DEU", "Germany", "de_DE", "XX"])
def test_a_country_that_is_none_is_refused(spark: SparkSession, country: str) -> None:
    with pytest.raises(ContractError, match="two letters, such as 'DE'"):
        PhoneNumber(country=country).violated(F.col("x"))


def looks_like_an_address(text: str) -> bool:
    try:
        return bool(ip_address(text)) or True
    except ValueError:
        return False


nearly = st.lists(st.sampled_from(["0", "1", "ff", "255", "256", "abcd", "::", ":", "."]), max_size=17).map("".join)
addresses = st.one_of(st.ip_addresses().map(str), st.ip_addresses(v=6).map(lambda ip: ip.exploded), nearly)


@settings(max_examples=3, deadline=None)
@given(texts=st.lists(addresses, min_size=50, max_size=300))
def test_an_ip_address_is_what_python_takes_for_one(spark: SparkSession, texts: list[str]) -> None:
    found = spark.createDataFrame([(text,) for text in texts], "x string")
    rows = found.select("x", IpAddress().violated(F.col("x")).alias("bad")).collect()
    assert [row.x for row in rows if row.bad is looks_like_an_address(row.x)] == []

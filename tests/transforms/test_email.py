from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from benchmarks.email_addresses import addresses, agrees, validated
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from lakehouse.transforms.email import EmailProvider, EmailReason, email_domain, mailbox, normalize_email, parse_email
from lakehouse.transforms.email_domains import FREE, ROLES, TAGGED

RIGHT = {
    "ann@example.com": ("ann", "example.com"),
    " Ann.Lee+x@Mail.Example.COM ": ("ann.lee+x", "mail.example.com"),
    "\ufeffann@example.com\u00a0\r\n": ("ann", "example.com"),
    "o'neil_{a}|b~!#$%&*/=?^`@example.com": ("o'neil_{a}|b~!#$%&*/=?^`", "example.com"),
    "a@3com.com": ("a", "3com.com"),
    f"{'a' * 64}@example.com": ("a" * 64, "example.com"),
    f"a@{'b' * 63}.com": ("a", f"{'b' * 63}.com"),
    "jörg@BÜCHER.de": ("jörg", "xn--bcher-kva.de"),
    unicodedata.normalize("NFD", "jörg@bücher.de"): ("jörg", "xn--bcher-kva.de"),
    "a@XN--BCHER-KVA.de": ("a", "xn--bcher-kva.de"),
    "a@straße.de": ("a", "xn--strae-oqa.de"),
    "a@strasse.de": ("a", "strasse.de"),
    "μαρία@παράδειγμα.ελ": ("μαρία", "xn--hxajbheg2az3al.xn--qxam"),
    "太郎@例え。jp": ("太郎", "xn--r8jz45g.jp"),
    "a@ｇｍａｉｌ．com": ("a", "gmail.com"),
    "иван@пример.рф": ("иван", "xn--e1afmkfd.xn--p1ai"),
    "a@שלום.com": ("a", "xn--9dbne9b.com"),
    "a@paral·lel.cat": ("a", "xn--parallel-koa.cat"),
}
WRONG = {
    "": EmailReason.MISSING_AT,
    " \n": EmailReason.MISSING_AT,
    "ann": EmailReason.MISSING_AT,
    "ann＠example.com": EmailReason.MISSING_AT,
    "a@b@example.com": EmailReason.SEVERAL_AT,
    "a@example.com, b@example.com": EmailReason.SEVERAL_AT,
    "@example.com": EmailReason.MISSING_LOCAL,
    "ann@": EmailReason.MISSING_DOMAIN,
    '"a b"@example.com': EmailReason.QUOTED_LOCAL,
    "a@[192.0.2.1]": EmailReason.DOMAIN_LITERAL,
    "a@[IPv6:::1]": EmailReason.DOMAIN_LITERAL,
    f"{'a' * 65}@example.com": EmailReason.LOCAL_TOO_LONG,
    "a." * 50_000 + "a@example.com": EmailReason.LOCAL_TOO_LONG,
    f"a@{'b' * 64}.com": EmailReason.LABEL_TOO_LONG,
    f"a@{'ü' * 64}.com": EmailReason.LABEL_TOO_LONG,
    f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.com": EmailReason.TOO_LONG,
    "a@" + "b." * 50_000 + "com": EmailReason.TOO_LONG,
    ".a@example.com": EmailReason.MISPLACED_DOT,
    "a.@example.com": EmailReason.MISPLACED_DOT,
    "a..b@example.com": EmailReason.MISPLACED_DOT,
    "a@example..com": EmailReason.MISPLACED_DOT,
    "a@example.com.": EmailReason.MISPLACED_DOT,
    "a b@example.com": EmailReason.BAD_LOCAL,
    "Ann <a@example.com": EmailReason.BAD_LOCAL,
    "a\u200bb@example.com": EmailReason.BAD_LOCAL,
    "a@exa mple.com": EmailReason.BAD_DOMAIN,
    "a@exa_mple.com": EmailReason.BAD_DOMAIN,
    "a@-b.com": EmailReason.BAD_DOMAIN,
    "a@b-.com": EmailReason.BAD_DOMAIN,
    "a@bb--c.com": EmailReason.BAD_DOMAIN,
    "a@192.0.2.1": EmailReason.BAD_DOMAIN,
    "a@xn--b.com": EmailReason.BAD_DOMAIN,
    "a@xn--garbage-9.de": EmailReason.BAD_DOMAIN,
    "a@☃.net": EmailReason.BAD_DOMAIN,
    "a@1.שלום.com": EmailReason.BAD_DOMAIN,
    "a@localhost": EmailReason.NO_DOT_IN_DOMAIN,
    "a@printer.local": EmailReason.RESERVED_DOMAIN,
    "a@example.conm": EmailReason.UNKNOWN_SUFFIX,
    "a@co.uk": EmailReason.SUFFIX_ALONE,
    "a@рф": EmailReason.NO_DOT_IN_DOMAIN,
}
REGISTRABLE = {
    "a.b.example.com": "example.com",
    "bbc.co.uk": "bbc.co.uk",
    "news.bbc.co.uk": "bbc.co.uk",
    "b.kobe.jp": None,
    "a.b.kobe.jp": "a.b.kobe.jp",
    "www.city.kobe.jp": "city.kobe.jp",
    "www.ck": "www.ck",
    "b.ck": None,
    "a.b.ck": "a.b.ck",
    "me.github.io": "github.io",
    "x.食狮.公司.cn": "xn--85x722f.xn--55qx5d.cn",
    "公司.cn": None,
}
PROVIDERS = {
    "a@gmail.com": EmailProvider.FREE,
    "a@yahoo.co.uk": EmailProvider.FREE,
    "a@mailinator.com": EmailProvider.DISPOSABLE,
    "a@any.mailinator.com": EmailProvider.DISPOSABLE,
    "a@0-mailer.dynv6.net": EmailProvider.DISPOSABLE,
    "a@dynv6.net": EmailProvider.CORPORATE,
    "a@example.com": EmailProvider.CORPORATE,
    "a@mailinator.com.example.com": EmailProvider.CORPORATE,
}
MAILBOXES = {
    "Ann.Lee+news@GoogleMail.com": "annlee@gmail.com",
    "a.n.n+a+b@gmail.com": "ann@gmail.com",
    "+a@gmail.com": "+a@gmail.com",
    "ann.lee+news@outlook.com": "ann.lee@outlook.com",
    "ann.lee+news@example.com": "ann.lee+news@example.com",
}


def emails(spark: SparkSession, texts: list[str | None], *, lower_local: bool = True) -> list[Row]:
    df = spark.createDataFrame(list(enumerate(texts)), "place int, text string")
    email = parse_email(F.col("text"), lower_local=lower_local)
    return [row.email for row in df.select("place", email).orderBy("place").collect()]


def differences(spark: SparkSession, texts: list[str]) -> list[tuple[str, str | None, Row]]:
    found = emails(spark, list(texts))
    said = [(text, validated(text), row) for text, row in zip(texts, found, strict=True)]
    return [(text, theirs, row) for text, theirs, row in said if not agrees(theirs, row.address, row.reason)]


def test_addresses_as_people_write_them_get_one_form(spark: SparkSession) -> None:
    found = dict(zip(RIGHT, emails(spark, list(RIGHT)), strict=True))
    assert {text: (row.local, row.domain) for text, row in found.items()} == RIGHT
    assert [row for row in found.values() if row.address != f"{row.local}@{row.domain}" or row.reason] == []


def test_what_is_no_address_gets_a_reason_and_nothing_else(spark: SparkSession) -> None:
    found = dict(zip(WRONG, emails(spark, list(WRONG)), strict=True))
    assert {text: tuple(row) for text, row in found.items()} == {
        text: (None, None, None, None, None, None, reason) for text, reason in WRONG.items()
    }


def test_every_reason_has_a_case() -> None:
    assert set(WRONG.values()) == set(EmailReason)


def test_nothing_stays_nothing(spark: SparkSession) -> None:
    assert emails(spark, [None, None]) == [None, None]


def test_the_registrable_domain_is_a_label_more_than_the_public_suffix(spark: SparkSession) -> None:
    found = emails(spark, [f"a@{domain}" for domain in REGISTRABLE])
    assert {domain: row.registrable_domain for domain, row in zip(REGISTRABLE, found, strict=True)} == REGISTRABLE


def test_providers_are_told_from_each_other(spark: SparkSession) -> None:
    found = emails(spark, list(PROVIDERS))
    assert {text: row.provider for text, row in zip(PROVIDERS, found, strict=True)} == PROVIDERS


def test_the_domains_that_are_known_by_name_can_be_registered(spark: SparkSession) -> None:
    known = [*FREE, *TAGGED]
    found = emails(spark, [f"a@{domain}" for domain in known])
    assert [domain for domain, row in zip(known, found, strict=True) if row.registrable_domain != domain] == []


def test_a_role_is_told_from_a_person(spark: SparkSession) -> None:
    people = ["ann@example.com", "information@example.com", "x+info@example.com"]
    roles = ["Info@example.com", "no-reply+x@example.com", *(f"{role}@example.com" for role in ROLES)]
    found = emails(spark, [*people, *roles])
    assert [row.is_role for row in found] == [False] * len(people) + [True] * len(roles)


def test_addresses_of_one_mailbox_become_one_on_request(spark: SparkSession) -> None:
    df = spark.createDataFrame([(text,) for text in MAILBOXES], "text string")
    one = normalize_email(F.col("text"), one_per_mailbox=True).alias("one")
    later = mailbox(normalize_email(F.col("text"))).alias("later")
    found = df.select("text", one, later).collect()
    assert {row.text: row.one for row in found} == {row.text: row.later for row in found} == MAILBOXES


def test_capitals_of_the_local_part_are_kept_on_request(spark: SparkSession) -> None:
    found = emails(spark, ["Ann@Example.COM", "Jörg@Bücher.DE"], lower_local=False)
    assert [row.address for row in found] == ["Ann@example.com", "Jörg@xn--bcher-kva.de"]


def test_the_domain_alone_may_be_asked_for(spark: SparkSession) -> None:
    df = spark.createDataFrame([("ann@Bücher.de",), ("ann@",), (None,)], "text string")
    found = df.select(email_domain(F.col("text")).alias("domain")).collect()
    assert [row.domain for row in found] == ["xn--bcher-kva.de", None, None]


def test_email_validator_says_the_same_of_right_mutated_and_wrong_addresses(spark: SparkSession) -> None:
    differ = differences(spark, addresses(5_000, seed=1))
    assert len(differ) <= 0.005 * 5_000, differ[:20]


@pytest.mark.slow
def test_email_validator_says_the_same_of_a_hundred_thousand(spark: SparkSession) -> None:
    # The benchmark asks half a million.
    differ = differences(spark, addresses(100_000, seed=10))
    assert len(differ) <= 0.005 * 100_000, differ[:20]


@given(st.integers(0, 10**6))
@hypothesis_settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_form_parsed_again_is_itself(spark: SparkSession, seed: int) -> None:
    once = [row for row in emails(spark, list(addresses(1_000, seed=seed))) if row.address]
    assert emails(spark, [row.address for row in once]) == once


@pytest.mark.usefixtures("ansi")
def test_it_is_the_same_without_ansi(spark: SparkSession) -> None:
    texts = addresses(1_000)
    strict = emails(spark, list(texts))
    spark.conf.set("spark.sql.ansi.enabled", "false")
    assert emails(spark, list(texts)) == strict


def plan_of(spark: SparkSession, capsys: pytest.CaptureFixture[str], mode: str) -> str:
    df = spark.createDataFrame([("ann@example.com",)], "text string")
    df.select(parse_email(F.col("text")).alias("email")).where("email.reason is null").explain(mode)
    return capsys.readouterr().out


def test_the_plan_has_no_python_and_no_shuffle(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of(spark, capsys, "simple")
    assert "Project" in plan
    assert [word for word in ("PythonUDF", "Arrow", "Pandas", "Exchange") if word in plan] == []


def test_the_lists_are_constants_of_the_plan(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    # Else each row would read them again. What is split at dots, and not at commas, is the domain of a row.
    analysed, optimised = plan_of(spark, capsys, "extended").split("== Optimized Logical Plan ==")
    made = ("str_to_map(", ", ,, ")
    assert [word for word in made if word in analysed] == list(made)
    assert [word for word in made if word in optimised] == []


def test_a_filter_on_the_result_comes_back(spark: SparkSession) -> None:
    df = spark.createDataFrame([("ann@gmail.com",), ("ann@bücher.de",), ("ann@",), (None,)], "text string")
    found = df.withColumn("email", parse_email(F.col("text"))).where("email.provider = 'corporate'")
    assert [row.text for row in found.collect()] == ["ann@bücher.de"]


def test_a_stream_parses_addresses(spark: SparkSession, tmp_path: Path, unique: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "addresses.txt").write_text("Ann@Example.com\nann@bücher.de\n")
    parsed = spark.readStream.text(str(tmp_path / "in")).select(normalize_email(F.col("value")).alias("address"))
    query = parsed.writeStream.format("memory").queryName(unique).trigger(availableNow=True).start()
    query.awaitTermination()
    rows = spark.sql(f"SELECT * FROM {unique}").collect()
    assert {row.address for row in rows} == {"ann@example.com", "ann@xn--bcher-kva.de"}


def test_importing_it_reads_no_list() -> None:
    code = "import lakehouse.transforms.email, lakehouse.transforms.literal_lookup as l"
    code += "; assert l.words_of.cache_info().currsize == 0"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

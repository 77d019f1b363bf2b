from __future__ import annotations

import gzip
import re
from importlib.resources import files

import pytest

from lakehouse.transforms import email_domains, public_suffix
from lakehouse.transforms.email_lists import disposable, suffixes
from lakehouse.transforms.literal_lookup import words_of

LICENCES = {public_suffix.FILE: "Mozilla Public License 2.0", email_domains.FILE: "CC0 1.0"}


@pytest.mark.parametrize("file", LICENCES)
def test_each_list_says_where_it_is_from_its_licence_and_its_date(file: str) -> None:
    text = gzip.decompress((files("lakehouse.transforms") / file).read_bytes()).decode()
    head = [line for line in text.splitlines() if line.startswith("// ")]
    assert head == text.splitlines()[: len(head)]
    assert LICENCES[file] in " ".join(head)
    assert re.search(r"Made on 20\d\d-\d\d-\d\d by: python -m lakehouse\.transforms\.email_lists", head[-1])


@pytest.mark.parametrize("file", LICENCES)
def test_each_word_can_stand_in_a_literal_of_sql(file: str) -> None:
    assert [word for word in words_of(file) if not re.fullmatch(r"[!*]?[a-z0-9.-]+", word)] == []


def test_the_rules_of_registries_alone_are_taken_in_ascii() -> None:
    registries = "// ===BEGIN ICANN DOMAINS===\n\n// de\nde\n*.ck\n!www.ck\nрф\narpa\n// ===END ICANN DOMAINS===\n"
    assert suffixes(registries + "github.io\n") == ["!www.ck", "*.ck", "de", "xn--p1ai"]


def test_free_mail_is_not_disposable() -> None:
    assert disposable({"mailinator.com", "gmail.com"}) == ["mailinator.com"]

"""mypy sees the mistakes that people make with contracts, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """What mypy says, by file and line."""
    files = sorted(map(str, CASES.glob("*.py")))
    out, _, _ = api.run(["--strict", "--no-error-summary", "--hide-error-codes", *files])
    hits = re.findall(r"^(.+?):(\d+): error: (.+)$", out, flags=re.MULTILINE)
    return {f"{Path(file).name}:{line}": text for file, line, text in hits}


def expected() -> dict[str, str]:
    return {
        f"{file.name}:{number}": line.split("# E: ")[1]
        for file in CASES.glob("*.py")
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if "# E: " in line
    }


@pytest.mark.parametrize("place", expected())
def test_a_mistake_is_seen_where_it_is_made(found: dict[str, str], place: str) -> None:
    assert expected()[place] in found.get(place, "nothing")


def test_correct_code_has_no_errors(found: dict[str, str]) -> None:
    assert set(found) == set(expected())

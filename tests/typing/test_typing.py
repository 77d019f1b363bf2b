"""mypy sees the mistakes that people make with contracts, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CASES = Path(__file__).parent / "cases"
Errors = dict[str, list[str]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """What mypy says, by file and line, with the settings of the project."""
    options = ["--strict", "--no-error-summary", "--hide-error-codes", "--config-file", str(ROOT / "pyproject.toml")]
    command = [sys.executable, "-m", "mypy", *options, "--cache-dir", str(tmp_path_factory.mktemp("mypy"))]
    files = sorted(map(str, CASES.glob("*.py")))
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors: Errors = {}
    for file, line, text in re.findall(r"^(.+?):(\d+): error: (.+)$", done.stdout, flags=re.MULTILINE):
        errors.setdefault(f"{Path(file).name}:{line}", []).append(text.strip())
    return errors


def expected() -> Errors:
    """What the marks say: one error in each line that has one."""
    return {
        f"{file.name}:{number}": [line.split("# E: ")[1].strip()]
        for file in sorted(CASES.glob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if "# E: " in line
    }


@pytest.mark.parametrize("place", expected())
def test_a_mistake_is_seen_where_it_is_made(found: Errors, place: str) -> None:
    assert found.get(place) == expected()[place]


def test_correct_code_has_no_errors(found: Errors) -> None:
    assert {place: texts for place, texts in found.items() if place not in expected()} == {}


def test_one_file_has_no_mistakes_at_all() -> None:
    assert [place for place in expected() if place.startswith("correct.py")] == []
    assert (CASES / "correct.py").exists()

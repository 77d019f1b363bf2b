"""Archives: the same files make the same bytes, and what is in them works."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from lakehouse.errors import ConfigError
from lakehouse.packaging.environment import write_environment
from lakehouse.packaging.wheel import requires, wheel_of

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def parcels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of pure Python with a file of data, which can be imported and is no distribution."""
    package = tmp_path / "src" / "parcels_of_acme"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from pathlib import Path\nWORD = Path(__file__).with_name('a.txt').read_text()"
    )
    (package / "a.txt").write_text("here")
    (package / "__pycache__" / "a.pyc").write_bytes(b"")
    monkeypatch.syspath_prepend(str(package.parent))
    return package


def test_a_wheel_has_the_files_that_are_imported_and_no_others(parcels: Path) -> None:
    wheel = wheel_of("parcels_of_acme.silver")
    assert (wheel.name, wheel.version, wheel.file_name) == (
        "parcels_of_acme",
        "0",
        "parcels_of_acme-0-py3-none-any.whl",
    )
    assert set(wheel.files) == {"parcels_of_acme/__init__.py", "parcels_of_acme/a.txt"}


def test_the_wheel_of_the_library_says_what_it_needs_and_has_its_data() -> None:
    wheel = wheel_of("lakehouse")
    assert any(one.startswith("pyiceberg") for one in requires(wheel))
    assert {"lakehouse/engines/ivy.xml", "lakehouse/jobs/build.py", "lakehouse/py.typed"} <= wheel.files.keys()


def test_compiled_modules_are_refused(parcels: Path) -> None:
    (parcels / "fast.so").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"compiled modules \(parcels_of_acme/fast.so\)"):
        wheel_of("parcels_of_acme")


def test_the_same_files_make_the_same_archive_whenever_it_is_made(parcels: Path, tmp_path: Path) -> None:
    made = []
    for name, seconds in (("one", 1_000_000_000), ("two", 1_500_000_000)):
        for file in parcels.glob("*.*"):
            os.utime(file, (seconds, seconds))
        (tmp_path / name).mkdir()
        wheel = wheel_of("parcels_of_acme").write(tmp_path / name)
        write_environment(tmp_path / name / "env.tar.gz", [wheel], python=PYTHON, interpreter="/usr/bin/python3")
        made.append((wheel.read_bytes(), (tmp_path / name / "env.tar.gz").read_bytes()))
    assert made[0] == made[1]


def test_an_environment_runs_where_it_is_unpacked(parcels: Path, tmp_path: Path) -> None:
    archive, place = tmp_path / "env.tar.gz", tmp_path / "elsewhere"
    here = str(Path(sys.executable).resolve())
    write_environment(archive, [wheel_of("parcels_of_acme").write(tmp_path)], python=PYTHON, interpreter=here)
    with tarfile.open(archive) as packed:
        packed.extractall(place, filter="tar")
    ask = "import parcels_of_acme as p; print(p.WORD, p.__file__)"
    said = subprocess.run([place / "bin" / "python", "-I", "-c", ask], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [
        "here",
        str(place / "lib" / f"python{PYTHON}" / "site-packages" / "parcels_of_acme" / "__init__.py"),
    ]


def test_the_library_runs_from_its_wheel_as_it_is(tmp_path: Path) -> None:
    wheel = wheel_of("lakehouse").write(tmp_path)
    ask = "import sys; from lakehouse.cli.main import main; print(main.__code__.co_filename, flush=True); main()"
    command = [sys.executable, "-c", ask, "run", "--set", "no.such=1"]
    environ = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environ, timeout=100)
    assert (done.returncode, str(wheel) in done.stdout) == (3, True)
    assert "unknown key" in done.stderr

"""Build a package in a folder: the archive of Python, jars, settings, scripts, submissions, Terraform."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from lakehouse.config import Settings
from lakehouse.errors import ConfigError
from lakehouse.packaging.archive import write_zip
from lakehouse.packaging.environment import write_environment
from lakehouse.packaging.jars import jar_files
from lakehouse.packaging.package import Package
from lakehouse.packaging.submit import submission
from lakehouse.packaging.target import Service
from lakehouse.packaging.wheels import download

_PARTS = ("python", "jars", "conf", "jobs", "submit")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file of a package, by its name there."""

    name: str
    bytes: int
    sha256: str


def write_package(
    package: Package, settings: Settings, folder: Path, *, on_step: Callable[[str], None] = lambda _what: None
) -> tuple[Written, ...]:
    """Write a package; what an earlier one has left in the folder is replaced, other files in it stay.

    The same code, settings and versions make the same bytes. Cost: half a minute; the first time it downloads 80 MB.

    Args:
        package: What goes into it.
        settings: Of the job.
        folder: Where to.
        on_step: Told what is done next.

    Raises:
        ConfigError: A wheel could not be had, or the folder cannot be written.
        EngineError: A jar could not be had.
    """
    try:
        for part in _PARTS:
            shutil.rmtree(folder / part, ignore_errors=True)
            (folder / part).mkdir(parents=True)
        on_step(f"{len(package.pins)} libraries")
        _write_python(package, folder / package.python_file)
        on_step("jars")
        jars = jar_files(settings, package.target)
        for jar in jars:
            shutil.copyfile(jar, folder / "jars" / jar.name)
        on_step("jobs")
        _write_texts(package, tuple(f"jars/{jar.name}" for jar in jars), folder)
    except OSError as error:
        raise ConfigError(f"--out {folder} cannot be written: {error.strerror or error} ({error.filename})") from error
    return tuple(_told(path, folder) for path in sorted(folder.rglob("*")) if path.is_file())


def _write_python(package: Package, path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = download(package.pins, package.target, folder) if package.pins else ()
        wheels = [*theirs, *(wheel.write(folder) for wheel in package.wheels)]
        if package.target.service is not Service.GLUE:
            write_environment(path, wheels, python=package.target.python, interpreter=package.interpreter)
            return
        ours = [f"{wheel.name}=={wheel.version}" for wheel in package.wheels]
        found = {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels}
        found["wheels/requirements.txt"] = "".join(f"{pin}\n" for pin in (*package.pins, *ours)).encode()
        write_zip(path, found, packed=False)


def _write_texts(package: Package, jars: tuple[str, ...], folder: Path) -> None:
    for file in package.files:
        shutil.copyfile(file, folder / "conf" / file.name)
    for script in sorted({job.script for job in package.jobs}):
        (folder / "jobs" / script).write_bytes((files("lakehouse.jobs") / script).read_bytes())
    for job in package.jobs:
        told = json.dumps(submission(package, job, jars), indent=2)
        (folder / "submit" / f"{job.name}.json").write_text(told + "\n", encoding="utf-8")
    service = package.target.service
    (folder / "main.tf").write_bytes((files("lakehouse.packaging") / "terraform" / f"{service.value}.tf").read_bytes())
    bucket, _, prefix = package.place.removeprefix("s3://").partition("/")
    values = {"bucket": bucket, "prefix": prefix}
    if service is not Service.GLUE:
        values["release_label"] = package.target.release
    (folder / "package.auto.tfvars.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _told(path: Path, folder: Path) -> Written:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(name=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=digest)

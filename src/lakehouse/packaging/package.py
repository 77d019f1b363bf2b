"""What a target is given, decided before anything is built: code, libraries, jars, settings, and the jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lakehouse.config import Settings
from lakehouse.config.secrets import mask
from lakehouse.errors import ConfigError
from lakehouse.packaging.jars import needed_jars
from lakehouse.packaging.requirements import pinned
from lakehouse.packaging.target import Service, Target
from lakehouse.packaging.wheel import Wheel, requires, wheel_of
from lakehouse.session import session_conf


@dataclass(frozen=True, kw_only=True)
class Job:
    """A verb with its arguments: what one submission runs."""

    name: str
    script: str
    table: str = ""


@dataclass(frozen=True, kw_only=True)
class Package:
    """All of a package but its bytes."""

    target: Target
    place: str
    """Where its files will be: ``s3://bucket/prefix``."""
    interpreter: str
    wheels: tuple[Wheel, ...]
    pins: tuple[str, ...]
    jars: Mapping[str, str]
    conf_files: tuple[Path, ...]
    rule_files: tuple[Path, ...]
    spark_conf: Mapping[str, str]
    jobs: tuple[Job, ...]

    @property
    def python_file(self) -> str:
        """The archive of the code and its libraries, in the package."""
        first = f"{self.wheels[0].name}-{self.wheels[0].version}"
        glue = self.target.service is Service.GLUE
        # Glue knows a zip of wheels by this ending.
        return f"python/{first}.gluewheels.zip" if glue else f"python/{first}.environment.tar.gz"

    @property
    def files(self) -> tuple[Path, ...]:
        """Settings and rules: on the cluster they lie side by side in the folder that a job runs in."""
        return (*self.conf_files, *self.rule_files)

    def at(self, name: str) -> str:
        """Give the address that a file of it will have."""
        return f"{self.place}/{name}"


def plan_package(
    settings: Settings,
    conf_files: Sequence[Path],
    target: Target,
    *,
    place: str = "",
    interpreter: str = "",
    extras: Sequence[str] = (),
) -> Package:
    """Decide what goes into a package; nothing is downloaded or written.

    Args:
        settings: Of the job: its packages, streams and catalog.
        conf_files: Where they stand; the lowest first.
        target: Where it will run.
        place: ``s3://bucket/prefix`` of its files; empty: beside the warehouse.
        interpreter: Another Python than that of the target's own images.
        extras: Of the library, beside ``aws``, and ``kafka`` where there are streams.

    Raises:
        ConfigError: The settings are for a machine and not for a cluster, or something that is needed is not here.
    """
    wrong = [*_only_here(settings), *_twice([*conf_files, *map(Path, settings.quality.rule_files)])]
    if wrong:
        listed = "".join(f"\n  - {line}" for line in wrong)
        raise ConfigError(f"these settings are not for {target.name}:{listed}")
    tops = dict.fromkeys(["lakehouse", *(name.partition(".")[0] for name in settings.packages)])
    wheels = tuple(wheel_of(top) for top in tops)
    wanted = ",".join(sorted({"aws", *(["kafka"] if settings.streams else []), *extras}))
    ours = {wheel.name for wheel in wheels}
    needed = [f"lakehouse[{wanted}]", *(one for wheel in wheels[1:] for one in requires(wheel))]
    pins = tuple(one for one in pinned(needed, target) if one.partition("==")[0] not in ours)
    return Package(
        target=target,
        place=(place or f"{_bucket_of(settings)}/packages/{target.name}").rstrip("/"),
        interpreter=interpreter or target.interpreter,
        wheels=wheels,
        pins=pins,
        jars=needed_jars(settings, target),
        conf_files=tuple(conf_files),
        rule_files=tuple(map(Path, settings.quality.rule_files)),
        # What can be said to a session that runs, the job says: catalog, and what of session.conf can be changed.
        spark_conf={**session_conf(), **settings.session.conf},
        jobs=tuple(_jobs(settings)),
    )


def _jobs(settings: Settings) -> Iterator[Job]:
    yield Job(name="build", script="build.py")
    for table in settings.streams:
        yield Job(name=f"stream-{table.replace('.', '-').replace('_', '-')}", script="stream_bronze.py", table=table)


def _bucket_of(settings: Settings) -> str:
    return "/".join(settings.catalog.warehouse.split("/")[:3])


def _only_here(settings: Settings) -> Iterator[str]:
    """Tell what would be lost or not be found on a cluster."""
    catalog = settings.catalog
    if catalog.type == "sql":
        yield f"catalog.type is 'sql', and {mask('', catalog.uri)} is of this machine: take 'glue' or 'rest'"
    if not catalog.warehouse.startswith("s3://"):
        yield f"catalog.warehouse is {catalog.warehouse!r}: name an s3:// prefix"
    if settings.session.engine != "spark":
        yield f"session.engine is {settings.session.engine!r}: a cluster has Spark"
    if settings.streams and not settings.kafka.bootstrap_servers:
        yield "kafka.bootstrap_servers is not set, and the local broker is of this machine: name the brokers"
    for table, stream in settings.streams.items():
        if not (stream.checkpoint or "").startswith("s3://"):
            found = stream.checkpoint or "not set"
            yield f"the checkpoint of the stream into {table} is {found}: name an s3:// prefix that outlives it"
    for name, value in settings.session.conf.items():
        if mask(name, value) != value:
            yield f"session.conf has a secret under {name}, which would stand in the submission: give it to the role"


def _twice(files: Sequence[Path]) -> Iterator[str]:
    names = [file.name for file in files]
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"two files are named {name}, and on the cluster they lie in one folder: rename one"

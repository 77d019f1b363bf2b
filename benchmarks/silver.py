"""The silver builds of users, against a plain copy of their columns and what each transform costs by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.builds import new_lake
from benchmarks.builds.messages import append_messages
from benchmarks.measure import Timing, interleave, medians
from benchmarks.result import FOLDER, Result
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.build import build_of
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.schema import Schema
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw
from lakehouse.domains.users.silver import UserChanges, Users, user_changes, users
from lakehouse.pipeline.build_call import call_with
from lakehouse.pipeline.kept_rows import kept_rows
from lakehouse.pipeline.run import Run, run_build
from lakehouse.quality import rule_set, with_quality
from lakehouse.quality.observed import observe
from lakehouse.transforms.countries import country_code
from lakehouse.transforms.deduplicate import keep_newest
from lakehouse.transforms.demographics import generation, tenure
from lakehouse.transforms.email import parse_email
from lakehouse.transforms.phone import phone_e164
from lakehouse.transforms.text import squeeze, title_case

MESSAGES = {"small": 100_000, "full": 1_000_000}
REPEATS = {"small": 2, "full": 3}
_INSTANT = datetime(2026, 6, 1, tzinfo=UTC)
_OURS, _COPY, _CLEAN = "build", "copy", "copy of clean rows"
_QUALITY = ("quality_mask", "quality_mask_more", "quality_rules", "quality_score", "failed_rules")

_AS_STATED = {
    "user_id": "record.login.uuid", "title": "record.name.title", "first_name": "record.name.first",
    "last_name": "record.name.last", "gender": "record.gender", "nationality": "record.nat",
    "born_on": "record.dob.date", "age": "record.dob.age", "email": "record.email", "phone": "record.phone",
    "cell": "record.cell", "street": "record.location.street.name", "city": "record.location.city",
    "state": "record.location.state", "postcode": "record.location.postcode", "country": "record.location.country",
    "latitude": "record.location.coordinates.latitude", "longitude": "record.location.coordinates.longitude",
    "username": "record.login.username", "registered_at": "record.registered.date",
    "years_registered": "record.registered.age", "updated_at": "kafka_timestamp", "source_partition": "partition",
    "source_offset": "offset",
}  # fmt: skip
"""The columns of silver as the message has them."""

Columns = dict[str, Column]
Make = Callable[[], DataFrame]


def run(size: str) -> list[Result]:
    """Build both tables whole, in turn with copies of their columns by none and by one of their transforms."""
    messages, repeats = MESSAGES[size], REPEATS[size]
    with new_lake() as lake:
        append_messages(lake, messages, of=messages, version=0)
        _build(lake, user_changes)
        lake.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {lake.name}.bench")
        found = []
        for build, schema, copies in (
            (user_changes, UserChanges, _copies_of_messages(lake)),
            (users, Users, _copies_of_changes(lake)),
        ):
            _keep_plan(lake, build)
            steps = {name: partial(_write, lake, schema, make) for name, make in copies.items()}
            ran = interleave({_OURS: partial(_build, lake, build), **steps}, repeats=repeats)
            timings = {name: medians(runs) for name, runs in ran.items()}
            found.append(_result(spec_of(schema).name, timings, messages=messages, repeats=repeats))
    return found


def _keep_plan(lake: Lake, function: object) -> None:
    """Write the physical plan of what a build writes to build/bench/plans."""
    build = build_of(function)
    assert build is not None, "it is declared with @build"
    inputs = {name: lake.read(schema) for name, schema in build.inputs}
    rows = with_quality(kept_rows(build.table, call_with(build, inputs, instant=_INSTANT)), rule_set(build.table))
    file = FOLDER / "plans" / f"{build.table.name}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as out, redirect_stdout(out):
        rows.explain("formatted")


def _copies_of_messages(lake: Lake) -> dict[str, Make]:
    """Give the messages by the columns of ``silver.user_changes``: as stated, and each transform of the build alone."""
    raw = lake.read(UsersRaw)
    stated = {name: F.col(path) for name, path in _AS_STATED.items()}

    def copy(own: Callable[[Columns], Columns]) -> Make:
        return lambda: raw.select(*(value.alias(name) for name, value in {**stated, **own(stated)}.items()))

    return {
        _COPY: copy(lambda _: {}),
        "text": copy(_text),
        "dates": copy(_dates),
        "degrees": copy(lambda of: {name: of[name].try_cast("double") for name in ("latitude", "longitude")}),
        "countries": copy(lambda of: {"country_code": country_code(of["country"])}),
        "e-mail": copy(_email),
        "phone": copy(lambda of: {"phone": phone_e164(of["phone"], country=of["country"])}),
        "cell": copy(lambda of: {"cell": phone_e164(of["cell"], country=of["country"])}),
        _CLEAN: lambda: _clean(lake),
        "quality": lambda: _scored(_clean(lake), UserChanges),
    }


def _copies_of_changes(lake: Lake) -> dict[str, Make]:
    """Give the changes, the newest of each person, and the changes with what the rules say of them."""
    spec = spec_of(Users)
    return {
        _COPY: lambda: _clean(lake),
        "newest": lambda: keep_newest(_clean(lake), key=spec.key, newest_by=spec.newest_by),
        "quality": lambda: _scored(_clean(lake), Users),
    }


def _clean(lake: Lake) -> DataFrame:
    return lake.rows(spec_of(UserChanges)).drop(*_QUALITY)


def _scored(rows: DataFrame, schema: type[Schema]) -> DataFrame:
    """Add the quality columns, and count the score while they are written, as a build does."""
    rules = rule_set(schema)
    return observe(with_quality(rows, rules), rules)[0]


def _text(stated: Columns) -> Columns:
    titled = {name: title_case(stated[name]) for name in ("first_name", "last_name", "city")}
    lower = {name: F.lower(squeeze(stated[name])) for name in ("user_id", "gender")}
    upper = {name: F.upper(squeeze(stated[name])) for name in ("nationality", "postcode")}
    plain = {name: squeeze(stated[name]) for name in ("title", "street", "state", "country", "username")}
    return {**titled, **lower, **upper, **plain}


def _dates(stated: Columns) -> Columns:
    born = F.try_to_timestamp(stated["born_on"]).cast("date")
    registered = F.try_to_timestamp(stated["registered_at"])
    groups = {"generation": generation(born), "tenure": tenure(registered, stated["updated_at"])}
    return {"born_on": born, "registered_at": registered, **groups}


def _email(stated: Columns) -> Columns:
    parsed = parse_email(F.lower(squeeze(stated["email"])))
    return {"email": parsed["address"], "email_provider": parsed["provider"]}


def _build(lake: Lake, function: object, _run: int = 0) -> None:
    build = build_of(function)
    assert build is not None, "it is declared with @build"
    run_build(lake, build, Run(minimum_score=lambda _table, _declared: 0.0, instant=_INSTANT, full=True))


def _write(lake: Lake, schema: type[Schema], make: Make, _run: int) -> None:
    """Replace a table that has the partitions and properties of a contract."""
    spec = spec_of(schema)
    writer = make().writeTo(f"{lake.name}.bench.{spec.name.split('.')[1]}").using("iceberg")
    for name, value in table_properties(spec).items():
        writer = writer.tableProperty(name, value)
    layout = F.partitioning.bucket(4, "user_id") if schema is Users else F.partitioning.days("updated_at")
    writer.partitionedBy(layout).createOrReplace()


def _result(table: str, timings: Mapping[str, Timing], *, messages: int, repeats: int) -> Result:
    clean = timings.get(_CLEAN, timings[_COPY])
    base = {"quality": clean}
    own = {
        name: one.cpu - base.get(name, timings[_COPY]).cpu
        for name, one in timings.items()
        if name not in (_OURS, _COPY, _CLEAN)
    }
    mine, theirs = timings[_OURS], timings[_COPY].cpu + sum(own.values())
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in own.items())
    return Result(
        name=f"{table}, built whole",
        value=round(messages / mine.cpu),
        unit="rows/CPU s",
        reference="a plain copy, and what each transform adds to one by itself",
        reference_value=round(messages / theirs),
        ratio=round(theirs / mine.cpu, 3),
        repeats=repeats,
        cpu_seconds=round(mine.cpu, 1),
        reference_cpu_seconds=round(theirs, 1),
        note=f"{messages:,} rows; {mine.cpu / theirs:.2f} times the CPU of the sum; CPU s: copy "
        f"{timings[_COPY].cpu:.1f}, {parts}",
    )

"""What a table needs, and why: from its metadata, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from lakehouse.catalog.iceberg import load_table
from lakehouse.contract.build import BuildSpec
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ContractError
from lakehouse.maintenance.expire import ExpiryPlan, plan_expiry
from lakehouse.maintenance.holds import reads_of
from lakehouse.maintenance.running import running
from lakehouse.maintenance.table_files import TableFiles, files_of

_TARGET = "write.target-file-size-bytes"


class Action(StrEnum):
    """What can be done for a table."""

    COMPACT = "compact"
    REWRITE_DELETES = "rewrite deletes"
    EXPIRE = "expire"


@dataclass(frozen=True, kw_only=True)
class Due:
    """Something that a table needs, why, and why it has to wait; empty where it has not."""

    action: Action
    why: str
    postponed: str = ""


@dataclass(frozen=True, kw_only=True)
class UpkeepPlan:
    """A table as it stands, and what it needs.

    ``until``: of a table that a stream fills, the day (UTC) that is not touched, because the stream writes to it.
    """

    spec: TableSpec
    files: TableFiles
    snapshots: int
    small_bytes: int
    target_bytes: int
    until: date | None
    expiry: ExpiryPlan
    due: tuple[Due, ...]

    @property
    def too_many_deleted(self) -> bool:
        """Whether more rows are deleted than the contract says."""
        return self.files.rows_deleted > self.spec.upkeep.delete_ratio * self.files.rows

    def needs(self, action: Action) -> bool:
        """Tell whether something is due and can be done now."""
        return any(one.action is action and not one.postponed for one in self.due)


def plan_upkeep(catalog: Catalog, spec: TableSpec, *, builds: Iterable[BuildSpec] = (), now: datetime) -> UpkeepPlan:
    """Look at what a table needs. Changes nothing.

    Cost: the manifests of its newest snapshot, and the metadata of the tables that are built from it.

    Args:
        catalog: Where the table is.
        spec: Its contract.
        builds: All builds of the lake; those that read the table are asked what they have read.
        now: The instant.

    Raises:
        TableNotFoundError: The table does not exist.
        ContractError: Small files are declared to be larger than files are made.
    """
    table = load_table(catalog, spec.name)
    target = int(table.properties.get(_TARGET) or table_properties(spec)[_TARGET])
    small = spec.upkeep.small_file_bytes
    if small is not None and small >= target:
        raise ContractError(f"{spec.name}: small_file_bytes={small} has to be below the table's {_TARGET}, {target}")
    small = max(1, target // 4) if small is None else small
    until = now.date() if issubclass(spec.schema, KafkaRecord) else None
    files = files_of(table, small_bytes=small, until=until)
    expiry = plan_expiry(table, spec.upkeep, reads=reads_of(catalog, builds, spec.name), now=now)
    return UpkeepPlan(
        spec=spec,
        files=files,
        snapshots=len(table.snapshots()),
        small_bytes=small,
        target_bytes=target,
        until=until,
        expiry=expiry,
        due=tuple(_due(table, spec, files, small, expiry, now)),
    )


def _due(
    table: Table, spec: TableSpec, files: TableFiles, small: int, expiry: ExpiryPlan, now: datetime
) -> Iterator[Due]:
    wait = _wait(table, now)
    reasons = [*_small_files(spec, files, small), *_deleted_rows(spec, files)]
    if reasons:
        yield Due(action=Action.COMPACT, why=", and ".join(reasons), postponed=wait)
    if why := _delete_files(spec, files):
        yield Due(action=Action.REWRITE_DELETES, why=why, postponed=wait)
    if expiry.why:
        yield Due(action=Action.EXPIRE, why=expiry.why, postponed=expiry.postponed)


def _small_files(spec: TableSpec, files: TableFiles, small: int) -> Iterator[str]:
    limits = spec.upkeep
    if files.small_files >= limits.min_small_files and files.small_files > limits.small_file_ratio * files.data_files:
        size = f"{small / 2**20:,.0f} MiB" if small >= 2**20 else f"{small:,} bytes"
        yield f"{files.small_files:,} of {files.data_files:,} files are below {size} and can be put together"


def _deleted_rows(spec: TableSpec, files: TableFiles) -> Iterator[str]:
    limit = spec.upkeep.delete_ratio
    if files.rows_deleted > limit * files.rows:
        yield f"{files.rows_deleted:,} of {files.rows:,} rows are deleted, more than {limit:.0%}"


def _delete_files(spec: TableSpec, files: TableFiles) -> str:
    limits = spec.upkeep
    if files.stale_deletes:
        return f"{files.stale_deletes:,} delete files name rows of data files that are gone"
    if files.split_deletes >= limits.min_small_files and files.split_deletes > (
        limits.small_file_ratio * files.delete_files
    ):
        return f"{files.split_deletes:,} of {files.delete_files:,} delete files can be put together"
    return ""


def _wait(table: Table, now: datetime) -> str:
    """Say why files cannot be written anew now; empty where they can."""
    for branch, instant in running(table, now=now).items():
        minutes = int((now - instant).total_seconds() // 60)
        return f"a build may be at work: branch {branch} may have been written to {minutes} minutes ago"
    return ""

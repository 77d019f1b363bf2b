"""The lake for an engine that writes no branches of Iceberg: rows come and go as Arrow, through PyIceberg.

The same catalog, branches, ledger and publish as with Spark; only who reads and writes the files is another.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import takewhile
from typing import ClassVar

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.sorting import NullOrder
from pyiceberg.transforms import IdentityTransform
from pyspark.sql import DataFrame

from lakehouse.catalog import ledger
from lakehouse.catalog.conflicts import commit, commit_marked
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.iceberg_schema import create_table, iceberg_properties, iceberg_schema, partition_name
from lakehouse.catalog.ledger import ancestors_of, is_append
from lakehouse.catalog.live_files import added_files
from lakehouse.catalog.live_table import live_table
from lakehouse.contract.engine import Engine
from lakehouse.contract.evolution import Evolution
from lakehouse.contract.table import TableSpec
from lakehouse.errors import EngineError, LakehouseError


@dataclass(frozen=True)
class ArrowLake(Lake):
    """A catalog with a session that does not know it. Inputs are read into memory, at most ``max_bytes`` of files."""

    max_bytes: int = 500_000_000
    _views: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    """What the session has in memory, each as it stood at a snapshot."""

    engine: ClassVar[Engine] = Engine.SAIL

    @property
    def engine_version(self) -> str:
        """What computes rows, with its version; the session tells the one of Spark that it speaks like."""
        return f"{self.engine} {version('pysail')}"

    def refresh(self, name: str) -> None:
        """Do nothing: each read asks the catalog."""

    def rows(self, spec: TableSpec, *, snapshot_id: int | None = None) -> DataFrame:
        """Read a table as it stands now, or as it stood at a snapshot. Cost: it is read at once, into memory."""
        return self._read(self.table(spec.name), snapshot_id)

    def named(self, name: str) -> DataFrame:
        """Read a table by ``namespace.table``, one of no contract too; at once, into memory.

        Raises:
            TableNotFoundError: It does not exist.
        """
        return self._read(self.table(name), None)

    def branch_rows(self, spec: TableSpec, branch: str) -> DataFrame:
        """Read a branch as it stands, at once."""
        table = self.table(spec.name)
        return self._read(table, table.refs()[branch].snapshot_id)

    def appended(self, spec: TableSpec, *, since: int, until: int) -> DataFrame:
        """Read what was appended after one snapshot and up to another, at once, into memory."""
        table = self.table(spec.name)
        commits = takewhile(lambda one: one.snapshot_id != since, ancestors_of(table, until))
        files = [file for one in commits if is_append(one) for file in added_files(table, one)]
        self._demand_room(spec.name, sum(one.file_size_in_bytes for one in files))
        scan = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue())
        return self._view(f"{spec.name}_{since}_{until}", lambda: scan.to_table([FileScanTask(file) for file in files]))

    def replace_rows(self, spec: TableSpec, branch: str, rows: DataFrame, *, run_id: str) -> None:
        """Write rows to a branch in place of all that it has. Cost: they are computed into memory, then written.

        Raises:
            LakehouseError: A column that is ``NOT NULL`` has no value.
        """
        made, properties = _sorted(rows, spec).toArrow(), {"lakehouse.run-id": run_id}

        def write(table: Table) -> None:
            rows_of_table = _as_of_table(made, table, spec)
            with warnings.catch_warnings():
                # That it finds nothing to delete in a new table, and that it deletes whole files: both are meant.
                warnings.simplefilter("ignore", UserWarning)
                table.overwrite(rows_of_table, snapshot_properties=properties, branch=branch)

        commit(self.catalog, spec.name, write)

    def append_rows(self, spec: TableSpec, branch: str, rows: DataFrame) -> None:
        """Add rows to a branch. Cost: they are computed into memory, then written.

        Raises:
            LakehouseError: A column that is ``NOT NULL`` has no value.
        """
        made = _sorted(rows, spec).toArrow()

        def write(table: Table, mark: Mapping[str, str]) -> None:
            table.append(_as_of_table(made, table, spec), snapshot_properties=dict(mark), branch=branch)

        commit_marked(self.catalog, spec.name, write)

    def _read(self, table: Table, snapshot_id: int | None) -> DataFrame:
        head = table.snapshot_by_id(snapshot_id) if snapshot_id is not None else table.current_snapshot()
        name = ".".join(table.name())
        self._demand_room(name, ledger.summed(head, "total-files-size"))
        of = f"{name}_{head.snapshot_id if head else 'empty'}"
        return self._view(of, table.scan(snapshot_id=snapshot_id).to_arrow)

    def _demand_room(self, name: str, size: int) -> None:
        if size > self.max_bytes:
            raise EngineError(
                f"{name} has {size / 1e6:,.0f} MB of files, and {self.engine} reads its inputs into "
                f"memory, at most {self.max_bytes / 1e6:,.0f} MB each (session.sail_max_megabytes). "
                "Build with Spark: --set session.engine=spark"
            )

    def _view(self, of: str, read: Callable[[], pa.Table]) -> DataFrame:
        # By the name of a view: a frame of rows would be sent and read anew whenever its columns are asked for.
        view = of.replace(".", "_")
        if view not in self._views:
            self.spark.createDataFrame(with_null_fields(read())).createOrReplaceTempView(view)
            self._views.add(view)
        return self.spark.table(view)

    def _create(self, spec: TableSpec, statements: tuple[str, ...]) -> None:  # noqa: ARG002
        create_table(self.catalog, spec)

    def _evolve(self, spec: TableSpec, change: Evolution) -> None:  # noqa: ARG002
        def evolve(table: Table) -> None:
            live = live_table(table)
            old, new = set(live.partitioned_by), set(spec.partitioned_by)
            with table.transaction() as transaction:
                with transaction.update_schema() as schema:
                    schema.union_by_name(iceberg_schema(spec))
                    if spec.key:
                        schema.set_identifier_fields(*spec.identity)
                if old != new:
                    with transaction.update_spec() as partitions:
                        for one in old - new:
                            partitions.remove_field(partition_name(one))
                        for one in new - old:
                            partitions.add_field(one.column, one.iceberg, partition_name(one))
                if spec.sorted_by and spec.sorted_by != live.sorted_by:
                    with transaction.update_sort_order() as order:
                        for name in spec.sorted_by:
                            order.asc(name, IdentityTransform(), NullOrder.NULLS_FIRST)
                transaction.set_properties(iceberg_properties(spec))

        commit(self.catalog, spec.name, evolve)


def _sorted(rows: DataFrame, spec: TableSpec) -> DataFrame:
    return rows.sort(*spec.sorted_by) if spec.sorted_by else rows


def with_null_fields(rows: pa.Table) -> pa.Table:
    """Make the fields of structs that are null null as well: Sail looks at the field alone, whatever is in it."""
    columns = [
        pa.chunked_array([_with_null_fields(chunk) for chunk in column.chunks], type=column.type)
        for column in rows.columns
    ]
    return pa.table(columns, schema=rows.schema)


def _with_null_fields(values: pa.Array) -> pa.Array:
    if not pa.types.is_struct(values.type) or not len(values.type):
        return values
    # To flatten a struct gives its fields with its own nulls.
    fields = [_with_null_fields(field) for field in values.flatten()]
    return pa.StructArray.from_arrays(fields, fields=list(values.type), mask=values.is_null())


def _as_of_table(rows: pa.Table, table: Table, spec: TableSpec) -> pa.Table:
    wanted = table.schema().as_arrow()
    try:
        return rows.select(wanted.names).cast(wanted)
    except ValueError as error:
        empty = [name for name in wanted.names if rows[name].null_count and not wanted.field(name).nullable]
        if not empty:
            raise
        raise LakehouseError(
            f"{spec.name} was not written: {', '.join(empty)} is null in {rows[empty[0]].null_count:,} rows, and is "
            "NOT NULL in the table. Leave such rows out, or fill the column in the build"
        ) from error

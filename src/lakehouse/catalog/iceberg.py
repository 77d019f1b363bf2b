"""The lake: one Iceberg catalog, as Spark and as PyIceberg see it. Spark moves data, PyIceberg does catalog work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Protocol

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    NoSuchIcebergTableError,
    NoSuchNamespaceError,
    NoSuchPropertyException,
    NoSuchTableError,
)
from pyiceberg.table import Table
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from typedspark import DataSet

from lakehouse.catalog.environment import EnvironmentCatalog, claim, own_place, place_of
from lakehouse.catalog.live_table import live_table
from lakehouse.catalog.namespaces import make_namespace
from lakehouse.catalog.time_travel import TimeTravelError, snapshot_as_of
from lakehouse.contract.bronze_record import BronzeRecord, origin_of
from lakehouse.contract.conform import conform
from lakehouse.contract.ddl import after_create_sql, create_table_sql
from lakehouse.contract.engine import Engine
from lakehouse.contract.evolution import Evolution, LiveTable, evolve
from lakehouse.contract.schema import Schema, SchemaT
from lakehouse.contract.table import TableSpec, spec_of
from lakehouse.contract.tombstones import without_tombstones
from lakehouse.errors import LakehouseError, SchemaMismatchError

_FILL_FIRST = "run `lakehouse run` or `lakehouse stream` first"


class Tables(Protocol):
    """What loads tables: a catalog, or what remembers those that it has loaded."""

    def load_table(self, identifier: str) -> Table:
        """Load a table by ``namespace.table``."""


class TableNotFoundError(LakehouseError):
    """A table is not in the catalog."""

    def __init__(self, *, table: str, todo: str) -> None:
        self.table = table
        super().__init__(f"table {table} does not exist yet: {todo}")


class ForeignTableError(LakehouseError):
    """A table is in the catalog and is not Iceberg's."""

    def __init__(self, *, table: str, found: str) -> None:
        self.table = table
        super().__init__(
            f"table {table} is in the catalog, and no Iceberg table: {found}\n"
            "Another tool has made it, such as Hive or a crawler; nothing was changed. Rename it there, or yours."
        )


@dataclass(frozen=True)
class Lake:
    """A catalog with a session that knows it under the same ``name``.

    ``pinned`` are the tables that builds and rules read at a snapshot, not as ``main`` is: those that are released
    together, before any of them is published.
    """

    spark: SparkSession
    catalog: Catalog
    name: str
    pinned: Mapping[str, int] = field(default_factory=dict, compare=False)

    engine: ClassVar[Engine] = Engine.SPARK

    @property
    def engine_version(self) -> str:
        """What computes rows, with its version, such as ``spark 4.1.1``."""
        return f"{self.engine} {self.spark.version}"

    @property
    def production(self) -> Lake:
        """The lake that the environment of this one reads; of production it is this."""
        if isinstance(self.catalog, EnvironmentCatalog):
            return replace(self, catalog=self.catalog.production)
        return self

    def ensure(self, spec: TableSpec) -> tuple[str, ...]:
        """Create a table, or evolve it to its contract. Gives the statements that were run, none when it fits already.

        Raises:
            SchemaMismatchError: The live table differs in a way that no additive change can mend; nothing was changed.
        """
        claim(self.catalog, spec.name)
        live, placed = self.live(spec), replace(spec, name=own_place(self.catalog, spec.name))
        if live is None:
            statements = (create_table_sql(placed, catalog=self.name), *after_create_sql(placed, catalog=self.name))
            self._create(spec, statements)
            return statements
        change = evolve(placed, live, catalog=self.name)
        if change.refused:
            todo = "Nothing was changed. Change the contract as said above, or move the table away and build it anew."
            what = "the table in the catalog"
            raise SchemaMismatchError(table=spec.name, differences=change.refused, what=what, todo=todo)
        if change.statements:
            self._evolve(spec, change)
        return change.statements

    def sql_name(self, name: str) -> str:
        """Give the name in SQL of a table that is read."""
        return self._quoted(place_of(self.catalog, name))

    def target_name(self, name: str) -> str:
        """Give the name in SQL of a table that is written.

        Raises:
            ProductionReadOnlyError: It is production's, and this is the lake of an environment.
        """
        return self._quoted(own_place(self.catalog, name))

    def _quoted(self, place: str) -> str:
        return ".".join(f"`{part}`" for part in (self.name, *place.split(".")))

    def live(self, spec: TableSpec) -> LiveTable | None:
        """Describe the table that is in the catalog; None when there is none."""
        table = self.find(spec.name)
        return live_table(table) if table else None

    def find(self, name: str) -> Table | None:
        """Load a table by ``namespace.table`` through PyIceberg, fresh; None when it does not exist."""
        return find_table(self.catalog, name)

    def table(self, name: str, *, todo: str = _FILL_FIRST) -> Table:
        """Load a table by ``namespace.table`` through PyIceberg, fresh.

        Raises:
            TableNotFoundError: It does not exist.
        """
        return load_table(self.catalog, name, todo=todo)

    def refresh(self, name: str) -> None:
        """Let the session see commits that PyIceberg or another session made."""
        self.spark.sql(f"REFRESH TABLE {self.sql_name(name)}")

    def rows(self, spec: TableSpec, *, snapshot_id: int | None = None) -> DataFrame:
        """Read a table as it stands now, or as it stood at a snapshot. Reads nothing until an action."""
        name = self.sql_name(spec.name)
        if snapshot_id is None:
            return self.spark.table(name)
        return self.spark.sql(f"SELECT * FROM {name} VERSION AS OF {snapshot_id}")

    def named(self, name: str) -> DataFrame:
        """Read a table by ``namespace.table``, one of no contract too; reads nothing until an action.

        Raises:
            TableNotFoundError: It does not exist.
        """
        self.table(name)
        pin = self.pinned.get(name)
        return self.spark.sql(f"SELECT * FROM {self.sql_name(name)}" + (f" VERSION AS OF {pin}" if pin else ""))

    def branch_rows(self, spec: TableSpec, branch: str) -> DataFrame:
        """Read a branch as it stands; reads nothing until an action."""
        self.refresh(spec.name)
        return self.spark.table(self.branch_name(spec, branch))

    def branch_name(self, spec: TableSpec, branch: str) -> str:
        """Give the name under which Spark reads and writes a branch."""
        return f"{self.target_name(spec.name)}.branch_{branch}"

    def replace_rows(self, spec: TableSpec, branch: str, rows: DataFrame, *, run_id: str) -> None:
        """Write rows to a branch in place of all that it has. Cost: one job."""
        written = rows.writeTo(self.branch_name(spec, branch)).option("snapshot-property.lakehouse.run-id", run_id)
        written.overwrite(F.lit(True))

    def append_rows(self, spec: TableSpec, branch: str, rows: DataFrame) -> None:
        """Add rows to a branch. Cost: one job."""
        rows.writeTo(self.branch_name(spec, branch)).append()

    def appended(self, spec: TableSpec, *, since: int, until: int) -> DataFrame:
        """Read what was appended after one snapshot and up to another; reads nothing until an action.

        Iceberg throws where a snapshot in between took rows away: see ``ledger.only_added_since``.
        """
        bounds = {"start-snapshot-id": str(since), "end-snapshot-id": str(until)}
        return self.spark.read.format("iceberg").options(**bounds).load(self.sql_name(spec.name))

    def read(
        self, schema: type[SchemaT], *, snapshot_id: int | None = None, as_of: datetime | str | None = None
    ) -> DataSet[SchemaT]:
        """Read the good rows of a table. Columns that were added after the snapshot are null.

        Of a bronze table these are the rows that could be decoded; ``dead_letters`` gives the others.

        Args:
            snapshot_id: Read the table as it stood at a snapshot.
            as_of: Instead: as ``main`` stood at an instant (a datetime with a time zone), or as a run published it
                (its id, as ``lakehouse history`` shows it), be it rolled back since, or as a release of several tables
                has tagged it (``release_…``, as ``lakehouse releases`` shows it).

        Raises:
            TimeTravelError: Both are given, or nothing is kept of that instant or run.
        """
        spec = spec_of(schema)
        if as_of is not None:
            if snapshot_id is not None:
                why = f"snapshot_id={snapshot_id} is given as well; give one of the two"
                raise TimeTravelError(table=spec.name, as_of=as_of, why=why)
            snapshot_id = snapshot_as_of(self.table(spec.name), as_of)
        return good_data(self.rows(spec, snapshot_id=snapshot_id), schema)

    def dead_letters(self, schema: type[BronzeRecord], *, snapshot_id: int | None = None) -> DataFrame:
        """Read the records of a bronze table that could not be decoded, without the empty payload columns."""
        df = self.rows(spec_of(schema), snapshot_id=snapshot_id).where(F.col("dead_letter.reason").isNotNull())
        return df.select(*origin_of(schema), "dead_letter.*")

    def _create(self, spec: TableSpec, statements: tuple[str, ...]) -> None:
        make_namespace(self.catalog, spec.namespace)
        for statement in statements:
            self.spark.sql(statement)

    def _evolve(self, spec: TableSpec, change: Evolution) -> None:
        self.refresh(spec.name)
        for statement in change.statements:
            self.spark.sql(statement)


def good_rows(rows: DataFrame, schema: type[Schema]) -> DataFrame:
    """Leave the dead letters of a bronze table out, and of any table the rows that stand for deletes."""
    if issubclass(schema, BronzeRecord):
        # On the partition column, so that the files of dead letters are not even listed.
        return rows.where(F.col("dead_letter.reason").isNull())
    return without_tombstones(rows, spec_of(schema))


def good_data(rows: DataFrame, schema: type[SchemaT]) -> DataSet[SchemaT]:
    """Give the good rows of a table, of now or of a snapshot, by the columns of its contract as it is now."""
    # In this order: a snapshot may be older than a column that tells good rows from others.
    conformed = conform(rows, schema, absent_as_null=True)
    return DataSet[schema](good_rows(conformed, schema))  # type: ignore[valid-type]


def find_table(catalog: Tables, name: str) -> Table | None:
    """Load a table by ``namespace.table``, fresh; None when it does not exist.

    Raises:
        ForeignTableError: Something else has that name.
    """
    try:
        return catalog.load_table(name)
    except (NoSuchIcebergTableError, NoSuchPropertyException) as error:
        raise ForeignTableError(table=name, found=str(error)) from error
    except (NoSuchTableError, NoSuchNamespaceError):
        return None


def load_table(catalog: Tables, name: str, *, todo: str = _FILL_FIRST) -> Table:
    """Load a table by ``namespace.table``, fresh.

    Raises:
        TableNotFoundError: It does not exist.
    """
    found = find_table(catalog, name)
    if found is None:
        raise TableNotFoundError(table=name, todo=todo)
    return found


def dead_letter_counts(table: Table) -> dict[str | None, int]:
    """Give the rows of a bronze table by dead-letter reason, good rows under None, from Iceberg's metadata alone."""
    counts: Counter[str | None] = Counter()
    for partition in table.inspect.partitions().to_pylist():
        counts[partition["partition"]["dead_letter.reason"]] += partition["record_count"]
    return dict(counts)

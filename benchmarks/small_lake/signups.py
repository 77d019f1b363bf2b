"""Forms for ``bronze.signups_raw``: written by PyIceberg alone, the same each time."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyiceberg.catalog import Catalog

from benchmarks.small_lake import SignupsRaw
from lakehouse.catalog.iceberg_schema import iceberg_partitions, iceberg_schema
from lakehouse.contract.ddl import table_properties
from lakehouse.contract.table import spec_of

_START = datetime(2026, 1, 1, tzinfo=UTC)
_COUNTRIES = ("be", "de", "BR", " us", "NL", "Atlantis")
_PLANS = ("free", "monthly", "yearly", "gold")


def fill(catalog: Catalog, rows: int) -> int:
    """Make the table with so many forms, of which some are about one subscriber. Gives the size of its files."""
    spec = spec_of(SignupsRaw)
    schema = iceberg_schema(spec)
    catalog.create_namespace_if_not_exists(spec.namespace)
    target = catalog.create_table(
        spec.name, schema, partition_spec=iceberg_partitions(spec, schema), properties=table_properties(spec)
    )
    chance = random.Random(7)
    made = [_form(number, chance) for number in range(rows)]
    target.append(pa.Table.from_pylist(made, schema=target.schema().as_arrow()))
    return sum(task.file.file_size_in_bytes for task in catalog.load_table(spec.name).scan().plan_files())


def _form(number: int, chance: random.Random) -> dict[str, object]:
    person = uuid.UUID(int=chance.getrandbits(128)) if number % 5 else uuid.UUID(int=number)
    name = f"{chance.getrandbits(40):x}"
    at = _START + timedelta(seconds=number)
    record = {
        "id": str(person),
        "name": f" {name[:5]}  {name[5:]}",
        "email": f"{name}@example.org" if number % 50 else name,
        "country": chance.choice(_COUNTRIES),
        "age": chance.randrange(130),
        "plan": chance.choice(_PLANS),
        "signed_up": (at - timedelta(minutes=chance.randrange(9_999))).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "referrer": f"https://example.org/?token={chance.getrandbits(448):x}",
    }
    where = {"topic": "signups", "partition": number % 4, "offset": number // 4}
    return {**where, "kafka_timestamp": at, "ingested_at": at, "dead_letter": None, "record": record}

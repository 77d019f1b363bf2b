"""Messages about people, made by Spark: any number of them, in no time, and the same each time."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.people_lake.silver import NATIONALITIES
from lakehouse.catalog.iceberg import Lake
from lakehouse.contract.conform import conform
from lakehouse.contract.ddl import full_name
from lakehouse.contract.table import spec_of
from lakehouse.domains.users.bronze import UsersRaw

_NATIONS = f"array({', '.join(repr(code) for code in NATIONALITIES)})"
_HASHES = {
    "key": "md5(cast(person AS string))",
    "sha1": "sha1(cast(person AS string))",
    "sha256": "sha2(cast(person AS string), 256)",
    "number": "abs(xxhash64(person, 5)) % 90000000 + 10000000",
    "born": "date_add(DATE '1940-01-01', cast(pmod(xxhash64(person), 22000) AS int))",
    "registered": "date_add(DATE '2005-01-01', cast(pmod(xxhash64(person, 1), 7000) AS int))",
    "nation": f"{_NATIONS}[cast(pmod(xxhash64(person, 3), 21) AS int)]",
}
_UUID = "concat_ws('-', substr(key, 1, 8), substr(key, 9, 4), substr(key, 13, 4), substr(key, 17, 4), substr(key, 21))"
_PLACES = "array('Oslo','Bergen','Lyon','Porto','Graz','Turku','Gent','Bari','Cork','Brno')"


def messages(lake: Lake, people: int, *, of: int, version: int) -> DataFrame:
    """Give a message about each of ``people`` persons, scattered over ``of`` of them.

    Rows: ``people``. Columns: those of ``bronze.users_raw``.
    """
    step = max(1, of // people)
    numbers = lake.spark.range(people).select((F.col("id") * step % of).alias("person"), F.col("id"))
    # Hashes first: what is used many times Spark does not compute in each place, where it is a column.
    hashed = numbers.selectExpr("*", *(f"{sql} AS {name}" for name, sql in _HASHES.items()))
    made = hashed.select(
        F.lit("users").alias("topic"),
        (F.col("id") % 4).cast("int").alias("partition"),
        (F.lit(version) * of + F.col("id")).alias("offset"),
        F.timestamp_seconds(F.lit(1_767_225_600 + 3_600 * version)).alias("kafka_timestamp"),
        F.timestamp_seconds(F.lit(1_767_225_600 + 3_600 * version)).alias("ingested_at"),
        _record(version).alias("record"),
        F.lit(None).cast(spec_of(UsersRaw).column("dead_letter").type).alias("dead_letter"),
    )
    return conform(made, UsersRaw)


def append_messages(lake: Lake, people: int, *, of: int, version: int) -> None:
    """Append messages to ``bronze.users_raw``."""
    messages(lake, people, of=of, version=version).writeTo(full_name(spec_of(UsersRaw), catalog=lake.name)).append()


def _record(version: int) -> Column:
    """Give the payload: what is asked of it is there, values are as long as real ones and do not repeat much."""
    fields = {
        "gender": "if(person % 2 = 0, 'female', 'male')",
        "name": "named_struct('title', 'Ms', 'first', substr(key, 1, 7), 'last', substr(key, 8, 9))",
        "location": (
            f"named_struct('street', named_struct('number', cast(person % 900 AS int), 'name', substr(key, 3, 12)), "
            f"'city', {_PLACES}[cast(pmod(xxhash64(person, 4), 10) AS int)], 'state', substr(key, 5, 8), "
            f"'country', nation, 'postcode', cast(1000 + person % 9000 AS string), 'coordinates', "
            "named_struct('latitude', cast(person % 90 AS string), 'longitude', cast(person % 180 AS string)), "
            "'timezone', named_struct('offset', '+1:00', 'description', 'Brussels, Copenhagen, Madrid, Paris'))"
        ),
        "email": f"concat(substr(key, 1, 12), '.{version}@example.org')",
        "login": (
            f"named_struct('uuid', {_UUID}, 'username', substr(key, 2, 10), 'password', substr(key, 4, 8), "
            f"'salt', substr(key, 6, 8), 'md5', key, 'sha1', sha1, 'sha256', sha256)"
        ),
        "dob": (
            "named_struct('date', concat(born, 'T04:17:18.000Z'), 'age', "
            "cast(floor(months_between(registered, born) / 12) AS int))"
        ),
        "registered": "named_struct('date', concat(registered, 'T09:10:11.000Z'), 'age', 0)",
        "phone": "concat('+47 ', number)",
        "cell": "concat('+47 ', number + 1)",
        "id": "named_struct('name', 'FN', 'value', substr(key, 9, 11))",
        "picture": (
            "named_struct('large', concat('https://example.org/l/', key), "
            "'medium', concat('https://example.org/m/', key), 'thumbnail', concat('https://example.org/t/', key))"
        ),
        "nat": "nation",
    }
    return F.struct(*(F.expr(sql).alias(name) for name, sql in fields.items()))

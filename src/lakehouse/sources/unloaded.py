"""Files that Snowflake has unloaded, as rows of a contract: those that its answer names, each counted."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as spark_types

from lakehouse.errors import SourceError
from lakehouse.sources.file_listing import Folder, spark_path

_WHOLE: dict[type[spark_types.DataType], int] = {
    spark_types.ByteType: 2**7,
    spark_types.ShortType: 2**15,
    spark_types.IntegerType: 2**31,
    spark_types.LongType: 2**63,
}


def unloaded_rows(
    spark: SparkSession, folder: Folder, names: Sequence[str], declared: spark_types.StructType, *, rows: int
) -> DataFrame:
    """Read files of a folder that was unloaded, in the types that are declared.

    Rows: those of the files that are named; others in the folder are of an attempt that nobody waited for. Cost: one
    listing and the files' footers here; Spark reads the files.

    Args:
        names: Of the files, without their folders.
        rows: How many there are in all, by Snowflake.

    Raises:
        SourceError: A file is not there, or there are other rows in them than Snowflake says.
    """
    if not names:
        return spark.createDataFrame([], declared)
    there = {one.source.rpartition("/")[2]: one for one in folder.files()[0]}
    if missing := sorted(set(names) - set(there)):
        raise SourceError(f"{folder.place}: Snowflake names files that are not there: {', '.join(missing[:3])}")
    found = [there[name] for name in names]
    counted = sum(pq.read_metadata(folder.open_file(one)).num_rows for one in found)
    if counted != rows:
        raise SourceError(f"{folder.place}: Snowflake has unloaded {rows:,} rows, in its files are {counted:,}")
    # File by file, so that no column is guessed from the name of a folder.
    read = spark.read.parquet(*(spark_path(one.source) for one in found))
    return read.select(*(_read_back(field).alias(field.name) for field in declared.fields))


def _read_back(field: spark_types.StructField) -> Column:
    value = F.col(f"`{field.name}`")
    if isinstance(field.dataType, spark_types.TimestampType):
        return F.timestamp_micros(value.cast("bigint"))
    if isinstance(field.dataType, spark_types.TimestampNTZType):
        seconds = f"CAST(CAST(`{field.name}` AS DECIMAL(20,0)) / 1000000 AS DECIMAL(18,6))"
        return F.expr(f"TIMESTAMP_NTZ'1970-01-01 00:00:00' + make_dt_interval(0, 0, 0, {seconds})")
    if isinstance(field.dataType, spark_types.BinaryType):
        return F.unhex(value)
    most = _WHOLE.get(type(field.dataType))
    if most is None:
        return value.cast(field.dataType)
    # NUMBER(10,0) holds more than an int, and a cast would make another number of it.
    told = F.concat(F.lit(f"{field.name}: no {field.dataType.simpleString()} holds "), value.cast("string"))
    fits = value.isNull() | value.between(F.lit(-most), F.lit(most - 1))
    return F.when(fits, value.cast(field.dataType)).otherwise(F.raise_error(told))

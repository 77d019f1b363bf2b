"""What a table is: columns, keys, partitioning, evolution. No I/O."""

from lakehouse.contract.build import build
from lakehouse.contract.conform import conform
from lakehouse.contract.event_time import EventTime, EventTimed, Late
from lakehouse.contract.file_record import FileRecord
from lakehouse.contract.follows import Groups, Keys, Rows, Whole
from lakehouse.contract.kafka_record import KafkaRecord
from lakehouse.contract.marks import Pii, added_later, doc, required
from lakehouse.contract.schema import ArrayType, Column, DataSet, DecimalType, MapType, Schema, StructType
from lakehouse.contract.scored import Scored
from lakehouse.contract.sql_build import sql_build
from lakehouse.contract.table import table
from lakehouse.contract.upkeep import Upkeep
from lakehouse.contract.versions import Scd2, Versioned

__all__ = [
    "ArrayType", "Column", "DataSet", "DecimalType", "EventTime", "EventTimed", "FileRecord", "Groups", "KafkaRecord",
    "Keys", "Late", "MapType", "Pii", "Rows", "Scd2", "Schema", "Scored", "StructType", "Upkeep", "Versioned", "Whole",
    "added_later", "build", "conform", "doc", "required", "sql_build", "table",
]  # fmt: skip

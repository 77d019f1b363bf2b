"""What bronze tables have in common: rows say where they came from, and dead letters stand among them."""

from __future__ import annotations

from lakehouse.contract.schema import Schema


class BronzeRecord(Schema):
    """Base of ``KafkaRecord`` and ``FileRecord``: which columns say where a row came from is what they differ in.

    Ask ``dead_letter.reason IS NULL``: it is what the table is partitioned by, so no file of the others is opened; and
    of a struct with such a field Iceberg gives one with nulls in it where there is none, so the struct is never null.
    """


def origin_of(schema: type[Schema]) -> tuple[str, ...]:
    """Give the columns of a bronze table that say where a row came from, and when.

    Raises:
        TypeError: It is no bronze table.
    """
    for base in schema.__mro__:
        if BronzeRecord in base.__bases__:
            return tuple(name for name in vars(base)["__annotations__"] if name != "dead_letter")
    raise TypeError(f"{schema.__name__} is no BronzeRecord")

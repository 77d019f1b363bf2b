"""Partition transforms as Iceberg knows them, read from text such as ``bucket(16, user_id)``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakehouse.errors import ContractError

_TIME = {"years": "year", "months": "month", "days": "day", "hours": "hour"}
_WITH_ARGUMENT = {"bucket", "truncate"}
_PATTERN = re.compile(
    r"\s*(?:(?P<transform>\w+)\s*\(\s*(?:(?P<argument>\d+)\s*,\s*)?(?P<inner>[\w.]+)\s*\)|(?P<plain>[\w.]+))\s*"
)


def quote_name(path: str) -> str:
    """Give a column, or a field of a struct by its dotted name, as SQL: names may be words of SQL or not ASCII."""
    return ".".join(f"`{part}`" for part in path.split("."))


@dataclass(frozen=True)
class PartitionField:
    """One field of a partition spec: a transform of a column, with the number that bucket and truncate take."""

    transform: str
    column: str
    argument: int | None = None

    @property
    def sql(self) -> str:
        """As Spark's ``PARTITIONED BY`` takes it."""
        column = quote_name(self.column)
        if self.transform == "identity":
            return column
        return f"{self.transform}({'' if self.argument is None else f'{self.argument}, '}{column})"

    @property
    def iceberg(self) -> str:
        """As Iceberg's metadata writes the transform: ``bucket[16]``, ``day``, ``identity``."""
        if self.argument is not None:
            return f"{self.transform}[{self.argument}]"
        return _TIME.get(self.transform, self.transform)


def parse_partition_field(text: str) -> PartitionField:
    """Read ``country``, ``days(ordered_at)``, ``bucket(16, user_id)`` or ``truncate(4, code)``.

    Raises:
        ContractError: The transform is unknown, or its number is missing, zero or too much.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ContractError(f"partition field {text!r} cannot be read: write a column, days(c), bucket(16, c), …")
    if found["plain"]:
        return PartitionField("identity", found["plain"])
    transform, argument = found["transform"], found["argument"]
    if transform not in _TIME and transform not in _WITH_ARGUMENT and transform != "identity":
        known = ", ".join(["identity", *_TIME, *sorted(_WITH_ARGUMENT)])
        raise ContractError(f"partition field {text!r}: unknown transform {transform!r}; Iceberg has {known}")
    if (transform in _WITH_ARGUMENT) != (argument is not None):
        wanted = f"{transform}(16, column)" if transform in _WITH_ARGUMENT else f"{transform}(column)"
        raise ContractError(f"partition field {text!r}: write {wanted}")
    if argument is not None and int(argument) == 0:
        raise ContractError(f"partition field {text!r}: the number of {transform} is at least 1")
    return PartitionField(transform, found["inner"], int(argument) if argument else None)


def from_iceberg(transform: str, column: str) -> PartitionField:
    """Turn what Iceberg's metadata says of a partition field into a ``PartitionField``."""
    name, _, number = transform.partition("[")
    spark_name = {iceberg: spark for spark, iceberg in _TIME.items()}.get(name, name)
    return PartitionField(spark_name, column, int(number.rstrip("]")) if number else None)

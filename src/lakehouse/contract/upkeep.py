"""``Upkeep``: when a table's files are written anew and its old snapshots expire. ``@table(…, upkeep=Upkeep(…))``."""

from __future__ import annotations

from dataclasses import dataclass, fields

from lakehouse.errors import ContractError

_RATIOS = {"delete_ratio", "small_file_ratio"}


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """Limits at which ``lakehouse maintain`` does something to a table.

    Args:
        delete_ratio: Share of rows that position deletes name; above it, their files are written anew. 1: never.
        small_file_ratio: Share of data files that are small; above it, they are put together. 1: never.
        small_file_bytes: What is a small file. Not given: a quarter of the table's ``write.target-file-size-bytes``.
        min_small_files: Fewer small files than that are left alone.
        keep_days: Younger snapshots are kept.
        keep_snapshots: So many of the newest are kept, however old.
        max_snapshots: More than so many are not, however young: each commit writes the list of them anew.

    Raises:
        ContractError: A value is out of its range.
    """

    delete_ratio: float = 0.1
    small_file_ratio: float = 0.5
    small_file_bytes: int | None = None
    min_small_files: int = 8
    keep_days: int = 5
    keep_snapshots: int = 20
    max_snapshots: int = 1_000

    def __post_init__(self) -> None:
        wrong = [found for field in fields(self) if (found := _wrong(field.name, getattr(self, field.name)))]
        if not wrong and self.max_snapshots < self.keep_snapshots:
            wrong.append(f"max_snapshots={self.max_snapshots} is below keep_snapshots={self.keep_snapshots}")
        if wrong:
            raise ContractError(f"Upkeep: {'; '.join(wrong)}")


def _wrong(name: str, value: object) -> str:
    if name == "small_file_bytes" and value is None:
        return ""
    ratio = name in _RATIOS
    is_number = isinstance(value, int | float if ratio else int) and not isinstance(value, bool)
    # A single file is as few as can be; put together, it would be one file again.
    least = 2 if name == "min_small_files" else 1
    if is_number and (0 < value <= 1 if ratio else value >= least):  # type: ignore[operator]
        return ""
    wanted = "a number above 0 and at most 1 (1: never)" if ratio else f"a whole number of at least {least}"
    return f"{name}={value!r}, which has to be {wanted}"

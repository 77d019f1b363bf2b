"""Tables of chosen files that a killed run has left are dropped, after a day, with their metadata and no data."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.table import Table

from lakehouse.catalog.file_subset import file_subset
from lakehouse.catalog.iceberg import Lake
from lakehouse.maintenance.scratch import drop, left_over
from tests.maintenance.conftest import Make, add, letters_of

# Together they take minutes: each writes Iceberg tables, some times.
pytestmark = pytest.mark.slow


def test_what_a_killed_run_has_left_is_dropped_after_a_day(lake: Lake, make: Make) -> None:
    spec = make()
    add(lake, spec, "a")
    table = lake.table(spec.name)
    head = table.current_snapshot()
    assert head is not None
    entries = [one for manifest in head.manifests(table.io) for one in manifest.fetch_manifest_entry(table.io)]
    with ExitStack() as killed:
        name = killed.enter_context(file_subset(lake.catalog, table, head, data=entries, deletes=[]))
        folder = Path(lake.table(name).location().removeprefix("file://"))
        hours = {h: left_over(lake.catalog, now=datetime.now(UTC) + timedelta(hours=h)) for h in (23, 25)}
        assert (name in _names(hours[23]), name in _names(hours[25]), folder.exists()) == (False, True, True)
        drop(lake.catalog, next(one for one in hours[25] if ".".join(one.name()) == name))
    assert (lake.find(name), folder.exists(), letters_of(lake, spec)) == (None, False, ["a"])


def _names(found: list[Table]) -> list[str]:
    return [".".join(one.name()) for one in found]

"""What warehouses read, as figures for Prometheus: a file that its node exporter picks up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lakehouse.errors import MissingExtraError
from lakehouse.serving.protocol import Probe


def write_metrics(probes: Sequence[Probe], file: Path, *, warehouse: str) -> None:
    """Write the figures of a warehouse, in one piece: a reader sees the old or the new ones.

    Units: seconds, rows. ``lakehouse_warehouse_right`` is 1 where the newest snapshot is read with all of its rows.

    Raises:
        MissingExtraError: ``prometheus-client`` is not installed.
    """
    try:
        import prometheus_client
    except ImportError as error:
        raise MissingExtraError(extra="metrics", needed_for="metrics for Prometheus") from error
    registry = prometheus_client.CollectorRegistry()

    def gauge(name: str, text: str) -> prometheus_client.Gauge:
        return prometheus_client.Gauge(
            f"lakehouse_warehouse_{name}", text, labelnames=("warehouse", "table"), registry=registry
        )

    behind = gauge("behind_seconds", "For how long the catalog has had a newer snapshot")
    rows = gauge("rows", "Rows that the warehouse counts")
    published = gauge("published_rows", "Rows of the newest snapshot")
    right = gauge("right", "Whether the newest snapshot is read with all of its rows")
    for one in probes:
        behind.labels(warehouse, one.table).set(one.behind_seconds)
        published.labels(warehouse, one.table).set(one.published_rows)
        right.labels(warehouse, one.table).set(one.right)
        if one.rows is not None:
            rows.labels(warehouse, one.table).set(one.rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    prometheus_client.write_to_textfile(str(file), registry)

"""The layers of a lake as its catalog shows them: databases in Glue, namespaces elsewhere."""

from __future__ import annotations

from pyiceberg.catalog import Catalog

_LAYERS = {
    "bronze": "Messages as they arrived, each once; what could not be read is kept beside them",
    "silver": "Cleaned rows, one per key, scored before they are published",
    "gold": "Facts, dimensions and reports, built of silver",
    "quality": "Scores and alerts of each publish",
    "ops": "What the library knows of its own work: leases, releases, publishes, lost offsets",
}


def make_namespace(catalog: Catalog, name: str) -> None:
    """Make a namespace that is not there, with a description where it is a layer that the library knows."""
    layer = _LAYERS.get(name)
    try:
        catalog.create_namespace_if_not_exists(name, {"comment": layer} if layer else {})
    except Exception:
        # Two may make it in the same moment; catalogs tell the second one in ways of their own.
        if not catalog.namespace_exists(name):
            raise

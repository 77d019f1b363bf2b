"""Avro schemas of a registry as data: names made whole, references and repetitions resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))
_NAMED = frozenset(("record", "error", "enum", "fixed"))
_KEPT = ("logicalType", "precision", "scale", "size", "symbols")


class AvroSchemaError(Exception):
    """A text is no Avro schema."""


@dataclass(frozen=True, kw_only=True)
class AvroSchema:
    """A schema whose every type has the form of an object or is the full name of one in ``named``."""

    root: Any
    named: Mapping[str, dict[str, Any]]

    def at(self, node: Any) -> Any:
        """Give what a node is: the definition behind a name."""
        return self.named[node] if isinstance(node, str) and node not in PRIMITIVES else node

    def text(self) -> str:
        """Give the schema as one text, each named type defined where it comes first."""
        return json.dumps(self.defined(self.root, set()))

    def defined(self, node: Any, seen: set[str]) -> Any:
        """Give a node in Avro's JSON; ``seen`` are the names that are defined before it, and grows."""
        if isinstance(node, str):
            if node in PRIMITIVES or node in seen:
                return node
            seen.add(node)
            return self._inside(self.named[node], seen)
        return [self.defined(one, seen) for one in node] if isinstance(node, list) else self._inside(node, seen)

    def _inside(self, node: dict[str, Any], seen: set[str]) -> dict[str, Any]:
        made = {name: value for name, value in node.items() if name != "aliases"}
        if node["type"] == "record":
            made["fields"] = [{"name": f["name"], "type": self.defined(f["type"], seen)} for f in node["fields"]]
        for inner in ("items", "values"):
            if inner in node:
                made[inner] = self.defined(node[inner], seen)
        return made


def parse_avro(text: str, references: Sequence[str] = ()) -> AvroSchema:
    """Read a schema, after those that it refers to, each after its own.

    Documentation, defaults and aliases of types are left out: none of them is needed to read what was written.

    Raises:
        AvroSchemaError: It is no Avro schema, or names a type that is not there.
    """
    names = _Names({})
    try:
        for one in references:
            names.node(json.loads(one), "")
        root = names.node(json.loads(text), "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AvroSchemaError(f"it is no Avro schema ({type(error).__name__}: {error})") from error
    return AvroSchema(root=root, named=names.known)


@dataclass(frozen=True)
class _Names:
    known: dict[str, dict[str, Any]]

    def node(self, node: Any, space: str) -> Any:
        if isinstance(node, str):
            return node if node in PRIMITIVES else self._reference(node, space)
        if isinstance(node, list):
            return [self.node(one, space) for one in node]
        return self._object(node, node["type"], space)

    def _object(self, node: dict[str, Any], kind: Any, space: str) -> Any:
        if not isinstance(kind, str):
            return self.node(kind, space)
        if kind in _NAMED:
            return self._definition(node, kind, space)
        if kind in ("array", "map"):
            inner = "items" if kind == "array" else "values"
            return {"type": kind, inner: self.node(node[inner], space)}
        if kind not in PRIMITIVES:
            return self._reference(kind, space)
        kept = {name: node[name] for name in _KEPT if name in node}
        return {"type": kind, **kept} if kept else kind

    def _reference(self, name: str, space: str) -> str:
        for full in (_full(name, space), _full(name, "")):
            if full in self.known:
                return full
        raise AvroSchemaError(f"it names the type {name}, which is neither in it nor in its references")

    def _definition(self, node: dict[str, Any], kind: str, space: str) -> str:
        own = node.get("namespace", space) or ""
        name = str(node["name"])
        space = name.rpartition(".")[0] if "." in name else own
        full = _full(name, own)
        kind = "record" if kind == "error" else kind
        # Known before its fields are read: they may have this very type.
        made = {"type": kind, "name": full, **{key: node[key] for key in _KEPT if key in node}}
        self.known[full] = made
        if kind == "record":
            made["fields"] = [
                {"name": f["name"], "type": self.node(f["type"], space), "aliases": tuple(f.get("aliases", ()))}
                for f in node["fields"]
            ]
        return full


def _full(name: str, space: str) -> str:
    """Give a full name, in a space of ours: a name without any would be looked for in that of the type around it."""
    return f"w.{name}" if "." in name or not space else f"w.{space}.{name}"

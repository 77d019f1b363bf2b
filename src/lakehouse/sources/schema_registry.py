"""A schema registry as Confluent's clients know it: schemas by their id, and the ids of a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from lakehouse.errors import SourceError
from lakehouse.sources.http_client import HttpClient
from lakehouse.sources.patience import Patience

_ACCEPT = "application/vnd.schemaregistry.v1+json, application/json"


@dataclass(frozen=True, kw_only=True)
class RegisteredSchema:
    """A schema of a registry: its kind (``AVRO``, ``JSON``, ``PROTOBUF``), its text, and those that it refers to, each
    after its own."""

    id: int
    kind: str
    text: str
    references: tuple[str, ...] = ()


@dataclass(kw_only=True)
class SchemaRegistry:
    """Asks a registry. A schema that has come is kept: an id never gets another one.

    While the registry does not answer it is asked again, as long as ``patience`` says.

    Args:
        url: Its address, with the path where the registry's API is.
        authorization: Gives the value of the header of that name when it is needed; it never shows.
        patience: How long to wait for an answer.
    """

    url: str
    authorization: Callable[[], str] | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience)
    _known: dict[int, RegisteredSchema] = field(default_factory=dict, repr=False)

    def schema(self, schema_id: int) -> RegisteredSchema | None:
        """Give the schema of an id, None where the registry has none. Cost: a request for it and each reference, once.

        Raises:
            SourceError: The registry did not answer in time, or refuses.
        """
        if schema_id not in self._known:
            # Ids are positive; garbage may name others, which some registries call a fault of theirs.
            found = self._get(f"schemas/ids/{schema_id}") if schema_id >= 0 else None
            if found is None:
                return None
            self._known[schema_id] = RegisteredSchema(
                id=schema_id,
                kind=found.get("schemaType") or "AVRO",
                text=str(found["schema"]),
                references=tuple(self._references(found, set())),
            )
        return self._known[schema_id]

    def known(self, schema_id: int) -> bool:
        """Tell whether a schema is here already."""
        return schema_id in self._known

    def ids(self, subject: str) -> tuple[int, ...]:
        """Give the ids of a subject's versions, the oldest first; none where there is no such subject.

        Cost: a request for each version.

        Raises:
            SourceError: The registry did not answer in time, or refuses.
        """
        versions = self._get(f"subjects/{quote(subject, safe='')}/versions") or ()
        found = (self._version(subject, version) for version in versions)
        return tuple(int(one["id"]) for one in found if one is not None)

    def _references(self, schema: dict[str, Any], seen: set[tuple[str, int]]) -> Iterator[str]:
        for one in schema.get("references") or ():
            place = (str(one["subject"]), int(one["version"]))
            if place in seen:
                continue
            seen.add(place)
            found = self._version(*place)
            if found is not None:
                yield from self._references(found, seen)
                yield str(found["schema"])

    def _version(self, subject: str, version: int) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._get(f"subjects/{quote(subject, safe='')}/versions/{version}")
        return found

    def _get(self, path: str) -> Any:
        client = HttpClient(
            what=f"the schema registry at {self.url}",
            headers={"Accept": _ACCEPT},
            authorization=self.authorization,
            patience=self.patience,
        )
        return self._content(client.get(f"{self.url.rstrip('/')}/{path}"), path)

    def _content(self, answer: requests.Response, path: str) -> Any:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status_code == 200 and content is not None:
            return content
        if answer.status_code == 404 and isinstance(content, dict) and "error_code" in content:
            return None
        todo = "check registry.auth" if answer.status_code in (401, 403) else "check registry.url, its path included"
        raise SourceError(
            f"{self.url}/{path} answered HTTP {answer.status_code}, not as a schema registry does: {todo}"
        )

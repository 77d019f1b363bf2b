"""A section of the settings: frozen, without unknown keys, and with its secrets masked wherever it is shown."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from lakehouse.config.secrets import mask


class Section(BaseModel):
    """What all sections have in common."""

    # Pydantic's own error would have the input in its text, and with it a secret that stands where none may.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> list[tuple[str | None, object]]:
        return [(name, _masked(name or "", value)) for name, value in super().__repr_args__()]

    @model_serializer(mode="wrap")
    def _dump_masked(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A dump ends in a log or a report sooner or later; whoever needs a value reads the attribute.
        return {name: _masked(name, value) for name, value in dump(self).items()}


def _masked(name: str, value: object) -> object:
    if isinstance(value, dict):
        return {key: _masked(str(key), inner) for key, inner in value.items()}
    return mask(name, value)

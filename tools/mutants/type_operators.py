"""What else a field could hold, by its schema's type alone, independent of the model and the catalogue.

Sources: the OpenAPI schemas of Kubernetes and Istio (canary_conformance.model.schemas).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from canary_conformance.model.schemas.schema_store import KindSchema, Schema

Names = Mapping[str, Sequence[str]]
"""The words that the manifests hold under each key: what another name can be."""

_INT_OR_STRING = "x-kubernetes-int-or-string"
_NUMBERS = (0, 1, -1, 65536)
_QUANTITIES = ("0", "1", "1Gi")
# A custom kind's schema calls a duration a string; the API server refuses these where they do not fit.
_DURATIONS = ("0s", "1ms", "1h")
_OTHER_WORD = "other"
_DEEPEST = 5


def other_values(known: KindSchema, schema: Schema, key: str, value: Any, names: Names) -> Iterator[Any]:
    """Yield what a field that is there could hold instead of its value."""
    schema = known.resolve(schema)
    candidates: Iterable[Any]
    if isinstance(value, list):
        candidates = _other_lists(value)
    elif isinstance(value, dict):
        candidates = [{}]
    elif isinstance(value, bool):
        candidates = [not value]
    elif isinstance(value, int):
        candidates = [*_NUMBERS, value + 1, value - 1]
    else:
        changed = [str(value).upper(), f"{value}.", f"{value}x"] if value else []
        candidates = [*scalars(known, schema, key, names), *changed]
    seen = [value]
    for candidate in candidates:
        if not any(candidate == one and type(candidate) is type(one) for one in seen):
            seen.append(candidate)
            yield candidate


def scalars(known: KindSchema, schema: Schema, key: str, names: Names) -> Iterator[Any]:
    """Yield the values of a field of a single value: enumerated ones, boundaries, other names."""
    form = schema.get("format", "")
    kind = schema.get("type", "")
    if schema.get("enum"):
        yield from schema["enum"]
    elif form == "quantity":
        yield from _QUANTITIES
    elif form == "int-or-string" or schema.get(_INT_OR_STRING):
        yield from (0, 1, "1", "100%", *names.get(key, ())[:2])
    elif kind == "boolean":
        yield from (True, False)
    elif kind in {"integer", "number"}:
        yield from _NUMBERS
    elif form == "date-time":
        yield "2020-01-01T00:00:00Z"
    elif form == "byte":
        yield from ("", "b3RoZXI=")
    elif kind == "string":
        yield from (*names.get(key, ()), _OTHER_WORD, "")
        if known.custom:
            yield from _DURATIONS


def added(
    known: KindSchema, schema: Schema, key: str, names: Names, depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """Yield (what is set below the field, value) for each leaf that a field which is not there could have.

    What the schema requires beside a leaf has the first value of its type.
    """
    schema = known.resolve(schema)
    if depth > _DEEPEST:
        return
    if schema.get("type") == "array":
        for words, item in added(known, schema.get("items", {}), key, names, depth + 1):
            yield f"[]{words}", [item]
    elif "properties" in schema:
        yield from _maps(known, schema, names, depth)
    elif isinstance(others := schema.get("additionalProperties"), dict):
        for words, part in added(known, others, key, names, depth + 1):
            yield f".{_OTHER_WORD}{words}", {_OTHER_WORD: part}
    elif schema.get("type") == "object":
        yield " {}", {}
    else:
        for value in scalars(known, schema, key, names):
            yield f" {value!r}", value


def _maps(known: KindSchema, schema: Schema, names: Names, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield a map with what the schema requires, alone and with each other field."""
    required = _required(known, schema, names, depth)
    yield " {}", required
    for name, field in schema["properties"].items():
        for words, part in added(known, field, name, names, depth + 1):
            yield f".{name}{words}", {**required, name: part}


def _required(known: KindSchema, schema: Schema, names: Names, depth: int) -> dict[str, Any]:
    """Return a map with what the schema requires, each field with the first value that it can have."""
    found = {}
    for name in schema.get("required", ()):
        field = schema.get("properties", {}).get(name, {})
        found[name] = next((value for _, value in added(known, field, name, names, depth + 1)), _OTHER_WORD)
    return found


def _other_lists(items: list[Any]) -> Iterator[list[Any]]:
    yield []
    if items:
        yield [*items, items[-1]]
        yield items[:-1]
        yield items[1:]
        yield items[::-1]

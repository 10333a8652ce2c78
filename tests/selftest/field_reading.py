"""Which fields of manifests the model reads: bodies that record it, and objects that have a certain field.

A field counts as read where code asks a mapping for its key, and a mapping as a whole where its entries are
asked for; walking over all there is, as the table of fields itself does, reads nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pytest

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.schemas.schema_store import KindSchema, Schema

Path = tuple[str, ...]
_ANY = "*"


class Recorded(dict[str, Any]):
    """A mapping that notes under which paths it is asked for keys; items of lists are stars."""

    def __init__(self, value: Mapping[str, Any], path: Path, read: set[Path]) -> None:
        super().__init__({key: recorded(part, (*path, key), read) for key, part in value.items()})
        self.path, self.read = path, read

    def __getitem__(self, key: str) -> Any:
        self.read.add((*self.path, key))
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add((*self.path, key))
        return super().get(key, default)


def recorded(value: Any, path: Path, read: set[Path]) -> Any:
    """Return a value whose mappings note what is asked of them."""
    if isinstance(value, dict):
        return Recorded(value, path, read)
    return [recorded(part, (*path, _ANY), read) for part in value] if isinstance(value, list) else value


def record_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parts note that all entries of a mapping are read, or those that are not supported."""
    plain, silent = Part.entries, [False]

    def entries(part: Part) -> dict[str, Part]:
        if isinstance(part.value, Recorded) and not silent[0]:
            part.value.read.add((*part.value.path, _ANY))
        return plain(part)

    def only(part: Part, spoken: Collection[str]) -> None:
        silent[0] = True
        found = part.entries()
        silent[0] = False
        for key, below in found.items():
            if key not in spoken and below and isinstance(part.value, Recorded):
                part.value.read.add((*part.value.path, key))
                below.problem("the model does not support this field")

    monkeypatch.setattr(Part, "entries", entries)
    monkeypatch.setattr(Part, "only", only)


def is_read(path: Path, read: Collection[Path]) -> bool:
    """Return whether a path of the table was read; that of an item is read with its list or mapping."""
    while path and path[-1] == _ANY and path not in read:
        path = path[:-1]
    return any(len(one) == len(path) and all(map(_fits, path, one)) for one in read)


def _fits(wanted: str, name: str) -> bool:
    return wanted in {_ANY, name}


def leaves(known: KindSchema, schema: Schema, path: Path = ()) -> Iterator[Path]:
    """Yield every path at which a schema declares a value; items of lists and maps are stars."""
    schema = known.resolve(schema)
    others = schema.get("additionalProperties")
    if properties := schema.get("properties"):
        for name, part in properties.items():
            yield from leaves(known, part, (*path, name))
    elif "items" in schema:
        yield from leaves(known, schema["items"], (*path, _ANY))
    elif isinstance(others, dict):
        yield from leaves(known, others, (*path, _ANY))
    else:
        yield path


def put(known: KindSchema, schema: Schema, holder: Any, path: Sequence[str]) -> Any:
    """Return what a holder becomes with some value of its schema at a path."""
    schema = known.resolve(schema)
    if not path:
        return holder or _example(known, schema)
    name, *rest = path
    if "items" in schema:
        first, *others = holder or [None]
        return [put(known, schema["items"], first, rest), *others]
    below = dict(holder) if isinstance(holder, dict) else {}
    part = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
    key = "a" if name == _ANY else name
    if name == _ANY and below:
        key = next(iter(below))
    below[key] = put(known, part, below.get(key), rest)
    return below


def _example(known: KindSchema, schema: Schema) -> Any:
    match schema.get("type"):
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "array":
            return [_example(known, known.resolve(schema.get("items", {})))]
        case "object":
            properties = schema.get("properties") or {"a": schema.get("additionalProperties") or {}}
            name, part = next(iter(properties.items()))
            return {name: _example(known, known.resolve(part))}
        case _:
            return next(iter(schema.get("enum", ())), "1")

"""Every change of the manifests that the schemas of their kinds allow: each field path of each object.

A field that is there is dropped, or holds what else its type can hold; an optional field that is not there is
added, with each leaf below it. So the changes come from the kinds' own definitions, and not from what this
suite knows of them (tools.mutants.field_operators is that).
"""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import yaml

from canary_conformance.errors import BadInput
from canary_conformance.model.schemas.declared_fields import field_schema
from canary_conformance.model.schemas.schema_store import KindSchema, Schema, kind_schema
from tools.mutants.edit_sites import Source
from tools.mutants.mutant import short_file
from tools.mutants.type_operators import Names, added, other_values

Path = tuple[str | int, ...]
_DROPPED = object()
# What an object is called is what makes it this object; its kind is another schema.
_IDENTITY: frozenset[Path] = frozenset({("apiVersion",), ("kind",), ("metadata", "name"), ("status",)})


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One field of one object of one file, with what it holds instead; `field` is the same in every object.

    `area` is what it is about: the kind and the first fields of the path.
    """

    file: str
    raw: bytes = field(repr=False)
    ref: str
    document: int
    path: Path
    field: str
    value: Any
    words: str

    @property
    def name(self) -> str:
        """Return the change in words."""
        return f"{short_file(self.file)} {self.ref}:{_text(self.path)}{self.words}"

    @property
    def area(self) -> str:
        """Return the kind with the field's first parts, as deep as pods and routes have subjects."""
        kind = self.ref.partition("/")[0]
        deep = 5 if self.field.startswith("spec.template.spec") else 3
        return f"{kind}:{'.'.join(self.field.split('.')[:deep])}"

    @property
    def overlay(self) -> Mapping[str, bytes]:
        """Return the file with this change alone."""
        return overlay_of([self])

    def body(self) -> dict[str, Any]:
        """Return the changed object."""
        documents = list(yaml.safe_load_all(self.overlay[self.file]))
        return dict(documents[self.document])

    def conflicts_with(self, other: SchemaChange) -> bool:
        """Return whether one of two changes lies in what the other one replaces."""
        if (self.file, self.document) != (other.file, other.document):
            return False
        common = min(len(self.path), len(other.path))
        return self.path[:common] == other.path[:common]


def overlay_of(changes: Iterable[SchemaChange]) -> Mapping[str, bytes]:
    """Return the files with all changes made; no two of them may be in conflict."""
    by_file: dict[str, list[SchemaChange]] = defaultdict(list)
    for change in changes:
        by_file[change.file].append(change)
    overlay = {}
    for file, ours in by_file.items():
        documents = [one for one in yaml.safe_load_all(ours[0].raw) if one is not None]
        for change in ours:
            _make(documents[change.document], change)
        overlay[file] = yaml.safe_dump_all(documents, sort_keys=False).encode("utf-8")
    return overlay


def schema_changes(sources: Sequence[Source]) -> Iterator[SchemaChange]:
    """Yield every change of every object. Raises BadInput for a kind without a schema."""
    names = _names(sources)
    for source in sources:
        for number, manifest in enumerate(source.manifests):
            known = kind_schema(manifest.api_version, str(manifest.body["kind"]))
            if known is None:
                raise BadInput(f"{manifest.place}: no schema of {manifest.api_version} {manifest.ref.kind}")
            # As it is written: the loaded one has the namespace, too.
            body = [one for one in yaml.safe_load_all(source.raw) if one is not None][number]
            walk = _Walk(source, number, str(manifest.ref), known, names)
            yield from walk.below(known.root, body, ())


def sample(changes: Iterable[SchemaChange], seed: int, limit: int | None) -> tuple[SchemaChange, ...]:
    """Return one change for each field, way and kind, in an order that the seed decides, at most `limit`.

    The areas take turns, so that the hundreds of kinds of volumes leave room for the ports of a Service.
    """
    chance = random.Random(seed)  # noqa: S311 (a sample that anyone can draw again)
    alike: dict[tuple[str, str, str], list[SchemaChange]] = defaultdict(list)
    for change in changes:
        alike[change.ref.partition("/")[0], change.field, change.words].append(change)
    areas: dict[str, list[SchemaChange]] = defaultdict(list)
    for same in alike.values():
        chosen = chance.choice(same)
        areas[chosen.area].append(chosen)
    queues = list(areas.values())
    chance.shuffle(queues)
    for queue in queues:
        chance.shuffle(queue)
    turns = chain.from_iterable(
        [queue.pop() for queue in queues if queue] for _ in range(max(map(len, queues)))
    )
    ordered = tuple(turns)
    return ordered if limit is None else ordered[:limit]


@dataclass(frozen=True, slots=True)
class _Walk:
    """One object's fields, walked beside its schema."""

    source: Source
    document: int
    ref: str
    known: KindSchema
    names: Names

    def below(self, schema: Schema, value: Any, path: Path) -> Iterator[SchemaChange]:
        schema = self.known.resolve(schema)
        if isinstance(value, dict):
            for name in [
                *schema.get("properties", {}),
                *(key for key in value if key not in schema.get("properties", {})),
            ]:
                below = field_schema(schema, name)
                if below is not None and (*path, name) not in _IDENTITY:
                    yield from self._field(below, value, (*path, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.below(schema.get("items", {}), item, (*path, index))

    def _field(self, schema: Schema, parent: Mapping[str, Any], path: Path) -> Iterator[SchemaChange]:
        name = str(path[-1])
        if name not in parent:
            for words, value in added(self.known, schema, name, self.names):
                yield self._change(path, value, f" added{words}")
            return
        if path != ("metadata",):
            yield self._change(path, _DROPPED, " dropped")
            for value in other_values(self.known, schema, name, parent[name], self.names):
                yield self._change(path, value, f" becomes {value!r}")
        yield from self.below(schema, parent[name], path)

    def _change(self, path: Path, value: Any, words: str) -> SchemaChange:
        generic = ".".join("[]" if isinstance(part, int) else part for part in path)
        return SchemaChange(
            self.source.file, self.source.raw, self.ref, self.document, path, generic, value, words
        )


def _make(document: Any, change: SchemaChange) -> None:
    parent = document
    for part in change.path[:-1]:
        parent = parent[part]
    if change.value is _DROPPED:
        del parent[change.path[-1]]
    else:
        parent[change.path[-1]] = copy.deepcopy(change.value)


def _names(sources: Iterable[Source]) -> Names:
    """Return the words under each key of all manifests, in their order."""
    found: dict[str, dict[str, None]] = defaultdict(dict)

    def look(key: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, part in value.items():
                look(str(name), part)
        elif isinstance(value, list):
            for part in value:
                look(key, part)
        elif isinstance(value, str):
            found[key][value] = None

    for source in sources:
        for manifest in source.manifests:
            look("", manifest.body)
    return {key: tuple(words) for key, words in found.items()}


def _text(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")

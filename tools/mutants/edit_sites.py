"""Every place of the scenario's files where a mistake can be made: each key and each item of each object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from canary_conformance.errors import BadInput
from canary_conformance.scenario.manifests import Manifest, load_manifests
from canary_conformance.scenario.places import Place
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE, load_scenario
from tools.mutants.edits import Path as YamlPath
from tools.mutants.edits import YamlText

_IN_BRACKETS = re.compile(r"\[[^]]*\]")


@dataclass(frozen=True)
class Source:
    """A file of the scenario, the stage that first applies it (0: scenario.yaml), and its objects."""

    file: str
    raw: bytes = field(repr=False)
    stage: int
    manifests: tuple[Manifest, ...] = field(default=(), repr=False)

    @cached_property
    def yaml(self) -> YamlText:
        """The file's text with its nodes; one document for each object."""
        return YamlText.parse(self.raw.decode("utf-8"))

    def document(self, ref: str) -> int:
        """Return the number of the document that holds an object ("Service/voting-app").

        Raises LookupError when the file has no such object.
        """
        for number, manifest in enumerate(self.manifests):
            if str(manifest.ref) == ref:
                return number
        raise LookupError(f"{self.file} has no {ref}")


@dataclass(frozen=True)
class Site:
    """A key or an item: where it is and what it holds. `document` is the object's number in its file."""

    source: Source = field(repr=False)
    document: int
    path: YamlPath
    node: yaml.Node = field(repr=False)

    @property
    def ref(self) -> str:
        """Return the object as "Kind/name"."""
        return str(self.source.manifests[self.document].ref)

    @property
    def kind(self) -> str:
        """Return the object's kind."""
        return self.source.manifests[self.document].ref.kind

    @cached_property
    def words(self) -> str:
        """The path for people: "spec.ports[http].port", an item by its name where it has one."""
        value: Any = self.source.manifests[self.document].body
        text = ""
        for part in self.path:
            value = value[part]
            name = value.get("name") if isinstance(part, int) and isinstance(value, Mapping) else None
            text += f"[{name or part}]" if isinstance(part, int) else f".{part}"
        return text.removeprefix(".")

    @property
    def subject(self) -> str:
        """Return object and path: "Service/voting-app:spec.ports[http].port"."""
        return f"{self.ref}:{self.words}"

    @property
    def field(self) -> str:
        """Return the path without what is in brackets: the same for all items of a list."""
        return _IN_BRACKETS.sub("[]", self.words)

    @property
    def value(self) -> str | None:
        """Return a scalar's value as it is written, without quotes; None for a mapping or a list."""
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else None

    @property
    def siblings(self) -> int:
        """Return how many entries the mapping or list has that this is one of, itself included."""
        return len(self.source.yaml.entry(self.document, self.path).neighbours)

    @property
    def place(self) -> Place:
        """Return the file and line."""
        return Place(self.source.file, self.source.yaml.line(self.document, self.path))


def sources_of(folder: Path) -> tuple[Source, ...]:
    """Return the scenario's files in the order in which they are applied, scenario.yaml first.

    Raises BadInput for a folder that can't be judged: mistakes are made in manifests that have none.
    """
    scenario = load_scenario(folder)
    manifests = load_manifests(folder, scenario)
    first: dict[str, int] = {}
    for stage in scenario.stages:
        for file in stage.files():
            first.setdefault(file, stage.number)
    found = [Source(SCENARIO_FILE, (folder / SCENARIO_FILE).read_bytes(), 0)]
    for file, stage_number in first.items():
        source = Source(file, (folder / file).read_bytes(), stage_number, manifests.files[file])
        if len(source.yaml.documents) != len(source.manifests):
            raise BadInput(f"{file} has a document that holds nothing: leave it out")
        found.append(source)
    return tuple(found)


def sites_of(source: Source) -> Iterator[Site]:
    """Yield every key and item of every object of a file, each before those within it."""
    for number in range(len(source.manifests)):
        yield from _below(source, number, (), source.yaml.documents[number])


def _below(source: Source, document: int, path: YamlPath, node: yaml.Node) -> Iterator[Site]:
    steps: list[tuple[str | int, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        steps = [(str(key.value), value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        steps = list(enumerate(node.value))
    for part, value in steps:
        yield Site(source, document, (*path, part), value)
        yield from _below(source, document, (*path, part), value)

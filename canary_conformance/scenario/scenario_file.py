"""The shape of scenario.yaml: its keys, their types, the order of its stages; nothing about other files.

Reading goes on after a mistake and fills the gap with an empty value, so that one refusal lists every
mistake; with any mistake at all there is no scenario.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from canary_conformance.scenario.kinds import listed_kind_problem
from canary_conformance.scenario.mesh_facts import NO_FACTS, MeshFacts, read_mesh_facts
from canary_conformance.scenario.places import Finding, Place, refuse
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, Scenario, Stage, Step, WaitFor
from canary_conformance.scenario.yaml_files import Document, YamlFile

Keys = tuple[str | int, ...]


_NAMESPACE_KIND = "Namespace"
# Unlike null, which someone wrote.
_ABSENT: Final = object()

_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
# Kubernetes, "Object Names and IDs" (a DNS label) and "Labels and Selectors" (syntax and character set).
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"([a-z0-9][a-z0-9.-]{0,252}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_LONGEST_PATH = 250
_LAST_STAGE = 99


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario as its file has it, and the place where each stage (by its number) applies each file."""

    scenario: Scenario
    places: Mapping[tuple[int, str], Place] = field(hash=False)


def parse_scenario_file(source: YamlFile, heading: str) -> ScenarioFile:
    """Return the scenario that a file describes; raises BadInput under the heading, listing every mistake."""
    refuse(heading, source.findings)
    if len(source.documents) != 1:
        count = len(source.documents)
        refuse(
            heading,
            [Finding(Place(source.name, 1), f"must be one YAML document, not {count}")],
        )
    reading = _Reading(source.documents[0])
    scenario = reading.scenario()
    refuse(heading, sorted(reading.findings))
    return ScenarioFile(scenario, MappingProxyType(reading.places))


class _Reading:
    """One pass over the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.findings: list[Finding] = []
        self.places: dict[tuple[int, str], Place] = {}

    def scenario(self) -> Scenario:
        self._keys((), required=("name", "namespace", "stages"), optional=("mesh",))
        self._keys(("namespace",), required=("name",), optional=("labels",))
        return Scenario(
            name=self._text(("name",), _WORDS, "a short name"),
            namespace=self._text(("namespace", "name"), _NAMESPACE, "a namespace's name"),
            namespace_labels=MappingProxyType(self._labels(("namespace", "labels"))),
            stages=self._stages(("stages",)),
            mesh=self._mesh(),
            label_places=MappingProxyType(self._label_places(("namespace", "labels"))),
        )

    def _mesh(self) -> MeshFacts:
        value = self._at("mesh")
        return NO_FACTS if value is _ABSENT else read_mesh_facts(value, self._find)

    def _label_places(self, path: Keys) -> dict[str, Place]:
        value = self._at(*path)
        if not isinstance(value, dict):
            return {"": self._document.place_of("namespace")}
        places = {key: self._document.place_of(*path, key) for key in value}
        return {"": self._document.place_of(*path), **places}

    def _labels(self, path: Keys) -> dict[str, str]:
        value = self._at(*path)
        if value is _ABSENT:
            return {}
        if not isinstance(value, dict):
            self._find(path, "has to hold labels, like istio-injection: enabled")
            return {}
        labels = {}
        for key in value:
            if not _LABEL_KEY.fullmatch(key):
                self._find((*path, key), "can't be the key of a label")
            else:
                labels[key] = self._text((*path, key), _LABEL_VALUE, "a label's value")
        return labels

    def _stages(self, path: Keys) -> tuple[Stage, ...]:
        stages = tuple(self._stage((*path, index)) for index in range(self._length(path)))
        if not stages and isinstance(self._at(*path), list):
            self._find(path, "has no stage")
        last = 0
        for index, number in enumerate(stage.number for stage in stages):
            if number == last != 0:
                self._find((*path, index, "number"), f"is {number} again")
            elif 0 < number < last:
                self._find((*path, index, "number"), f"is {number}, after stage {last}")
            last = max(last, number)
        return stages

    def _stage(self, path: Keys) -> Stage:
        self._keys(path, required=("number", "name", "steps"))
        number = self._number((*path, "number"))
        steps = [
            self._step((*path, "steps", index), number) for index in range(self._length((*path, "steps")))
        ]
        if self._at(*path, "steps") == []:
            self._find(
                (*path, "steps"), "has no step: leave out a stage that can't be made, it is not judged then"
            )
        name = self._text((*path, "name"), _WORDS, "a short name")
        return Stage(number, name, tuple(step for step in steps if step is not None))

    def _step(self, path: Keys, stage: int) -> Step | None:
        value = self._at(*path)
        if isinstance(value, dict) and "delete" in value and "apply" not in value:
            self._keys(path, required=("delete",))
            objects = self._objects((*path, "delete"))
            if not objects and value["delete"] == []:
                self._find((*path, "delete"), "deletes nothing")
            return Delete(objects)
        if isinstance(value, dict) and "apply" in value:
            return self._apply(path, stage)
        self._find(path, "must be a step with the key apply or delete")
        return None

    def _apply(self, path: Keys, stage: int) -> Apply:
        self._keys(path, required=("apply", "wait_for"), optional=("created", "configured"))
        file = self._file((*path, "apply"))
        self.places.setdefault((stage, file), self._document.place_of(*path, "apply"))
        created, configured = self._objects((*path, "created")), self._objects((*path, "configured"))
        both = sorted(set(created) & set(configured))
        if both:
            self._find((*path, "configured"), f"has {both[0]}, which is created too")
        if all(self._at(*path, key) in (_ABSENT, []) for key in ("created", "configured")):
            self._find((*path, "apply"), "has neither created nor configured objects")
        waits = (*path, "wait_for")
        return Apply(file, created, configured, self._wait_for(waits), self._document.place_of(*waits))

    def _wait_for(self, path: Keys) -> WaitFor:
        value = self._at(*path)
        if value in list(WaitFor):
            return WaitFor(value)
        if value is not _ABSENT:
            self._find(path, f"must be {' or '.join(WaitFor)}")
        return WaitFor.PODS

    def _objects(self, path: Keys) -> tuple[ObjectRef, ...]:
        objects: list[ObjectRef] = []
        for index in range(self._length(path)):
            ref = self._object((*path, index))
            if ref in objects:
                self._find((*path, index), f"has {ref} twice")
            elif ref is not None:
                objects.append(ref)
        return tuple(objects)

    def _object(self, path: Keys) -> ObjectRef | None:
        value = self._at(*path)
        if not isinstance(value, str) or len(value) > _LONGEST_PATH:
            self._find(path, "must be an object like Deployment/voting-app-1-0")
            return None
        try:
            ref = ObjectRef.parse(value)
        except ValueError as problem:
            self._find(path, f"is not a valid object: {problem}")
            return None
        unknown = listed_kind_problem(ref.kind)
        if unknown:
            self._find(path, f"is not a valid object: {unknown}")
        elif ref.kind == _NAMESPACE_KIND and ref.name != self._at("namespace", "name"):
            self._find(path, f"has {ref}: the only namespace that a scenario may change is its own")
        return ref

    def _file(self, path: Keys) -> str:
        value = self._at(*path)
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= _LONGEST_PATH:
            self._find(path, "must be the path of a file")
            return ""
        parts = PurePosixPath(value).parts
        if "\\" in value or PurePosixPath(value).is_absolute() or ".." in parts:
            self._find(path, f"{value!r} leaves the manifests folder")
        elif str(PurePosixPath(value)) != value or value == ".":
            self._find(path, f"{value!r} isn't the plain path of a file")
        return value

    def _number(self, path: Keys) -> int:
        value = self._at(*path)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LAST_STAGE:
            return value
        if value is not _ABSENT:
            self._find(path, f"must be a number from 1 to {_LAST_STAGE}")
        return 0

    def _text(self, path: Keys, pattern: re.Pattern[str], what: str) -> str:
        value = self._at(*path)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        if value is not _ABSENT:
            self._find(path, f"must be {what}")
        return ""

    def _length(self, path: Keys) -> int:
        value = self._at(*path)
        if isinstance(value, list):
            return len(value)
        if value is not _ABSENT:
            self._find(path, "must be a list")
        return 0

    def _keys(self, path: Keys, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        value = self._at(*path)
        if value is _ABSENT:
            return
        if not isinstance(value, dict):
            self._find(path, f"must have the keys {', '.join(required)}")
            return
        for key in required:
            if key not in value:
                self._find(path, f"has no {key}")
        for key in value:
            if key not in {*required, *optional}:
                near = difflib.get_close_matches(key, [*required, *optional], n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self._find((*path, key), f"is unknown{hint}")

    def _at(self, *path: str | int) -> Any:
        value: Any = self._document.data
        for part in path:
            try:
                value = value[part]
            except (LookupError, TypeError):
                return _ABSENT
        return value

    def _find(self, path: Keys, sentence: str) -> None:
        shown = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part[:60]}" for part in path
        ).removeprefix(".")
        self.findings.append(Finding(self._document.place_of(*path), f"{shown or 'the scenario'} {sentence}"))

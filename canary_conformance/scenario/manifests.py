"""The manifests folder as values: every object of every file, with the line of each of its parts.

Reading collects all that is wrong and refuses once, before any cluster is made. What the API server would
refuse by schema is left to it (R0.1); refused here is what can't be the scenario at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canary_conformance.scenario.kinds import kind_name
from canary_conformance.scenario.object_checks import object_problems, unpacked
from canary_conformance.scenario.places import Finding, Place, refuse
from canary_conformance.scenario.stages import ObjectRef, Scenario
from canary_conformance.scenario.yaml_files import Document, YamlFile, parse_yaml, read_yaml

_CONCERN = re.compile(r"(?P<ref>[^:]+)(?::(?P<path>[^.\[\]]+(?:\.[^.\[\]]+|\[[0-9]+\])*))?")
_PATH_PART = re.compile(r"\[(?P<index>[0-9]+)\]|(?P<key>[^.\[\]]+)")


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """One object of a file: `body` is what is applied, and isn't to be changed.

    Equal is only the very one: another of the same content may have its parts in other lines.
    """

    ref: ObjectRef
    api_version: str
    place: Place
    body: Mapping[str, Any] = field(repr=False)
    document: Document = field(repr=False)

    def place_of(self, *path: str | int) -> Place:
        """Return where the path (keys, and indexes of lists) leads, or the deepest part of it that exists."""
        return self.document.place_of(*path)


@dataclass(frozen=True, slots=True)
class Concern:
    """What a verdict points at: an object, and a path within it; str is "Kind/name:path.to[0].field"."""

    ref: ObjectRef
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        path = "".join(parts).removeprefix(".")
        return f"{self.ref}:{path}" if path else str(self.ref)

    @classmethod
    def parse(cls, text: str) -> Concern:
        """Read "Kind/name" or "Kind/name:path.to[0].field"; raises ValueError for anything else."""
        match = _CONCERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} isn't like Kind/name:path.to[0].field")
        parts = _PATH_PART.finditer(match["path"] or "")
        path = tuple(int(part["index"]) if part["index"] else part["key"] for part in parts)
        return cls(ObjectRef.parse(match["ref"]), path)


@dataclass(frozen=True, slots=True)
class ManifestFolder:
    """A folder of manifests: each file's objects in the file's order, the files in the scenario's order."""

    root: Path
    files: Mapping[str, tuple[Manifest, ...]] = field(hash=False)

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """Every object of every file, in order; one that several files have is there as often."""
        return tuple(manifest for file in self.files.values() for manifest in file)

    def manifest(self, file: str, ref: ObjectRef) -> Manifest:
        """Return the object as this file has it last; raises LookupError naming what the file has instead."""
        for manifest in reversed(self.files.get(file, ())):
            if manifest.ref == ref:
                return manifest
        holds = ", ".join(str(manifest.ref) for manifest in self.files.get(file, ()))
        raise LookupError(f"{file} has no {ref}; it has {holds or 'nothing'}")

    def place_of(self, concern: str, files: Iterable[str]) -> Place | None:
        """Return the line that a requirement's concern means, None where no file has its object.

        `files` are those applied so far, in order: the last one that has the object is the one in force.
        Raises ValueError for a concern that isn't written as one.
        """
        wanted = Concern.parse(concern)
        place = None
        for file in files:
            for manifest in self.files.get(file, ()):
                if manifest.ref == wanted.ref:
                    place = manifest.place_of(*wanted.path)
        return place


def load_manifests(folder: Path, scenario: Scenario) -> ManifestFolder:
    """Read every file that the scenario applies, but for those that it lists as missing.

    Raises BadInput that lists what is wrong in all of them, each with its file and line.
    """
    files: dict[str, tuple[Manifest, ...]] = {}
    findings: list[Finding] = []
    for name in scenario.files():
        found = _manifests(read_yaml(folder / name, name), scenario.namespace)
        files[name] = found.manifests
        findings.extend(found.findings)
    refuse(f"the manifests in {folder} can't be judged", findings)
    return ManifestFolder(folder, files)


@dataclass(frozen=True, slots=True)
class ParsedManifests:
    """What one file holds, and what is wrong with it."""

    manifests: tuple[Manifest, ...]
    findings: tuple[Finding, ...]


def parse_manifests(raw: bytes, file: str, namespace: str) -> ParsedManifests:
    """Read the content of one file whose objects belong into the namespace. Never raises for what it is."""
    return _manifests(parse_yaml(raw, file), namespace)


def _manifests(source: YamlFile, namespace: str) -> ParsedManifests:
    manifests: list[Manifest] = []
    findings = list(source.findings)
    documents = [item for document in source.documents for item in unpacked(document)]
    for document in documents:
        problems = object_problems(document, namespace)
        findings.extend(problems)
        if not problems:
            manifests.append(_manifest(document))
    if not documents and not source.findings:
        findings.append(Finding(Place(source.name, 1), "the file has no object; expected at least one"))
    return ParsedManifests(tuple(manifests), tuple(findings))


def _manifest(document: Document) -> Manifest:
    body = document.data
    ref = ObjectRef.parse(f"{kind_name(body['apiVersion'], body['kind'])}/{body['metadata']['name']}")
    return Manifest(ref, body["apiVersion"], document.place_of(), body, document)

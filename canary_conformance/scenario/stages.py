"""The stages of the scenario as values: what each applies in which order, waits for and deletes.

A Scenario is passed in, never assumed: no namespace, file or stage is a constant of the suite.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from canary_conformance.scenario.mesh_facts import NO_FACTS, MeshFacts
from canary_conformance.scenario.places import Place

# A kind, with its group behind where another group's kind is called so (scenario.kinds.kind_name).
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}(?:\.[a-z0-9][a-z0-9.-]{0,251}[a-z0-9])?")
# Kubernetes, "Object Names and IDs": a DNS subdomain, the widest form that any kind's name may take.
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
# Kubernetes, "Using RBAC Authorization": those of roles and bindings need only be a segment of a path.
_NAME_OF_ROLE = re.compile(r"(?!\.{1,2}$)[^/%\s]{1,253}")
_ROLES = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})

# Of a folder or a file of tests: "stage_4_canary", "test_stage_4_canary.py".
_TESTS_OF_STAGE = re.compile(r"(?:test_)?stage_(?P<number>[1-9])_(?P<name>\w+)(?:\.py)?")


def stage_named(tests: str) -> tuple[int, str] | None:
    """Return the number and the name ("clean up") of the stage that a folder or file of tests is called by.

    None for any other folder or file.
    """
    found = _TESTS_OF_STAGE.fullmatch(tests)
    return (int(found["number"]), found["name"].replace("_", " ")) if found else None


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """An object by kind and name, within the scenario's namespace or of the cluster as its kind has it.

    str is "Deployment/voting-app-1-0".
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> ObjectRef:
        """Read "Kind/name"; raises ValueError when the kind or the name can't be one of Kubernetes."""
        kind, slash, name = text.partition("/")
        if not slash or not _KIND.fullmatch(kind):
            raise ValueError(f"{text!r} isn't an object like Deployment/voting-app-1-0")
        if not (_NAME_OF_ROLE if kind in _ROLES else _NAME).fullmatch(name):
            raise ValueError(f"{text!r}: {name!r} is not a valid name of an object")
        return cls(kind, name)


class Verb(StrEnum):
    """What the API server did with an object."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


class WaitFor(StrEnum):
    """What has to be ready after a file was applied, before the next step is made."""

    PODS = "pods"
    ROUTES = "routes"


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply one file (its path inside the manifests folder); what the source says becomes of its objects.

    `waits_at` is the line that says what is waited for, None where it is not known.
    """

    file: str
    created: tuple[ObjectRef, ...]
    configured: tuple[ObjectRef, ...]
    wait_for: WaitFor
    waits_at: Place | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"apply {self.file}"


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete these objects, all of them at once; the scenario's own Namespace may be one of them."""

    objects: tuple[ObjectRef, ...]

    def __str__(self) -> str:
        return "delete " + ", ".join(map(str, self.objects))


Step = Apply | Delete


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage; its steps, one at least, are made in order."""

    number: int
    name: str
    steps: tuple[Step, ...]

    def files(self) -> tuple[str, ...]:
        """Return the files that the stage applies, in order."""
        return tuple(step.file for step in self.steps if isinstance(step, Apply))

    def required(self) -> list[str]:
        """Return what `kubectl` prints in the source for the stage: "Service/voting-app created" (R0.1)."""
        operations: list[str] = []
        for step in self.steps:
            match step:
                case Apply():
                    operations += [f"{ref} {Verb.CREATED}" for ref in step.created]
                    operations += [f"{ref} {Verb.CONFIGURED}" for ref in step.configured]
                case Delete():
                    operations += [f"{ref} {Verb.DELETED}" for ref in step.objects]
        return operations


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """The files of a stage that a folder lacks, where that is allowed; str is the reason for the skip."""

    stage: int
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"incomplete: the manifests folder has no {' and no '.join(self.files)}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """The whole scenario. `missing`: the stages that can't be made for want of their files.

    `mesh` is what scenario.yaml states about the mesh. `label_places` are the lines of the namespace's labels
    by their keys, that of all of them under "".
    """

    name: str
    namespace: str
    namespace_labels: Mapping[str, str] = field(hash=False)
    stages: tuple[Stage, ...]
    missing: tuple[MissingFiles, ...] = ()
    mesh: MeshFacts = NO_FACTS
    label_places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def stage(self, number: int) -> Stage:
        """Return the stage of this number; raises LookupError when the scenario has none."""
        for stage in self.stages:
            if stage.number == number:
                return stage
        numbers = ", ".join(str(stage.number) for stage in self.stages)
        raise LookupError(f"scenario {self.name} has no stage {number}; it has {numbers}")

    def why_not(self, number: int) -> str:
        """Return why the stage can't be judged (unknown, or without its files), or "" when it can."""
        if all(stage.number != number for stage in self.stages):
            return f"incomplete: scenario {self.name} has no stage {number}"
        return next((str(missing) for missing in self.missing if missing.stage == number), "")

    def files_up_to(self, number: int) -> tuple[str, ...]:
        """Return the files that the stages up to this one apply, in order, each as often as applied."""
        absent = {file for missing in self.missing for file in missing.files}
        files = (file for stage in self.stages if stage.number <= number for file in stage.files())
        return tuple(file for file in files if file not in absent)

    def deleted_kinds(self) -> frozenset[str]:
        """Return the kinds of the objects that its stages delete."""
        steps = (step for stage in self.stages for step in stage.steps if isinstance(step, Delete))
        return frozenset(ref.kind for step in steps for ref in step.objects)

    def files(self) -> tuple[str, ...]:
        """Return the files to read, in the order of their first use, each once; missing ones are left out."""
        last = max((stage.number for stage in self.stages), default=0)
        return tuple(dict.fromkeys(self.files_up_to(last)))

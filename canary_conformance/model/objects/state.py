"""The objects in force at one moment, as a cluster holds them after `kubectl apply` and `kubectl delete`.

Applying an object of a name that is there already replaces it and keeps its age; Istio lets the oldest of
several objects win. Ages are counted in steps of the scenario: two objects of one file are created within the
same second more often than not, and between those Istio goes by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from canary_conformance.model.objects.mesh_profile import DEFAULT, MeshProfile
from canary_conformance.scenario.application import Application
from canary_conformance.scenario.kinds import CLUSTER_SCOPED
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.scenario.stages import ObjectRef

Read = TypeVar("Read")

POD_MAKERS = frozenset({"DaemonSet", "Deployment", "StatefulSet"})
"""The kinds whose pods the model knows."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What an object is known by in a cluster; str is "Kind/name". One of the cluster is in namespace ""."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class InForce:
    """An object that is there: as it was applied last, and the step (counted from 1) that created it.

    `pods_since` is the step that made its pods, of a kind that makes pods.
    """

    key: Key
    manifest: Manifest
    created: int
    pods_since: int = 0

    @property
    def age(self) -> tuple[int, str]:
        """What Istio sorts objects of a kind by: creation, then "name.namespace"; the first is the oldest."""
        return self.created, f"{self.key.name}.{self.key.namespace}"


@dataclass(frozen=True, slots=True)
class State:
    """Every object in force, in the order of creation, in a namespace of this mesh.

    `rolling` are the Deployments whose new pods aren't ready yet, each with what its pods still are (None: it
    has none), `unawaited` why nobody waits for some of them. `namespace_labels` are those of the scenario,
    and over them those of a manifest of the namespace; `label_places` are their lines. `collected` are the
    objects that were applied and collected as garbage at once. `application` is what the workloads run.
    """

    namespace: str
    application: Application = field(kw_only=True, compare=False, repr=False)
    namespace_labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    objects: Mapping[Key, InForce] = field(default_factory=dict, hash=False)
    rolling: Mapping[Key, InForce | None] = field(default_factory=dict, hash=False)
    unawaited: Mapping[Key, Finding] = field(default_factory=dict, compare=False, repr=False)
    mesh: MeshProfile = DEFAULT
    label_places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)
    collected: Mapping[Key, InForce] = field(default_factory=dict, compare=False, repr=False)
    _labels: Mapping[str, str] | None = field(default=None, compare=False, repr=False)
    _read: dict[object, tuple[object, Any]] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, read: Callable[[InForce], Read], one: InForce, *besides: InForce) -> Read:
        """Return what a function makes of an object, made once for all states that this one came from.

        name: what is made, unlike any other. besides: the other objects that the result depends on. The very
        objects count, not equal ones, whose lines may differ.
        """
        objects = (one, *besides)
        key = (name, *map(id, objects))
        if key not in self._read:
            # The objects are kept with it, so that no other one ever gets their ids.
            self._read[key] = objects, read(one)
        found: Read = self._read[key][1]
        return found

    def apply(self, manifest: Manifest, step: int = 1, unawaited: Finding | None = None) -> State:
        """Return the state with the object created, or replaced if there is one of its kind and name.

        A Deployment whose pods change is `rolling` from now on, until ready().

        Args:
            manifest: The object.
            step: Which step of the scenario this is, counted from 1.
            unawaited: Why the step does not wait for pods, None where it does.
        """
        key = self.key_of(manifest)
        if _is_collected(manifest):
            left = {other: one for other, one in self.objects.items() if other != key}
            return replace(
                self, objects=left, collected={**self.collected, key: InForce(key, manifest, step)}
            )
        before = self.objects.get(key)
        rolling = dict(self.rolling)
        made = key.kind in POD_MAKERS and not (before and _same_pods(before.manifest, manifest))
        if made:
            rolling[key] = rolling.get(key, before)
        since = step if made or before is None else before.pods_since
        now = InForce(key, manifest, before.created if before else step, since)
        nobody = {**self.unawaited, key: unawaited} if made and unawaited else self.unawaited
        state = replace(self, objects={**self.objects, key: now}, rolling=rolling, unawaited=nobody)
        return state._labelled(manifest) if key == self._own_key else state

    def _labelled(self, manifest: Manifest) -> State:
        """Return the state with the labels that a manifest of the namespace gives it over the scenario's."""
        labels = (manifest.body.get("metadata") or {}).get("labels")
        pairs = labels if isinstance(labels, Mapping) else {}
        own = {name: value or "" for name, value in pairs.items() if isinstance(value, str | None)}
        scenarios = self.namespace_labels if self._labels is None else self._labels
        places = {name: manifest.place_of("metadata", "labels", name) for name in own}
        return replace(
            self,
            namespace_labels={**scenarios, **own},
            label_places={**self.label_places, **places},
            _labels=scenarios,
        )

    def delete(self, ref: ObjectRef) -> State:
        """Return the state without an object, which needn't be there; a Namespace takes all that is in it.

        What belongs to the cluster stays, and so does what a finalizer holds.
        """
        gone = {
            key
            for key, one in self.objects.items()
            if held_back(one.manifest) is None
            and (
                (ref.kind == "Namespace" and key.namespace == ref.name)
                or key == self._key(ref.kind, ref.name)
            )
        }
        left = {key: one for key, one in self.objects.items() if key not in gone}
        return replace(
            self, objects=left, rolling={key: one for key, one in self.rolling.items() if key not in gone}
        )

    def ready(self) -> State:
        """Return the state in which every Deployment's pods are those that it asks for."""
        return replace(self, rolling={}, unawaited={})

    def of(self, kind: str) -> Iterator[InForce]:
        """Yield the objects of a kind, the oldest first."""
        return iter(sorted((one for key, one in self.objects.items() if key.kind == kind), key=_age))

    def has(self, kind: str, name: str, namespace: str = "") -> bool:
        """Return whether there is an object of this kind and name, in the scenario's namespace by default."""
        return self._key(kind, name, namespace) in self.objects

    def names_of(self, kind: str) -> frozenset[str]:
        """Return the names of the objects of a kind in the scenario's namespace."""
        return frozenset(
            key.name for key in self.objects if key.kind == kind and key.namespace == self.namespace
        )

    def label_place(self, label: str) -> Place:
        """Return the line of a label of the namespace, or of the namespace itself."""
        for key, one in self.objects.items():
            metadata = one.manifest.body.get("metadata") if key.kind == "Namespace" else None
            labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
            if key.name == self.namespace and isinstance(labels, Mapping) and label in labels:
                return one.manifest.place_of("metadata", "labels", label)
        return self.label_places.get(label) or self.label_places.get("") or Place("scenario.yaml", 1)

    def key_of(self, manifest: Manifest) -> Key:
        """Return what the object is known by: without a namespace of its own it lives in the scenario's."""
        metadata = manifest.body.get("metadata")
        own = metadata.get("namespace") if isinstance(metadata, Mapping) else None
        return self._key(manifest.ref.kind, manifest.ref.name, own if isinstance(own, str) else "")

    def _key(self, kind: str, name: str, namespace: str = "") -> Key:
        return Key(kind, "" if kind in CLUSTER_SCOPED else namespace or self.namespace, name)

    @property
    def _own_key(self) -> Key:
        return Key("Namespace", "", self.namespace)


def _age(one: InForce) -> tuple[int, str]:
    return one.age


def _is_collected(manifest: Manifest) -> bool:
    """Return whether an object names an owner: no manifest knows the uid of a live one, so it is collected.

    Source: Kubernetes, "Owners and Dependents", "Garbage Collection": an owner counts by its uid.
    """
    metadata = manifest.body.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get("ownerReferences"))


def _same_pods(before: Manifest, after: Manifest) -> bool:
    return bool(before.body.get("spec") == after.body.get("spec"))


# Kubernetes' own controllers lift them as soon as what they wait for is done.
_LIFTED = frozenset(
    {
        "foregroundDeletion",
        "orphan",
        "kubernetes.io/pv-protection",
        "kubernetes.io/pvc-protection",
        "service.kubernetes.io/load-balancer-cleanup",
    }
)


def held_back(manifest: Manifest) -> Finding | None:
    """Return why an object stays when it is deleted; None where it goes.

    Source: Kubernetes, "Finalizers": it stays until each of its finalizers is taken away.
    """
    metadata = manifest.body.get("metadata")
    finalizers = metadata.get("finalizers") if isinstance(metadata, Mapping) else None
    for index, name in enumerate(finalizers if isinstance(finalizers, list) else []):
        if isinstance(name, str) and name not in _LIFTED:
            place = manifest.place_of("metadata", "finalizers", index)
            return Finding(place, f"{manifest.ref} waits for its finalizer {name}, which nothing lifts")
    return None

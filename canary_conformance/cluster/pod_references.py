"""The objects that a pod template names and can't do without, and which of them do not exist.

A pod whose ServiceAccount, PriorityClass or RuntimeClass is absent is never made; one whose ConfigMap, Secret
or claim is absent never starts (Kubernetes: "Configure Service Accounts for Pods", "Pod Priority and
Preemption", "Runtime Class", "Secrets", "Volumes"). References marked optional are left out, and so are pull
secrets, which the kubelet can do without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.scenario.stages import ObjectRef

Object = Mapping[str, Any]

API_VERSIONS = {
    "ServiceAccount": "v1",
    "ConfigMap": "v1",
    "Secret": "v1",
    "PersistentVolumeClaim": "v1",
    "PriorityClass": "scheduling.k8s.io/v1",
    "RuntimeClass": "node.k8s.io/v1",
}
OF_THE_CLUSTER = frozenset({"PriorityClass", "RuntimeClass"})
# Controllers make these in every namespace, a moment after it.
MADE_BY_CONTROLLERS = frozenset(
    {
        ObjectRef("ServiceAccount", "default"),
        ObjectRef("ConfigMap", "kube-root-ca.crt"),
        ObjectRef("ConfigMap", "istio-ca-root-cert"),
    }
)
_TEMPLATE = "spec.template.spec"
# The field of a pod's spec, or of a volume, that names an object.
_OF_PODS = {
    "serviceAccountName": "ServiceAccount",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
}
_OF_VOLUMES = (
    ("secret", "secretName", "Secret"),
    ("configMap", "name", "ConfigMap"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
)
_OF_VARIABLES = (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"))
_OF_SOURCES = (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that a template names, and the field that does, from the object's root."""

    ref: ObjectRef
    field: str


def references(spec: Object) -> Iterator[Reference]:
    """Yield what the spec of a pod template names and can't do without, each field once."""
    for field, kind in _OF_PODS.items():
        if name := spec.get(field):
            yield Reference(ObjectRef(kind, str(name)), f"{_TEMPLATE}.{field}")
    for number, volume in enumerate(spec.get("volumes") or []):
        yield from _of_volume(volume, f"{_TEMPLATE}.volumes[{number}]")
    for containers in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(containers) or []):
            yield from _of_container(container, f"{_TEMPLATE}.{containers}[{number}]")


def absent_references(api: Api, namespace: str, spec: Object) -> Sequence[Reference]:
    """Return what the spec of a pod template names although it does not exist, the first field of each."""
    found: dict[ObjectRef, Reference] = {}
    for one in references(spec):
        if one.ref not in found and one.ref not in MADE_BY_CONTROLLERS:
            found[one.ref] = one
    return [one for one in found.values() if not _exists(api, namespace, one.ref)]


def _exists(api: Api, namespace: str, ref: ObjectRef) -> bool:
    where = None if ref.kind in OF_THE_CLUSTER else namespace
    return api.get(API_VERSIONS[ref.kind], ref.kind, ref.name, where) is not None


def _of_volume(volume: Object, place: str) -> Iterator[Reference]:
    for source, name, kind in _OF_VOLUMES:
        yield from _named(volume.get(source), name, kind, f"{place}.{source}")
    projected = (volume.get("projected") or {}).get("sources") or []
    for number, source in enumerate(projected):
        for field, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
            yield from _named(source.get(field), "name", kind, f"{place}.projected.sources[{number}].{field}")


def _of_container(container: Object, place: str) -> Iterator[Reference]:
    for number, source in enumerate(container.get("envFrom") or []):
        for field, kind in _OF_SOURCES:
            yield from _named(source.get(field), "name", kind, f"{place}.envFrom[{number}].{field}")
    for number, variable in enumerate(container.get("env") or []):
        where = f"{place}.env[{number}].valueFrom"
        for field, kind in _OF_VARIABLES:
            yield from _named((variable.get("valueFrom") or {}).get(field), "name", kind, f"{where}.{field}")


def _named(source: Object | None, name: str, kind: str, place: str) -> Iterator[Reference]:
    """Yield the object that a source names, unless the pod can do without it."""
    if source and source.get(name) and not source.get("optional"):
        yield Reference(ObjectRef(kind, str(source[name])), f"{place}.{name}")

"""A namespace that a run leaves standing for the next one: what is written down of it, and what still holds.

Written down is what was applied, and everything that the cluster held then. A later run reuses the namespace
only where all of that is as it was: what somebody changed in the cluster meanwhile is nobody's manifest. What
changed in the manifests is applied, and nothing else. A pod keeps its connections when a route of TCP or a
demand for TLS changes, which the manifests alone do not show, so that then all pods start anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.rollouts import KINDS, owner_of
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.stages import Apply, ObjectRef
from canary_conformance.stages.cluster_objects import objects_of_cluster
from canary_conformance.stages.cluster_snapshot import described, everything, kept_for, namespace_of
from canary_conformance.stages.namespace_setting import Setting

NAME = "left"
# Changed in place; what else a manifest has (a Secret, a claim) is read by pods when they start.
IN_PLACE = frozenset(
    {
        "VirtualService",
        "DestinationRule",
        "Gateway",
        "ServiceEntry",
        "Sidecar",
        "EnvoyFilter",
        "PeerAuthentication",
        "AuthorizationPolicy",
        "RequestAuthentication",
        "Telemetry",
        "Service",
        "Deployment",
    }
)
# Controllers write these; whatever else an annotation says may matter.
_BY_CONTROLLERS = "deployment.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Left:
    """What is written down of a namespace: its stage, what was applied, what the cluster held.

    made_of: what else decides how it was made. manifests: a digest by "Kind/name"; outliving: those of them
    that kept connections outlive. own: the objects of its namespaces; before: the rest of the cluster, which
    is as it was before the namespace was made.
    """

    stage: int
    made_of: str
    manifests: Mapping[str, str]
    outliving: tuple[str, ...]
    own: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What brings a namespace that was left up to the manifests: objects to apply and delete, in order.

    new_pods: whether all pods have to start anew.
    """

    apply: tuple[Manifest, ...]
    delete: tuple[ObjectRef, ...]
    new_pods: bool

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of all that is written."""
        changed_kinds = {one.kind for one in (*(manifest.ref for manifest in self.apply), *self.delete)}
        return frozenset(changed_kinds | ({"Pod"} if self.new_pods else set()))

    def __str__(self) -> str:
        changes = [f"{manifest.ref} changed" for manifest in self.apply]
        changes += [f"{ref} is gone from the manifests" for ref in self.delete]
        changes += ["all pods start anew"] if self.new_pods else []
        return ", ".join(changes) or "nothing changed"


class Unusable(Exception):
    """The namespace of the last run can't be reused; the message says why."""


def write_down(api: Api, setting: Setting, stage: int, before: Iterable[str]) -> None:
    """Write down a namespace at its stage, in the suite's own namespace."""
    own, _ = held(api, setting)
    in_force = manifests_in_force(setting, stage)
    left = Left(
        stage=stage,
        made_of=_made_of(setting),
        manifests={str(ref): digest(manifest) for ref, manifest in in_force.items()},
        outliving=tuple(str(ref) for ref, one in in_force.items() if is_outlived(one, in_force.values())),
        own=tuple(sorted(own)),
        before=tuple(sorted(before)),
    )
    metadata = {"name": NAME, "namespace": setting.suite_namespace}
    data = {"namespace": json.dumps(asdict(left))}
    api.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, setting.suite_namespace
    )


def reusable(api: Api, setting: Setting, stages: Sequence[int]) -> tuple[Left, Changes]:
    """Return what is written down of the namespace, and the changes to it; what was written is deleted.

    stages: those that the run judges. Raises Unusable.
    """
    found = api.get("v1", "ConfigMap", NAME, setting.suite_namespace)
    if found is None:
        raise Unusable("no run left one")
    left = left_from(found["data"].get("namespace", ""))
    if left.made_of != _made_of(setting):
        raise Unusable("the namespace or its labels changed")
    if left.stage > min(stages):
        raise Unusable(f"it is at stage {left.stage} already, and the first to be judged is {min(stages)}")
    _check_untouched(api, setting, left)
    changes = changes_of(left, setting)
    api.delete("v1", "ConfigMap", NAME, setting.suite_namespace)
    return left, changes


def manifests_in_force(setting: Setting, stage: int) -> dict[ObjectRef, Manifest]:
    """Return each object as the last file up to a stage has it, in the order in which they are applied."""
    found: dict[ObjectRef, Manifest] = {}
    for one in setting.scenario.stages:
        if one.number > stage or setting.scenario.why_not(one.number):
            continue
        for step in one.steps:
            if isinstance(step, Apply):
                found |= {manifest.ref: manifest for manifest in setting.manifests.files[step.file]}
            else:
                found = {ref: manifest for ref, manifest in found.items() if ref not in step.objects}
    return found


def changes_of(left: Left, setting: Setting) -> Changes:
    """Return what changed in the manifests since a namespace was left.

    Raises Unusable for what can't be changed in place.
    """
    in_force = manifests_in_force(setting, left.stage)
    changed = [one for ref, one in in_force.items() if left.manifests.get(str(ref)) != digest(one)]
    gone = [ObjectRef.parse(name) for name in left.manifests if ObjectRef.parse(name) not in in_force]
    for ref in (*(one.ref for one in changed), *gone):
        if ref.kind not in IN_PLACE:
            raise Unusable(f"{ref} changed, which pods read when they start")
    if owners := [ref for ref in gone if ref.kind in KINDS]:
        raise Unusable(f"{owners[0]} is gone from the manifests")
    outlived = any(is_outlived(one, in_force.values()) for one in changed)
    outlived |= any(str(ref) in left.outliving for ref in (*(one.ref for one in changed), *gone))
    return Changes(tuple(changed), tuple(gone), new_pods=outlived)


def is_outlived(manifest: Manifest, others: Iterable[Manifest]) -> bool:
    """Return whether connections that pods keep may go on as they were before the object was changed.

    HTTP is routed by the request; a Deployment makes new pods by itself.
    """
    spec = manifest.body.get("spec") or {}
    match manifest.ref.kind:
        case "Deployment" | "Gateway":
            return False
        case "VirtualService":
            return bool(spec.get("tcp") or spec.get("tls"))
        case "DestinationRule":
            name = str(spec.get("host", "")).partition(".")[0]
            services = [one for one in others if one.ref == ObjectRef("Service", name)]
            ports = [port for one in services for port in (one.body.get("spec") or {}).get("ports") or []]
            return not ports or not all(_speaks_http(port) for port in ports)
        case _:
            return True


def digest(manifest: Manifest) -> str:
    """Return a short text that differs where an object is written differently."""
    serialized = json.dumps(manifest.body, sort_keys=True, default=str)
    return hashlib.sha256(serialized.encode()).hexdigest()[:16]


def _speaks_http(port: Mapping[str, Any]) -> bool:
    """Istio: "Explicit protocol selection", by the field, or else by the beginning of the name."""
    protocol = str(port.get("appProtocol") or str(port.get("name", "")).partition("-")[0])
    return protocol in {"http", "http2", "grpc", "grpc-web"}


def _made_of(setting: Setting) -> str:
    labels = dict(setting.scenario.namespace_labels)
    return json.dumps([setting.scenario.namespace, labels, setting.mesh.gateway.selector], sort_keys=True)


def _check_untouched(api: Api, setting: Setting, left: Left) -> None:
    own, rest = held(api, setting)
    for now, then in ((own, set(left.own)), (rest, set(left.before))):
        differing = sorted({one.partition(" #")[0] for one in now ^ then})
        if differing:
            more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
            raise Unusable(f"{differing[0]}{more} changed in the cluster since it was left")
    owners = {ref for ref in manifests_in_force(setting, left.stage) if ref.kind in KINDS}
    owners |= {ref for ref in map(ObjectRef.parse, left.manifests) if ref.kind in KINDS}
    for pod in api.list("v1", "Pod", setting.scenario.namespace):
        if owner_of(pod) not in owners:
            raise Unusable(f"Pod {pod['metadata']['name']} belongs to no object of the manifests")


def held(api: Api, setting: Setting) -> tuple[set[str], set[str]]:
    """Return what the cluster holds now: in the namespaces of this run, and elsewhere."""
    own: set[str] = set()
    rest: set[str] = set()
    names = setting.namespaces
    of_cluster = {(str(one.body["kind"]), one.ref.name) for one in objects_of_cluster(api, setting.manifests)}
    for kind, item in everything(api):
        is_brought = not item["metadata"].get("namespace") and (kind, item["metadata"]["name"]) in of_cluster
        if is_brought or namespace_of(kind, item) in names:
            if not _is_ours(item, setting):
                own.add(f"{described(kind, item)}{_marked(item)}")
        elif kept_for(item) not in names:
            rest.add(described(kind, item))
    return own, rest


def _is_ours(item: Mapping[str, Any], setting: Setting) -> bool:
    """Return whether an object is in the suite's own namespace: its sentinel changes all the time."""
    return bool(item["metadata"].get("namespace") == setting.suite_namespace)


def _marked(item: Mapping[str, Any]) -> str:
    """Return a digest of an object's labels and annotations, which may mean something to the mesh."""
    metadata = item["metadata"]
    annotations = metadata.get("annotations") or {}
    kept = {name: value for name, value in annotations.items() if not name.startswith(_BY_CONTROLLERS)}
    serialized = json.dumps([metadata.get("labels"), kept], sort_keys=True)
    return hashlib.sha256(serialized.encode()).hexdigest()[:8]


def left_from(text: str) -> Left:
    """Return what was written down. Raises Unusable for what is no such thing."""
    try:
        values = json.loads(text)
        return Left(
            stage=int(values["stage"]),
            made_of=str(values["made_of"]),
            manifests=dict(values["manifests"]),
            outliving=tuple(values["outliving"]),
            own=tuple(values["own"]),
            before=tuple(values["before"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise Unusable("what is written down of it can't be read") from error

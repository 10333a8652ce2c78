"""The scenario in a namespace of another name, so that several of them fit on one cluster.

Only two things are renamed: the namespace, wherever a manifest refers to it, and the labels by
which a Gateway chooses the ingress gateway. Everything else is left as it is written, mistakes included. What
would meet in two namespaces whatever its name (a fixed node port, a Gateway that chooses every gateway) is
refused, since each would then be judged by the other's doing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from canary_conformance.scenario.kinds import CLUSTER_SCOPED, is_known
from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.scenario.own_namespace import is_own
from canary_conformance.scenario.places import Finding, refuse
from canary_conformance.scenario.stages import Delete, ObjectRef, Scenario, Stage, Step

# Lists whose items may be the name of a namespace (Istio: exportTo; AuthorizationPolicy: source.namespaces).
_NAMES_OF_NAMESPACES = frozenset({"exportTo", "namespaces", "notNamespaces"})
# A reference, and the label that Kubernetes gives every namespace ("Namespaces", automatic labelling).
_NAMESPACE_KEYS = frozenset({"namespace", "kubernetes.io/metadata.name"})
# Lists whose items may begin with a namespace and a slash (Istio: VirtualService.gateways, Sidecar.hosts).
_WITH_NAMESPACE = frozenset({"gateways", "hosts"})
_MESH = "mesh"


@dataclass(frozen=True, slots=True)
class Renaming:
    """The names of one namespace under test: from the scenario's namespace and gateway labels to its own.

    gateway: the labels by which manifests name the mesh's ingress gateway; shared: what all gateways carry
    alike; suffix: what a label's value gets in this namespace; several: whether the same manifests are
    applied to other namespaces, too.
    """

    namespace: str
    to: str
    gateway: Mapping[str, str] = field(hash=False)
    shared: Mapping[str, str] = field(hash=False)
    suffix: str
    several: bool = True

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return labels with each that names the mesh's ingress gateway made to name this namespace's own."""
        return {
            name: f"{value}-{self.suffix}" if self.gateway.get(name) == value else value
            for name, value in labels.items()
        }

    def meets(self, selector: Mapping[str, str]) -> bool:
        """Return whether a selector chooses gateways by nothing that distinguishes them."""
        return selector.items() <= self.shared.items()


def rename_scenario(scenario: Scenario, renaming: Renaming) -> Scenario:
    """Return the scenario in its other namespace; deleting the namespace means the other one."""
    own = ObjectRef("Namespace", renaming.namespace)

    def renamed(refs: tuple[ObjectRef, ...]) -> tuple[ObjectRef, ...]:
        return tuple(ObjectRef(ref.kind, renaming.to) if ref == own else ref for ref in refs)

    def step_of(step: Step) -> Step:
        if isinstance(step, Delete):
            return Delete(renamed(step.objects))
        return replace(step, created=renamed(step.created), configured=renamed(step.configured))

    stages = tuple(
        Stage(stage.number, stage.name, tuple(step_of(step) for step in stage.steps))
        for stage in scenario.stages
    )
    return replace(scenario, namespace=renaming.to, stages=stages)


def rename_manifests(folder: ManifestFolder, renaming: Renaming) -> ManifestFolder:
    """Return the manifests for the other namespace and gateway; places stay those of the files as written.

    Raises BadInput that lists what can't be kept apart from other namespaces, each with its file and line.
    """
    services = sorted({manifest.ref.name for manifest in folder.objects if manifest.ref.kind == "Service"})
    renamed = {
        file: tuple(_renamed_manifest(one, renaming, services) for one in manifests)
        for file, manifests in folder.files.items()
    }
    written = (one for manifests in renamed.values() for one in manifests)
    findings = [finding for one in written for finding in _meeting(one, renaming)]
    # Whether a kind that nobody defines here is of the cluster, only the cluster knows.
    where = "in a cluster that others use"
    if renaming.several:
        where = "in several namespaces at once: leave -n out"
        findings += [
            Finding(
                one.place, f"{one.ref} belongs to the whole cluster, where one namespace alone can have it"
            )
            for one in folder.objects
            if (one.ref.kind in CLUSTER_SCOPED and one.ref.kind != "Namespace")
            or not is_known(one.api_version, str(one.body["kind"]))
        ]
    refuse(f"these manifests can't be judged {where}", findings)
    return ManifestFolder(folder.root, renamed)


def _renamed_manifest(manifest: Manifest, renaming: Renaming, services: list[str]) -> Manifest:
    body = _renamed(manifest, renaming, services)
    if not is_own(manifest, renaming.namespace):
        return replace(manifest, body=body)
    named = {**body, "metadata": {**body["metadata"], "name": renaming.to}}
    return replace(manifest, body=named, ref=ObjectRef(manifest.ref.kind, renaming.to))


def _renamed(manifest: Manifest, renaming: Renaming, services: list[str]) -> Mapping[str, Any]:
    # A host is a Service's name, a dot and the namespace; what only looks alike is no host.
    names = "|".join([r"\*", *map(re.escape, services)])
    own = re.escape(renaming.namespace)
    host = re.compile(rf"(?<![\w.-])({names})\.{own}(?=(?:\.svc(?:\.cluster\.local)?)?(?![\w.-]))")
    identity = re.compile(rf"(?<=/ns/){own}(?=/)")

    def text(value: str, key: str) -> str:
        if value == renaming.namespace and (key in _NAMESPACE_KEYS or key in _NAMES_OF_NAMESPACES):
            return renaming.to
        if key in _WITH_NAMESPACE and value.startswith(f"{renaming.namespace}/"):
            return renaming.to + value.removeprefix(renaming.namespace)
        return identity.sub(renaming.to, host.sub(rf"\1.{renaming.to}", value))

    body = dict(_walked(manifest.body, text))
    if manifest.ref.kind == "Secret":
        encoded = body.get("data")
        if isinstance(encoded, Mapping):
            body["data"] = {key: _encoded(value, key, text) for key, value in encoded.items()}
    return with_selector(manifest, body, renaming.labels)


def with_selector(
    manifest: Manifest, body: Mapping[str, Any], change: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> Mapping[str, Any]:
    """Return the body of an object with another selector where it is a Gateway's, and else as it is."""
    spec = body.get("spec")
    selector = spec.get("selector") if isinstance(spec, Mapping) else None
    if manifest.ref.kind != "Gateway" or not isinstance(selector, Mapping) or not _is_labels(selector):
        return body
    return {**body, "spec": {**body["spec"], "selector": change(selector)}}


def _walked(value: Any, text: Callable[[str, str], str], key: str = "") -> Any:
    """Return a copy in which text() has made each string, given the key that it or its list stands under."""
    if isinstance(value, Mapping):
        return {name: _walked(below, text, str(name)) for name, below in value.items()}
    if isinstance(value, list):
        return [_walked(below, text, key) for below in value]
    return text(value, key) if isinstance(value, str) else value


def _encoded(value: Any, key: str, text: Callable[[str, str], str]) -> Any:
    try:
        decoded = base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, ValueError):
        return value
    renamed = text(decoded, key)
    return value if renamed == decoded else base64.b64encode(renamed.encode()).decode()


def _meeting(manifest: Manifest, renaming: Renaming) -> Iterator[Finding]:
    """Yield what of an object would be seen in another namespace, or can be there only once."""
    spec = manifest.body.get("spec")
    if not isinstance(spec, Mapping):
        return
    if manifest.ref.kind == "Gateway":
        selector = spec.get("selector") or {}
        if _is_labels(selector) and renaming.meets(selector):
            sentence = f"the selector of {manifest.ref} chooses the gateways of all namespaces"
            yield Finding(manifest.place_of("spec", "selector"), sentence)
    if manifest.ref.kind == "VirtualService":
        yield from _hosts_of_all(manifest, spec, renaming)
    if manifest.ref.kind == "Service" and spec.get("clusterIP") not in {None, "", "None"}:
        yield Finding(manifest.place_of("spec", "clusterIP"), f"{manifest.ref} requires one address")
    yield from _node_ports(manifest, manifest.body, ())


def _hosts_of_all(manifest: Manifest, spec: Mapping[str, Any], renaming: Renaming) -> Iterator[Finding]:
    gateways = spec.get("gateways") or [_MESH]
    hosts = spec.get("hosts")
    if not isinstance(gateways, list) or not isinstance(hosts, list) or _MESH not in gateways:
        return
    for index, host in enumerate(hosts):
        if str(host).startswith("*") and f".{renaming.to}." not in f"{host}.":
            sentence = f"the host {host!r} of {manifest.ref} means Services of all namespaces"
            yield Finding(manifest.place_of("spec", "hosts", index), sentence)


def _node_ports(manifest: Manifest, part: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if isinstance(part, Mapping):
        for key, below in part.items():
            if (key in {"nodePort", "hostPort"} and below) or (key == "hostNetwork" and below is True):
                sentence = (
                    f"{manifest.ref} takes a port of the node ({key}), which only one namespace can have"
                )
                yield Finding(manifest.place_of(*path, key), sentence)
            else:
                yield from _node_ports(manifest, below, (*path, str(key)))
    elif isinstance(part, list):
        for index, below in enumerate(part):
            yield from _node_ports(manifest, below, (*path, index))


def _is_labels(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, str) for one in (*value, *value.values()))

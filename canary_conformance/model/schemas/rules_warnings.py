"""What the API server takes with a warning: deprecated, ignored, or most likely not what was meant (R0.1).

Sources: Kubernetes, "Warning: Helpful Warnings Ahead" (blog, 2020), "Well-Known Labels, Annotations and
Taints" and "Deprecated API Migration Guide"; compared with the warnings of Kubernetes 1.34 for pods,
Services, claims, volumes and Ingresses (its packages pkg/api and pkg/registry). Left out are those about
forms of IP addresses, overlapping paths of volumes, and the certificate of a Secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from canary_conformance.model.objects.quantities import amount
from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem

_WARNS = "the API server warns: "
_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": (
        "deprecated since v1.22; use Taints and Tolerations instead"
    ),
}
_SYSCTLS = 'non-functional in v1.11+; use the "sysctls" field instead'
_POD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": _SYSCTLS,
    "security.alpha.kubernetes.io/unsafe-sysctls": _SYSCTLS,
}
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_GONE = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageOS": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
_NO_SELECTOR = "a null labelSelector results in matching no pod"


def pod_warnings(template: Node) -> Iterator[Problem]:
    """Yield what the server warns of in a pod, or in the template of pods."""
    spec, annotations = template["spec"], template.at("metadata", "annotations")
    yield from _labels_of_nodes(spec)
    yield from _warnings_of(annotations, _POD_ANNOTATIONS)
    yield from _security_annotations(spec, annotations)
    for volume in spec["volumes"].items():
        yield from _warnings_of(volume, _VOLUMES)
    yield from _duplicates(spec["hostAliases"], "ip")
    yield from _duplicates(spec["imagePullSecrets"], "name")
    yield from _selectors(spec)
    containers = [*spec["initContainers"].items(), *spec["containers"].items()]
    for container in containers:
        for group in ("limits", "requests"):
            for resource in ("memory", "ephemeral-storage"):
                yield from _fraction(container.at("resources", group, resource))
    yield from _ports(containers)
    grace = spec["terminationGracePeriodSeconds"]
    if grace.number is not None and grace.number < 0:
        yield _warning(grace, "negative values are invalid and will be treated as 1")


def name_warning(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a name by which pods are called: a dot in it, or its length."""
    name = whole.at("metadata", "name")
    if name.text and not _LABEL.fullmatch(name.text):
        yield _warning(name, "this is used in Pod names and hostnames; a DNS label is recommended")


def dotless_name(whole: Node) -> Iterator[Problem]:
    """Yield a dot in the name of a StatefulSet, whose pods are called by it and can't have one."""
    name = whole.at("metadata", "name")
    if "." in name.text:
        yield name.problem("the name of a StatefulSet may not contain dots")


def service_warnings(whole: Node) -> Iterator[Problem]:
    """Yield what the server warns of in a Service."""
    spec = whole["spec"]
    hints = whole.at("metadata", "annotations")["service.kubernetes.io/topology-aware-hints"]
    if hints:
        yield _warning(hints, "deprecated, please use service.kubernetes.io/topology-mode instead")
    kind = spec["type"].text or "ClusterIP"
    if "None" in {spec["clusterIP"].text, *(one.text for one in spec["clusterIPs"].items())}:
        for field in ("loadBalancerIP", "externalIPs"):
            if not spec[field].empty:
                yield _warning(spec[field], "ignored for headless services")
        if spec["sessionAffinity"].text not in {"", "None"}:
            yield _warning(spec["sessionAffinity"], "ignored for headless services")
    if kind == "ExternalName" and spec["externalIPs"].items():
        yield _warning(spec["externalIPs"], f"ignored when spec.type is {kind}")
    if kind != "ExternalName" and spec["externalName"].text:
        yield _warning(spec["externalName"], "ignored when spec.type is not ExternalName")


def claim_warnings(whole: Node) -> Iterator[Problem]:
    """Yield what the server warns of in a PersistentVolumeClaim."""
    old = whole.at("metadata", "annotations")["volume.beta.kubernetes.io/storage-class"]
    if old:
        yield _warning(old, 'deprecated since v1.8; use "storageClassName" attribute instead')
    for group in ("requests", "limits"):
        yield from _fraction(whole.at("spec", "resources", group, "storage"))


def volume_warnings(whole: Node) -> Iterator[Problem]:
    """Yield what the server warns of in a PersistentVolume."""
    annotations, spec = whole.at("metadata", "annotations"), whole["spec"]
    old = annotations["volume.beta.kubernetes.io/storage-class"]
    if old:
        yield _warning(old, 'deprecated since v1.8; use "storageClassName" attribute instead')
    if annotations["volume.beta.kubernetes.io/mount-options"]:
        sentence = 'deprecated since v1.31; use "mountOptions" attribute instead'
        yield _warning(annotations["volume.beta.kubernetes.io/mount-options"], sentence)
    if spec["persistentVolumeReclaimPolicy"].text == "Recycle":
        yield _warning(spec["persistentVolumeReclaimPolicy"], "the Recycle reclaim policy is deprecated")
    for term in spec.at("nodeAffinity", "required", "nodeSelectorTerms").items():
        yield from _expressions(term)
    yield from _warnings_of(spec, _VOLUMES)


def ingress_warnings(whole: Node) -> Iterator[Problem]:
    """Yield what the server warns of in an Ingress."""
    old = whole.at("metadata", "annotations")["kubernetes.io/ingress.class"]
    if old and not whole.at("spec", "ingressClassName"):
        yield _warning(old, "deprecated, please use 'spec.ingressClassName' instead")


def account_warnings(whole: Node) -> Iterator[Problem]:
    """Yield what the server warns of in a ServiceAccount."""
    old = whole.at("metadata", "annotations")["kubernetes.io/enforce-mountable-secrets"]
    if old.text == "true":
        yield _warning(old, "deprecated in v1.32+; prefer separate namespaces to isolate access to secrets")


def endpoints_warnings(whole: Node) -> Iterator[Problem]:
    """Yield that Endpoints as such are deprecated."""
    yield _warning(
        whole["kind"], "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    )


def _warning(node: Node, sentence: str) -> Problem:
    return node.problem(f"{_WARNS}{sentence}")


def _warnings_of(holder: Node, sentences: Mapping[str, str]) -> Iterator[Problem]:
    for name, sentence in sentences.items():
        if holder[name]:
            yield _warning(holder[name], sentence)


def _labels_of_nodes(spec: Node) -> Iterator[Problem]:
    yield from _warnings_of(spec["nodeSelector"], _NODE_LABELS)
    affinity = spec.at("affinity", "nodeAffinity")
    for term in affinity.at(_REQUIRED, "nodeSelectorTerms").items():
        yield from _expressions(term)
    for preferred in affinity[_PREFERRED].items():
        yield from _expressions(preferred["preference"])
    for spread in spec["topologySpreadConstraints"].items():
        if sentence := _NODE_LABELS.get(spread["topologyKey"].text):
            yield _warning(spread["topologyKey"], sentence)


def _expressions(term: Node) -> Iterator[Problem]:
    for expression in term["matchExpressions"].items():
        if sentence := _NODE_LABELS.get(expression["key"].text):
            yield _warning(expression["key"], sentence)


def _security_annotations(spec: Node, annotations: Node) -> Iterator[Problem]:
    if annotations[_SECCOMP_POD] and not spec.at("securityContext", "seccompProfile"):
        yield _warning(annotations[_SECCOMP_POD], _SECCOMP_GONE)
    for container in (*spec["initContainers"].items(), *spec["containers"].items()):
        name, context = container["name"].text, container["securityContext"]
        if annotations[f"{_SECCOMP}{name}"] and not context["seccompProfile"]:
            yield _warning(annotations[f"{_SECCOMP}{name}"], _SECCOMP_GONE)
        if annotations[f"{_APPARMOR}{name}"] and not (
            context["appArmorProfile"] or spec.at("securityContext", "appArmorProfile")
        ):
            sentence = 'deprecated since v1.30; use the "appArmorProfile" field instead'
            yield _warning(annotations[f"{_APPARMOR}{name}"], sentence)


def _duplicates(items: Node, key: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for item in items.items():
        if item[key].text in seen:
            yield _warning(item[key], f"duplicate {key} {item[key].text!r}")
        seen.add(item[key].text)


def _selectors(spec: Node) -> Iterator[Problem]:
    for spread in spec["topologySpreadConstraints"].items():
        if not spread["labelSelector"]:
            yield _warning(spread["labelSelector"], _NO_SELECTOR)
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = spec.at("affinity", kind)
        terms = [*affinity[_REQUIRED].items()]
        terms += [preferred["podAffinityTerm"] for preferred in affinity[_PREFERRED].items()]
        for term in terms:
            if not term["labelSelector"]:
                yield _warning(term["labelSelector"], _NO_SELECTOR)


def _fraction(quantity: Node) -> Iterator[Problem]:
    asked = amount(quantity.value)
    if asked is not None and (asked * 1000) % 1000:
        yield _warning(quantity, f"fractional byte value {quantity.value} is invalid, must be an integer")


def _ports(containers: list[Node]) -> Iterator[Problem]:
    """Yield the ports that two containers of a pod have; within one container they are refused."""
    numbers: dict[tuple[object, str], int] = {}
    names: dict[str, int] = {}
    for index, container in enumerate(containers):
        for port in container["ports"].items():
            key = (port["containerPort"].number, port["protocol"].text or "TCP")
            if numbers.setdefault(key, index) != index:
                yield _warning(port["containerPort"], "another container of the pod defines this port too")
            name = port["name"].text
            if name and names.setdefault(name, index) != index:
                yield _warning(port["name"], f"duplicate port name {name!r} in another container of the pod")
            if port["hostIP"].text and not port["hostPort"].number:
                yield _warning(port["hostIP"], "hostIP set without hostPort")

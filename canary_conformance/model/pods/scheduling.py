"""Why pods are not made, never get a node, or never count as ready, by what the cluster outside has or lacks.

Sources: Kubernetes, "Assigning Pods to Nodes", "Pod Scheduling Readiness" (gates), "Pod Lifecycle" (readiness
gates), "Pod Priority and Preemption", "Runtime Class", "Ports and Protocols" of the Pod API (hostPort),
"Configure Multiple Schedulers", "Dynamic Resource Allocation", "Resource Management for Pods and Containers"
(extended resources), "Restrict a Container's Syscalls with seccomp", "Restrict a Container's Access to
Resources with AppArmor", "Using sysctls in a Kubernetes Cluster".
What only the cluster's own objects decide is noted as a problem, unless the mesh profile knows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from canary_conformance.model.objects.mesh_profile import ClusterFacts
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import POD_MAKERS, State
from canary_conformance.scenario.places import Finding

_HOSTNAME = "kubernetes.io/hostname"
_ARCH = "kubernetes.io/arch"
# Istio's images are built for these ("Platform Requirements"), so a node of the mesh is one of them.
_ARCHITECTURES = frozenset({"amd64", "arm64"})
# Every kubelet sets them ("Well-Known Labels, Annotations and Taints").
_LABELS_OF_EVERY_NODE = frozenset({_ARCH, _HOSTNAME, "kubernetes.io/os"})
_NOT_JUDGED = "which labels the nodes have is not in the manifests"
_DEFAULT_SCHEDULER = "default-scheduler"
_RUNTIME = "RuntimeClass"


def never_scheduled(spec: Part, state: State) -> Iterator[Finding]:
    """Yield why no pod of this spec ever runs or counts as ready; doubts become problems of the spec."""
    cluster, ref = state.mesh.cluster, spec.manifest.ref
    yield from _class(spec["priorityClassName"], "PriorityClass", cluster.priority_classes, state)
    yield from _class(spec["runtimeClassName"], _RUNTIME, cluster.runtime_classes, state)
    for gate in spec["schedulingGates"].items():
        sentence = f"{ref} waits for its scheduling gate {gate['name'].text()}, which nothing lifts"
        yield Finding(gate.place, sentence)
    for gate in spec["readinessGates"].items():
        sentence = f"{ref} waits for condition {gate['conditionType'].text()}, which nothing sets"
        yield Finding(gate.place, sentence)
    yield from _priority(spec, state)
    _who_places_them(spec)
    check_node_demands(spec)
    if spec["os"]["name"].text():
        yield from _node_label("kubernetes.io/os", [spec["os"]["name"].text()], spec["os"]["name"], cluster)
    if spec["nodeName"]:
        spec["nodeName"].problem("which names the nodes have is not in the manifests")
    for label, value in spec["nodeSelector"].entries().items():
        yield from _node_label(label, [value.text()], value, cluster)
    yield from _affinity(spec, cluster)
    for spread in spec["topologySpreadConstraints"].items():
        strict = spread["whenUnsatisfiable"].text("DoNotSchedule") == "DoNotSchedule"
        if strict and spread["topologyKey"].text() != _HOSTNAME:
            spread["topologyKey"].problem(_NOT_JUDGED)


def one_per_node(spec: Part, labels: Mapping[str, str]) -> Part | None:
    """Return the part by which a node takes no more than one of these pods; None where it takes several."""
    network = spec["hostNetwork"]
    for container in (*spec["initContainers"].items(), *spec["containers"].items()):
        for port in container["ports"].items():
            if port["hostPort"].value:
                return port["hostPort"]
            if network.value is True and port["containerPort"].value:
                return network
    for term in spec.at("affinity", "podAntiAffinity", _REQUIRED).items():
        wanted = term.at("labelSelector", "matchLabels").labels()
        here = term["topologyKey"].text() == _HOSTNAME and not term["namespaces"].items()
        if here and not term.at("labelSelector", "matchExpressions") and wanted.items() <= labels.items():
            return term
    return None


def kept_apart(state: State) -> Iterator[Rule]:
    """Yield each podAntiAffinity that may keep pods of two workloads from one node.

    Source: Kubernetes, "Assigning Pods to Nodes" (inter-pod anti-affinity holds both ways).
    """
    makers = [Part.whole(one.manifest) for kind in sorted(POD_MAKERS) for one in state.of(kind)]
    labels = [one.at("spec", "template", "metadata", "labels").labels() for one in makers]
    for own, maker in enumerate(makers):
        for term in maker.at("spec", "template", "spec", "affinity", "podAntiAffinity", _REQUIRED).items():
            selector = term["labelSelector"]
            wanted = selector["matchLabels"].labels().items()
            others = (one for index, one in enumerate(labels) if index != own)
            if selector["matchExpressions"].items() or any(wanted <= one.items() for one in others):
                what = "whether a node is left for these pods and for those that they avoid is not known"
                yield term.rule(f"{maker.manifest.ref} {term.name}: {what}")


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _class(part: Part, kind: str, known: frozenset[str] | None, state: State) -> Iterator[Finding]:
    name = part.text()
    if not name:
        return
    if state.has(kind, name):
        if kind == _RUNTIME:
            part.problem("whether the nodes have this runtime is not in the manifests")
        return
    if known is None:
        part.problem(f"whether the cluster has {kind}/{name} is not in the manifests")
    elif name not in known:
        yield Finding(part.place, f"{kind}/{name} does not exist, and {part.manifest.ref} needs it")


def _priority(spec: Part, state: State) -> Iterator[Finding]:
    """Yield that pods name a priority that is not their class's: admission refuses such pods.

    Source: Kubernetes, "Admission Control" (Priority): the number is computed from the class, 0 without one.
    """
    number = spec["priority"].number()
    if number is None:
        return
    by_class = spec["priorityClassName"].text() or state.mesh.cluster.priority_classes is None
    if by_class or any(key.kind == "PriorityClass" for key in state.objects):
        spec["priority"].problem("whether this is the number of the pods' priority class is not known")
    elif number:
        sentence = f"{spec.manifest.ref} has priority {number} and no priority class: the API server refuses"
        yield Finding(spec["priority"].place, f"{sentence} its pods, as the class gives the number")


def _who_places_them(spec: Part) -> None:
    """Note a scheduler of the cluster's own, and devices that it has to assign."""
    scheduler = spec["schedulerName"]
    if scheduler.text(_DEFAULT_SCHEDULER) not in {"", _DEFAULT_SCHEDULER}:
        scheduler.problem("which schedulers the cluster runs is not in the manifests")
    if spec["resourceClaims"].items():
        spec["resourceClaims"].problem("which devices the nodes have is not in the manifests")


def _node_label(label: str, values: list[str], part: Part, cluster: ClusterFacts) -> Iterator[Finding]:
    """Yield that no node carries a label with any of these values; doubts become problems of the part."""
    carried = cluster.node_labels.get(label)
    if carried in values or (label == _ARCH and _ARCHITECTURES.issubset(values)):
        return
    if carried is None:
        part.problem(f"{_NOT_JUDGED} (mesh: node_labels: in scenario.yaml states them)")
        return
    wanted = " or ".join(values)
    yield Finding(
        part.place, f"{part.manifest.ref} needs nodes with {label}={wanted}, and they have {carried}"
    )


def _affinity(spec: Part, cluster: ClusterFacts) -> Iterator[Finding]:
    affinity = spec["affinity"]
    terms = affinity.at("nodeAffinity", _REQUIRED, "nodeSelectorTerms").items()
    refused = [list(_term(term, cluster)) for term in terms]
    # One term of several is enough.
    if refused and all(refused):
        yield refused[0][0]
    if affinity.at("podAffinity", _REQUIRED).items():
        affinity.at("podAffinity", _REQUIRED).problem("the model does not support podAffinity")
    for term in affinity.at("podAntiAffinity", _REQUIRED).items():
        if term["topologyKey"].text() != _HOSTNAME or term["namespaceSelector"] or term["namespaces"].items():
            term.problem("the model does not support this podAntiAffinity")


def _term(term: Part, cluster: ClusterFacts) -> Iterator[Finding]:
    if term["matchFields"].items():
        term["matchFields"].problem(_NOT_JUDGED)
    for one in term["matchExpressions"].items():
        label, operator = one["key"].text(), one["operator"].text()
        values = list(one["values"].texts())
        carried = cluster.node_labels.get(label)
        if operator == "In":
            yield from _node_label(label, values, one, cluster)
        elif operator == "Exists" and label in _LABELS_OF_EVERY_NODE:
            continue
        elif carried is None or operator not in {"NotIn", "Exists", "DoesNotExist"}:
            one.problem(_NOT_JUDGED)
        elif operator == "DoesNotExist" or (operator == "NotIn" and carried in values):
            yield Finding(one.place, f"{one.manifest.ref} needs nodes without {label}={carried}")


# Every node has them; others, like nvidia.com/gpu, come with a device plugin or a setting of the node.
_OF_EVERY_NODE = frozenset({"cpu", "memory", "ephemeral-storage"})
# A node allows the other ones only where its kubelet is configured to.
_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
_OF_THE_NODE = "Localhost"
# A container counts as started when its hook has ended.
_LONGEST_SLEEP = 30


def check_node_demands(spec: Part) -> None:
    """Note what only the nodes decide, as problems of the pods' spec."""
    containers = (*spec["initContainers"].items(), *spec["containers"].items())
    for one in (spec, *containers):
        _check_profiles(one["securityContext"])
    for sysctl in spec["securityContext"]["sysctls"].items():
        if sysctl["name"].text() not in _SAFE_SYSCTLS:
            sysctl["name"].problem(
                "whether the nodes allow this setting of the kernel is not in the manifests"
            )
    if spec["resources"]:
        spec["resources"].problem("the model does not support resources of a pod as a whole")
    for container in containers:
        for kind in ("requests", "limits"):
            for name, part in container["resources"][kind].entries().items():
                if name not in _OF_EVERY_NODE:
                    part.problem(f"whether the nodes have {name} is not in the manifests")
        hook = container["lifecycle"]["postStart"]
        if hook and not 0 < (hook["sleep"]["seconds"].number(0) or 0) <= _LONGEST_SLEEP:
            hook.problem(
                "whether this hook succeeds in time is not in the manifests, and its container ends if not"
            )


def _check_profiles(context: Part) -> None:
    for name in ("seccompProfile", "appArmorProfile"):
        if context[name]["type"].value == _OF_THE_NODE:
            context[name].problem("whether the nodes have this profile is not in the manifests")

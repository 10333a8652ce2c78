"""The identity of the mesh and its cluster: an input of the model, never a constant of it.

A profile is named (`--mesh-profile`, or `mesh: {profile: ...}` in scenario.yaml); single facts under the key
`mesh` replace those of the profile. Sources: Istio, "Installation Configuration Profiles", "Canary Upgrades"
(revisions and tags); Microsoft, "Istio-based service mesh add-on for Azure Kubernetes Service"; kind's node
image (one node, the storage class `standard` by local-path-provisioner).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from canary_conformance.errors import BadInput
from canary_conformance.model.objects.questions import Source
from canary_conformance.scenario.mesh_facts import NO_FACTS, MeshFacts

# Kubernetes, "Pod Priority and Preemption": every cluster has these two.
SYSTEM_PRIORITIES = frozenset({"system-cluster-critical", "system-node-critical"})
_INGRESS = "ingress gateway"


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What pods can count on outside their namespace; None where it is not known.

    `nodes` is the number of nodes that take pods, `node_labels` are labels that every one of them carries.
    `claim_modes` are the access modes that the default storage class provides.
    """

    nodes: int | None = None
    node_labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    storage_classes: frozenset[str] | None = None
    priority_classes: frozenset[str] | None = None
    runtime_classes: frozenset[str] | None = None
    claim_modes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class MeshProfile:
    """One mesh: its root namespace, what makes it inject, its ingress gateways, how it captures traffic.

    `revisions` are the labels' values by which the control plane in charge injects: its revision (the newest
    of several), then others and tags. `by_istio_injection`: whether the labels istio-injection: enabled and
    sidecar.istio.io/inject alone do.
    `gateways` are the pods that a Gateway can select, the one that voters use by default first, which
    `selector` chooses.
    `gateway_targets` are the gateway pods' ports by the ports of their Service. `cni`: Istio's CNI plugin
    replaces the init container istio-init. `versions` are the Istio versions that it may run, none unknown.
    `discovery` are labels without which the control plane sees no namespace (MeshConfig, discoverySelectors).
    """

    name: str
    root_namespace: str
    revisions: tuple[str, ...]
    by_istio_injection: bool
    gateways: tuple[Source, ...]
    selector: Mapping[str, str] = field(hash=False)
    gateway_targets: Mapping[int, int] = field(hash=False)
    cni: bool
    versions: tuple[str, ...] = ()
    cluster: ClusterFacts = field(default_factory=ClusterFacts)
    discovery: Mapping[str, str] = field(default_factory=dict, hash=False)

    def ingress(self, selectors: list[Mapping[str, str]]) -> Source:
        """Return the ingress gateway that Gateways with these selectors open; the first one by default."""
        for gateway in self.gateways:
            if any(selector and selector.items() <= gateway.labels.items() for selector in selectors):
                return gateway
        return self.gateways[0]

    def is_gateway(self, selector: Mapping[str, str]) -> bool:
        """Return whether a Gateway's selector selects the pods of any ingress gateway."""
        return any(selector.items() <= gateway.labels.items() for gateway in self.gateways)

    def injects_by(self, label: str, value: str) -> bool:
        """Return whether a namespace with this label, and no other of the kind, gets sidecars."""
        if label == INJECTION:
            return self.by_istio_injection and value == "enabled"
        return value in self.revisions

    @property
    def namespace_labels(self) -> dict[str, str]:
        """The label by which a namespace is to ask this mesh for sidecars."""
        if self.by_istio_injection:
            return {INJECTION: "enabled"}
        return {REVISION: self.revisions[0]} if self.revisions else {}

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"mesh profile {self.name}" if self.name in PROFILES else self.name

    @property
    def injection_labels(self) -> str:
        """The labels by which this mesh injects, as a person writes them."""
        wanted = [f"{INJECTION}: enabled"] if self.by_istio_injection else []
        return " or ".join([*wanted, *(f"{REVISION}: {one}" for one in sorted(self.revisions))])


INJECTION, REVISION = "istio-injection", "istio.io/rev"
"""The labels by which a namespace asks for sidecars (Istio, "Installing the Sidecar")."""


def ingress_gateway(namespace: str, labels: Mapping[str, str], account: str = "") -> Source:
    """Return an ingress gateway; account: its service account, "" where it is unknown."""
    of_pods = MappingProxyType(dict(labels))
    return Source(_INGRESS, of_pods, gateway=True, namespace=namespace, account=account)


def _aks_gateway(name: str) -> Source:
    return ingress_gateway("aks-istio-ingress", {"app": name, "istio": name})


# Well-known labels of Linux nodes, the deprecated ones too (Kubernetes, "Well-Known Labels").
_LINUX = MappingProxyType({"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux"})

ANY_CLUSTER = ClusterFacts(node_labels=_LINUX)
"""What is known of a cluster before anything was read."""

DEFAULT = MeshProfile(
    name="default",
    root_namespace="istio-system",
    revisions=("default",),
    by_istio_injection=True,
    # Of the labels that istioctl gives the gateway's pods, those that are the same in every installation.
    gateways=(
        ingress_gateway(
            "istio-system",
            {
                "app": "istio-ingressgateway",
                "istio": "ingressgateway",
                "app.kubernetes.io/name": "istio-ingressgateway",
                "operator.istio.io/component": "IngressGateways",
                "service.istio.io/canonical-name": "istio-ingressgateway",
            },
            "istio-ingressgateway-service-account",
        ),
    ),
    selector=MappingProxyType({"istio": "ingressgateway"}),
    gateway_targets=MappingProxyType({80: 8080}),
    cni=False,
    cluster=ClusterFacts(
        nodes=1,
        node_labels=_LINUX,
        storage_classes=frozenset({"standard"}),
        priority_classes=SYSTEM_PRIORITIES,
        runtime_classes=frozenset(),
        claim_modes=frozenset({"ReadWriteOnce", "ReadWriteOncePod"}),
    ),
)
"""Istio as `istioctl install` makes it, on the kind cluster that this suite creates."""

AKS = MeshProfile(
    name="aks",
    root_namespace="aks-istio-system",
    revisions=("asm-1-30", "asm-1-29", "asm-1-28"),
    by_istio_injection=False,
    gateways=(
        _aks_gateway("aks-istio-ingressgateway-external"),
        _aks_gateway("aks-istio-ingressgateway-internal"),
    ),
    selector=MappingProxyType({"istio": "aks-istio-ingressgateway-external"}),
    gateway_targets=MappingProxyType({}),
    cni=True,
    versions=("1.28", "1.29", "1.30"),
    cluster=ANY_CLUSTER,
)
"""The Istio add-on of Azure Kubernetes Service."""

PROFILES: Mapping[str, MeshProfile] = MappingProxyType({one.name: one for one in (DEFAULT, AKS)})


def mesh_profile(name: str | None = None, facts: MeshFacts = NO_FACTS) -> MeshProfile:
    """Return a profile with the stated facts in place of its own.

    Args:
        name: The profile's name; None for the one that the facts name, or else `default`.
        facts: What scenario.yaml states.

    Raises:
        BadInput: The name is unknown.
    """
    wanted = name or facts.profile or DEFAULT.name
    profile = PROFILES.get(wanted)
    if profile is None:
        raise BadInput(f"unknown mesh profile {wanted!r}; the profiles are {', '.join(PROFILES)}")
    return replace(
        profile,
        root_namespace=facts.root_namespace or profile.root_namespace,
        revisions=profile.revisions if facts.revisions is None else facts.revisions,
        by_istio_injection=_fact(facts.istio_injection, profile.by_istio_injection),
        gateways=_gateways(profile, facts),
        selector=facts.gateway_labels or profile.selector,
        cni=_fact(facts.cni, profile.cni),
        versions=(facts.version,) if facts.version else profile.versions,
        cluster=cluster_facts(profile.cluster, facts),
    )


def _gateways(profile: MeshProfile, facts: MeshFacts) -> tuple[Source, ...]:
    if not facts.gateway_labels and facts.gateway_namespace is None:
        return profile.gateways
    usual = profile.gateways[0]
    return (
        ingress_gateway(facts.gateway_namespace or usual.namespace, facts.gateway_labels or usual.labels),
    )


def cluster_facts(usual: ClusterFacts, facts: MeshFacts) -> ClusterFacts:
    """Return the facts on a cluster, what scenario.yaml states in place of what is usual."""
    priorities = facts.priority_classes
    return replace(
        usual,
        nodes=facts.nodes or usual.nodes,
        node_labels={**usual.node_labels, **facts.node_labels},
        storage_classes=_classes(facts.storage_classes, usual.storage_classes),
        priority_classes=usual.priority_classes
        if priorities is None
        else SYSTEM_PRIORITIES.union(priorities),
        runtime_classes=_classes(facts.runtime_classes, usual.runtime_classes),
    )


def _classes(stated: tuple[str, ...] | None, usual: frozenset[str] | None) -> frozenset[str] | None:
    return usual if stated is None else frozenset(stated)


def _fact(stated: bool | None, usual: bool) -> bool:
    return usual if stated is None else stated

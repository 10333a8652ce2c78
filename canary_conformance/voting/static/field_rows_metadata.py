"""The rows of metadata: names, labels and annotations of every kind, and the namespace's own labels.

A label or annotation is known by its key. Keys of Kubernetes' and Istio's own domains mean something to their
controllers, so one that is not listed here is unknown; no other controller is part of the scenario. Sources:
Kubernetes, "Well-Known Labels, Annotations and Taints"; Istio, "Resource Labels", "Resource Annotations".
"""

from __future__ import annotations

from typing import Any

from canary_conformance.voting.static.field_classes import Row, harmless, modelled, tree_of, unknown
from canary_conformance.voting.static.requirement_sets import (
    CLAIMS,
    EVERYTHING,
    LEFT,
    RUNS,
    WAYS_IN,
)

_FOREIGN = "the model does not follow this key of Kubernetes or Istio"
# Written by tools, or read by controllers that decide nothing here.
_HARMLESS_DOMAINS = (
    "app.kubernetes.io",
    "cluster-autoscaler.kubernetes.io",
    "config.kubernetes.io",
    "external-dns.alpha.kubernetes.io",
    "kubectl.kubernetes.io",
)
_HARMLESS_KEYS = frozenset(
    {
        "controller.kubernetes.io/pod-deletion-cost",
        "deployment.kubernetes.io/revision",
        "kubernetes.io/change-cause",
        "kubernetes.io/description",
        "kubernetes.io/metadata.name",
        "service.istio.io/canonical-name",
        "service.istio.io/canonical-revision",
    }
)
_OWN = ("kubernetes.io", "k8s.io", "istio.io")
# Istio reads it without a domain.
_LOCALITY = "istio-locality"
_OF_PODS = frozenset({"sidecar.istio.io/inject", "istio.io/rev", "security.istio.io/tlsMode"})
_OF_NAMESPACES = frozenset(
    {
        "istio-injection",
        "istio.io/rev",
        "pod-security.kubernetes.io/enforce",
        "pod-security.kubernetes.io/enforce-version",
        "pod-security.kubernetes.io/audit",
        "pod-security.kubernetes.io/audit-version",
        "pod-security.kubernetes.io/warn",
        "pod-security.kubernetes.io/warn-version",
    }
)


def is_known_key(key: str, _value: Any = None) -> bool:
    """Return whether a label's or annotation's key means nothing to any controller of the scenario."""
    domain, slash, _ = key.rpartition("/")
    if key in _HARMLESS_KEYS or any(_is_of(domain, one) for one in _HARMLESS_DOMAINS):
        return True
    return not (slash and any(_is_of(domain, one) for one in _OWN)) and key != _LOCALITY


def is_known_annotation_of_pods(key: str, value: Any) -> bool:
    """Return whether an annotation of pods means nothing, or is read in model.pods.injection (Istio's)."""
    return is_known_key(key) or _is_of(key.rpartition("/")[0], "istio.io") or _is_default_profile(key, value)


def is_known_label_of_pods(key: str, _value: Any) -> bool:
    """Return whether a label of pods is modelled or means nothing."""
    return key in _OF_PODS or is_known_key(key)


def is_known_label_of_namespaces(key: str, _value: Any) -> bool:
    """Return whether a label of a namespace is modelled or means nothing."""
    return key in _OF_NAMESPACES or is_known_key(key)


def _is_default_profile(key: str, value: Any) -> bool:
    """Return whether an annotation gives a container the profile of AppArmor that it has anyway."""
    return key.startswith("container.apparmor.security.beta.kubernetes.io/") and value == "runtime/default"


def _is_of(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


_SERVERS_OWN = harmless(
    "the API server sets it; an apply that sets it is ignored or refused (R0.1)",
    "metadata.{creationTimestamp,generation,selfLink}",
    "metadata.{uid,resourceVersion}",
    "metadata.managedFields.**",
    "status.**",
)
_IN_DELETION = unknown(
    EVERYTHING,
    "the API server keeps it and refuses to change it, and controllers pass over an object in deletion (a "
    "Service gets no endpoints)",
    "metadata.{deletionTimestamp,deletionGracePeriodSeconds}",
)
_COMMON: tuple[Row, ...] = (
    harmless("by them the object is found, and read as what it is", "{apiVersion,kind}", "metadata.name"),
    modelled("model.objects.state", "metadata.namespace", "metadata.finalizers.*"),
    modelled("model.objects.state", "metadata.ownerReferences.**"),
    harmless("with a name of its own an object gets none that is made up", "metadata.generateName"),
    _SERVERS_OWN,
    _IN_DELETION,
)
_TOUCHED = RUNS | CLAIMS
METADATA = (
    *_COMMON,
    unknown(_TOUCHED, _FOREIGN, "metadata.{labels,annotations}.*", fine=is_known_key, may_mend=True),
)
"""The rows of every kind but Namespace."""

NAMESPACE = tree_of(
    (
        *_COMMON,
        unknown(EVERYTHING, _FOREIGN, "metadata.labels.*", fine=is_known_label_of_namespaces, may_mend=True),
        unknown(_TOUCHED | WAYS_IN, _FOREIGN, "metadata.annotations.*", fine=is_known_key, may_mend=True),
        unknown(
            frozenset({"R6.1"}),
            "what lifts this finalizer is not in the manifests",
            "spec.finalizers.*",
            fine=lambda _key, value: value == "kubernetes",
        ),
    )
)
"""The rows of a namespace, of scenario.yaml's own labels too."""

TEMPLATE_METADATA = (
    harmless("what is made of a template is called by its maker", "metadata.{name,generateName,namespace}"),
    unknown(
        RUNS | CLAIMS | LEFT,
        "the model does not follow it in what is made of a template",
        "metadata.{finalizers,ownerReferences}.**",
    ),
    harmless(
        "the API server sets it in each object",
        "metadata.{creationTimestamp,deletionTimestamp,deletionGracePeriodSeconds,generation,selfLink}",
        "metadata.{uid,resourceVersion}",
        "metadata.managedFields.**",
    ),
)
"""The rows of the metadata of any template, but for labels and annotations."""

CLAIM_METADATA = (
    *TEMPLATE_METADATA,
    unknown(_TOUCHED, _FOREIGN, "metadata.{labels,annotations}.*", fine=is_known_key, may_mend=True),
    harmless("by them the object is read as what it is", "{apiVersion,kind}"),
    harmless("the API server sets it in each object", "status.**"),
)
"""The rows of a template of claims beside its spec."""

POD_METADATA = (
    *TEMPLATE_METADATA,
    unknown(RUNS, _FOREIGN, "metadata.labels.*", fine=is_known_label_of_pods, may_mend=True),
    unknown(RUNS, _FOREIGN, "metadata.annotations.*", fine=is_known_annotation_of_pods, may_mend=True),
)
"""The rows of the metadata of a template of pods."""

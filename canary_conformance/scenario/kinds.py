"""Which kinds of objects manifests may have, and what is wrong with one that no cluster could take.

Kinds that Kubernetes and Istio define are in a table, with their API versions and scope. Any other group is
that of a CustomResourceDefinition, which a cluster may have or not: only the cluster's discovery can say.
Sources: the Kubernetes API reference (1.34), the CustomResourceDefinitions of Istio (1.31).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType

from canary_conformance.scenario.removed_kinds import replacement
from canary_conformance.scenario.template_markers import unrendered

_NETWORKING = tuple(f"networking.istio.io/{version}" for version in ("v1", "v1beta1", "v1alpha3"))
_SECURITY = tuple(f"security.istio.io/{version}" for version in ("v1", "v1beta1"))


def _of(api_version: str, kinds: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(kinds.split(), (api_version,))


API_VERSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **_of("v1", "ConfigMap Endpoints LimitRange Namespace PersistentVolume PersistentVolumeClaim Pod"),
        **_of("v1", "PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount"),
        **_of("apps/v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
        **_of("batch/v1", "CronJob Job"),
        "HorizontalPodAutoscaler": ("autoscaling/v2", "autoscaling/v1"),
        **_of("policy/v1", "PodDisruptionBudget"),
        **_of("networking.k8s.io/v1", "Ingress IngressClass NetworkPolicy"),
        **_of("rbac.authorization.k8s.io/v1", "ClusterRole ClusterRoleBinding Role RoleBinding"),
        **_of("scheduling.k8s.io/v1", "PriorityClass"),
        **_of("storage.k8s.io/v1", "CSIDriver CSIStorageCapacity StorageClass"),
        **_of("coordination.k8s.io/v1", "Lease"),
        **_of("discovery.k8s.io/v1", "EndpointSlice"),
        **_of("node.k8s.io/v1", "RuntimeClass"),
        **_of("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        **_of("apiregistration.k8s.io/v1", "APIService"),
        **_of("certificates.k8s.io/v1", "CertificateSigningRequest"),
        **_of(
            "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
        ),
        **_of(
            "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
        ),
        **_of("flowcontrol.apiserver.k8s.io/v1", "FlowSchema PriorityLevelConfiguration"),
        "VirtualService": _NETWORKING,
        "DestinationRule": _NETWORKING,
        "Gateway": _NETWORKING,
        "ServiceEntry": _NETWORKING,
        "Sidecar": _NETWORKING,
        "EnvoyFilter": ("networking.istio.io/v1alpha3",),
        "WorkloadEntry": _NETWORKING,
        "WorkloadGroup": _NETWORKING,
        "ProxyConfig": ("networking.istio.io/v1beta1",),
        "PeerAuthentication": _SECURITY,
        "AuthorizationPolicy": _SECURITY,
        "RequestAuthentication": _SECURITY,
        "Telemetry": ("telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1"),
        "WasmPlugin": ("extensions.istio.io/v1alpha1",),
        "TrafficExtension": ("extensions.istio.io/v1alpha1",),
    }
)
"""The kinds that Kubernetes and Istio define, each with its API versions, the preferred one first."""

CLUSTER_SCOPED = frozenset(
    [
        "APIService",
        "CSIDriver",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ]
)
"""Those of them whose objects belong to no namespace."""

MAKES_PODS = frozenset(
    {
        *("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController"),
        "StatefulSet",
    }
)
"""Those whose objects are pods, or make them."""

_POD = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
"""The lists of containers in the spec of a pod."""

_GROUPS = frozenset(version.rpartition("/")[0] for versions in API_VERSIONS.values() for version in versions)
# Kubernetes, "API Overview": the core group has no name; versions are like v1, v2beta1.
_API_VERSION = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?[a-z][a-z0-9-]*")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
# Groups of Kubernetes itself whose version a cluster serves only if it is set to, or in a newer release.
_MAY_BE_SERVED = re.compile(r"(?:[a-z0-9-]+\.)*k8s\.io/v[0-9]+(?:alpha|beta)[0-9]+")
_ISTIO = ".istio.io"
# "ServiceMonitor" isn't a mistyped Service, "Deploymnt" is a mistyped Deployment.
_ALIKE = 0.85


def kind_problem(api_version: str, kind: str) -> str:
    """Return why no cluster could take an object of this API version and kind, "" where one could."""
    why = _misspelt(api_version, kind) or replacement(api_version, kind) or _not_served(api_version, kind)
    return f"{api_version} {kind} can't be applied: {why}" if why else ""


def _misspelt(api_version: str, kind: str) -> str:
    if template := unrendered(api_version) or unrendered(kind):
        return template
    if not _API_VERSION.fullmatch(api_version):
        return f"{api_version!r} is not a valid apiVersion like apps/v1"
    return "" if _KIND.fullmatch(kind) else f"{kind!r} is not a valid kind like Deployment"


def _not_served(api_version: str, kind: str) -> str:
    group, known = api_version.rpartition("/")[0], API_VERSIONS.get(kind)
    write = f"write {' or '.join(known)}" if known else ""
    if group in _GROUPS:
        if known is None:
            return _near(kind)
        return "" if api_version in known or _MAY_BE_SERVED.fullmatch(api_version) else write
    # A CustomResourceDefinition's group has a dot, and Istio's are known.
    if group.endswith(_ISTIO) or "." not in group:
        return f"there is no group {group}" + (f"; {write}" if write else "")
    return ""


def pod_spec_path(kind: str) -> tuple[str, ...] | None:
    """Return where an object has the spec of the pods that it makes, None for a kind that makes none."""
    return _POD.get(kind, ("spec", "template", "spec") if kind in MAKES_PODS else None)


def is_known(api_version: str, kind: str) -> bool:
    """Return whether Kubernetes or Istio define a kind, so that it is known what its objects do."""
    return api_version in API_VERSIONS.get(kind, ())


def kind_name(api_version: str, kind: str) -> str:
    """Return what a kind is called: its own name, with the group behind where that name is another group's.

    As kubectl has it: "Gateway" is networking.istio.io's, "Gateway.gateway.networking.k8s.io" is the other.
    """
    group = api_version.rpartition("/")[0]
    known = {version.rpartition("/")[0] for version in API_VERSIONS.get(kind, ())}
    return kind if not known or group in known else f"{kind}.{group}"


def listed_kind_problem(name: str) -> str:
    """Return why scenario.yaml can't list an object of a kind so called, "" where it can."""
    near = "" if name in API_VERSIONS or "." in name else _near(name)
    return f"{name} is not a known kind: {near}" if near else ""


def api_version_of(name: str) -> str:
    """Return the preferred API version of a kind that Kubernetes or Istio define; raises LookupError."""
    return API_VERSIONS[name][0]


def _near(kind: str) -> str:
    near = difflib.get_close_matches(kind, API_VERSIONS, n=2, cutoff=_ALIKE)
    return f"did you mean {' or '.join(near)}?" if near else ""

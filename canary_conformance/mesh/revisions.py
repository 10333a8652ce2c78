"""Control planes side by side: a revision is one with a name, a tag is a name that leads to one.

The mesh that was installed without a name is the revision "default" (Istio: "Canary Upgrades").
"""

from __future__ import annotations

import re
from pathlib import Path

from canary_conformance.cluster.base import Cluster
from canary_conformance.mesh.installation import DEFAULT_REVISION, GATEWAY, ROOT_NAMESPACE
from canary_conformance.mesh.istioctl import run_istioctl

REVISION, COMPONENT = "istio.io/rev", "operator.istio.io/component"
# The part of an installation that all revisions share, which `istioctl uninstall --revision` leaves.
SHARED = "Base"
# What is made for one revision and goes with it, as far as it is no matter of authority.
IN_ROOT_NAMESPACE = (
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "ServiceAccount"),
    ("policy/v1", "PodDisruptionBudget"),
)
WEBHOOKS = (
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
)


def revision_name(version: str) -> str:
    """Return a version as a revision's name, which is part of a DNS name."""
    return re.sub(r"[^a-z0-9]+", "-", version.lower()).strip("-")


def remove_revision(cluster: Cluster, istioctl: Path, revision: str) -> None:
    """Uninstall the control plane of a revision. Raises CommandFailed."""
    run_istioctl(cluster, istioctl, "uninstall", "--skip-confirmation", "--revision", revision)


def make_default(cluster: Cluster, istioctl: Path, revision: str) -> None:
    """Have a revision validate Istio's objects, and inject into namespaces that name no revision.

    Without it no object of Istio's could be written any more once the revision that validated them is gone
    (Istio: "Default tag"). Raises CommandFailed.
    """
    lead_tag(cluster, istioctl, DEFAULT_REVISION, revision)


def lead_tag(cluster: Cluster, istioctl: Path, tag: str, revision: str) -> None:
    """Make a tag, or lead one to another revision. Raises CommandFailed."""
    words = ("tag", "set", tag, "--revision", revision, "--overwrite", "--skip-confirmation")
    run_istioctl(cluster, istioctl, *words)


def remove_tag(cluster: Cluster, istioctl: Path, tag: str) -> None:
    """Remove a tag. Raises CommandFailed."""
    run_istioctl(cluster, istioctl, "tag", "remove", tag, "--skip-confirmation")


def control_planes(cluster: Cluster) -> dict[str, str]:
    """Return the image of each pod of a control plane that isn't on its way out, by the pod's name."""
    pods = cluster.api.list("v1", "Pod", ROOT_NAMESPACE, "app=istiod")
    return {
        str(pod["metadata"]["name"]): str(pod["spec"]["containers"][0]["image"])
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    }


def revisions(cluster: Cluster) -> dict[str, list[str]]:
    """Return the revisions that have objects of the mesh's own, and which, as "KIND NAME".

    Control planes with what they need, their webhooks, and the gateway; not what all revisions share.
    """
    kinds = [(*of, ROOT_NAMESPACE) for of in IN_ROOT_NAMESPACE] + [(*of, None) for of in WEBHOOKS]
    found: dict[str, list[str]] = {}
    for api_version, kind, namespace in kinds:
        for one in cluster.api.list(api_version, kind, namespace):
            labels = one["metadata"].get("labels") or {}
            if labels.get(REVISION) and labels.get(COMPONENT) != SHARED:
                found.setdefault(str(labels[REVISION]), []).append(f"{kind} {one['metadata']['name']}")
    return dict(sorted(found.items()))


def gateway_revision(cluster: Cluster) -> str:
    """Return the revision that runs the ingress gateway, "" where there is none."""
    found = cluster.api.get("apps/v1", "Deployment", GATEWAY, ROOT_NAMESPACE)
    return str(found["metadata"]["labels"].get(REVISION, "")) if found else ""

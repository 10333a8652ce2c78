"""Which Kubernetes an Istio release supports, and which kind starts a node of a Kubernetes release.

The one place to review when a release of Istio, Kubernetes or kind comes out.
"""

from __future__ import annotations

from types import MappingProxyType

from canary_conformance.images.pins import minor_of, numbers_of

# Istio's minor release: the oldest and the newest Kubernetes that it supports (Istio, "Supported Releases",
# column "Supported Kubernetes Versions").
KUBERNETES_OF_ISTIO = MappingProxyType(
    {
        "1.28": ("1.30", "1.34"),
        "1.29": ("1.31", "1.35"),
        "1.30": ("1.32", "1.36"),
        "1.31": ("1.32", "1.36"),
    }
)
# Kubernetes' minor release: the first kind that was released with a node of it (kind, release notes of 0.30.0
# to 0.32.0; the last writes kubeadm's configuration as v1beta4 for 1.36). Our configuration for pulled nodes
# is kind and apiVersion v1alpha4 alone, which each of them accepts. We load no images by kind, which is what
# those notes ask a newer kind for.
KIND_OF_KUBERNETES = MappingProxyType({"1.34": "0.30.0", "1.35": "0.31.0", "1.36": "0.32.0"})


def supports(istio: str, kubernetes: str) -> bool:
    """Tell whether a release of Istio supports one of Kubernetes; what is not known here is not ruled out."""
    known = KUBERNETES_OF_ISTIO.get(minor_of(istio))
    if known is None:
        return True
    oldest, newest = map(numbers_of, known)
    return oldest <= numbers_of(minor_of(kubernetes)) <= newest


def oldest_kind(kubernetes: str, pinned: str) -> str:
    """Return the oldest kind that starts a pulled node of a Kubernetes; else the pinned one."""
    return KIND_OF_KUBERNETES.get(minor_of(kubernetes), pinned)

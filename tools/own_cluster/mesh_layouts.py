"""Istio as others install it: with istioctl's defaults, and as the add-on of AKS lays it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from canary_conformance.images.provisions import Provisions
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS
from tools.own_cluster.plain_cluster import PlainCluster

# Two cores hold both clusters and more.
SMALL = {"requests": {"cpu": "50m", "memory": "128Mi"}}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a mesh has what.

    Attributes:
        root: The namespace of the control plane.
        gateway_namespace: The namespace of the ingress gateways.
        gateways: Their names.
        roles: The file of examples/cluster that binds the roles there.
        revision: The revision, "" where the mesh was installed without one.
        load_balanced: Whether something gives addresses to Services of type LoadBalancer.
    """

    root: str
    gateway_namespace: str
    gateways: tuple[str, ...]
    roles: str
    revision: str = ""
    load_balanced: bool = False

    @property
    def options(self) -> list[str]:
        """The suite's options that say which gateway, where there are several."""
        several = len(self.gateways) > 1
        return [f"--gateway={self.gateway_namespace}/{self.gateways[0]}"] if several else []


DEFAULTS = Layout("istio-system", "istio-system", ("istio-ingressgateway",), "mesh-default.yaml")
# Microsoft: "Istio-based service mesh add-on for AKS", its revision on the Istio that is built here.
AKS = Layout(
    "aks-istio-system",
    "aks-istio-ingress",
    ("aks-istio-ingressgateway-external", "aks-istio-ingressgateway-internal"),
    "mesh-aks.yaml",
    "asm-1-31",
    load_balanced=True,
)


def install(cluster: PlainCluster, layout: Layout) -> None:
    """Install the mesh and wait until it is ready. Raises CommandFailed."""
    for namespace in dict.fromkeys((layout.root, layout.gateway_namespace)):
        cluster.kubectl("create", "namespace", namespace)
    file = cluster.folder / "istio-operator.yaml"
    file.write_text(yaml.safe_dump(operator(cluster.provisions, layout), sort_keys=False))
    _istioctl(cluster, "install", "--skip-confirmation", "--filename", str(file))
    if layout.revision:
        # istioctl makes the first revision the default one too; the add-on does not.
        words = ("tag", "remove", "default", "--skip-confirmation", "--istioNamespace", layout.root)
        _istioctl(cluster, *words)


def operator(provisions: Provisions, layout: Layout) -> dict[str, Any]:
    """Return the IstioOperator document: profile default, and what images built here need.

    What upstream's Envoy lacks is off, and no proxy asks a cloud's metadata address.
    """
    upstream = provisions.upstream_envoy is not None
    environment = {"PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"}
    return {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": {"namespace": layout.root},
        "spec": {
            "profile": "default",
            "hub": provisions.hub,
            "tag": provisions.tag,
            **({"revision": layout.revision} if layout.revision else {}),
            "meshConfig": {"defaultConfig": {"proxyMetadata": {"CLOUD_PLATFORM": "none"}}},
            "components": {"ingressGateways": _gateways(layout)},
            "values": {
                # By default sidecars request more than a machine of two cores has for ten of them.
                "global": {
                    "istioNamespace": layout.root,
                    "imagePullPolicy": "IfNotPresent",
                    "proxy": {"resources": {"requests": {"cpu": "10m", "memory": "40Mi"}}},
                },
                # Beside another namespace than the control plane's, a gateway gets its settings by injection.
                "gateways": {"istio-ingressgateway": {"injectionTemplate": "gateway"}}
                if layout.gateway_namespace != layout.root
                else {},
                "pilot": {"env": environment if upstream else {}, "resources": SMALL},
                **({"telemetry": {"enabled": False}} if upstream else {}),
            },
        },
    }


def _gateways(layout: Layout) -> list[Mapping[str, Any]]:
    """Return the ingress gateways: the profile's own, or in its place others, labelled by their names."""
    own = DEFAULTS.gateways[0]
    if layout.gateways == (own,):
        return [{"name": own, "enabled": True, "k8s": {"resources": SMALL}}]
    others = [
        {
            "name": name,
            "namespace": layout.gateway_namespace,
            "enabled": True,
            "label": {"app": name, "istio": name},
            "k8s": {"resources": SMALL},
        }
        for name in layout.gateways
    ]
    return [{"name": own, "enabled": False}, *others]


def _istioctl(cluster: PlainCluster, *words: str) -> None:
    program = cluster.provisions.istioctl
    run([program, *words, "--kubeconfig", cluster.admin], limit=LIMITS.mesh_install + 30)

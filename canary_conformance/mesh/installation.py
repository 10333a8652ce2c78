"""`istioctl install` with a small profile, and where the ingress gateway answers.

On upstream Envoy the filters that only Istio's own build carries are off: metadata exchange, ALPN, and
telemetry's stats filter. No proxy asks a cloud's metadata address, since nothing may leave the machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.host_reach import FIRST_GATEWAY_PORT
from canary_conformance.cluster.namespace_deletion import delete_namespaces
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.content_keys import key_of
from canary_conformance.images.provisions import Provisions
from canary_conformance.mesh.base import Gateway, gateway_address
from canary_conformance.mesh.istioctl import run_istioctl
from canary_conformance.mesh.tls.tls_counters import STATS_SUFFIXES
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS

ROOT_NAMESPACE = "istio-system"
GATEWAY = "istio-ingressgateway"
PROXY = "proxyv2"
# What objects of a control plane that was installed without a revision are labelled with (Istio: "Canary
# Upgrades").
DEFAULT_REVISION = "default"
# The annotation of the root namespace that records what was installed there, for a run that reuses it.
INSTALLED = "voting-conformance/installed"
SMALL = {"requests": {"cpu": "10m", "memory": "40Mi"}}
PROXY_CONFIG = {
    "concurrency": 1,
    # Keys of elliptic curves: an RSA handshake costs a proxy some thirty times as much.
    "proxyMetadata": {"CLOUD_PLATFORM": "none", "ECC_SIGNATURE_ALGORITHM": "ECDSA"},
    "terminationDrainDuration": "1s",
    # Istio hides these by default; a handshake that moves them is seen, not believed.
    "proxyStatsMatcher": {"inclusionSuffixes": list(STATS_SUFFIXES)},
}
INGRESS = {
    "name": GATEWAY,
    "k8s": {
        # The node sends requests to a pod until kube-proxy knows that it leaves: for a second and a bit. A
        # gateway that ended before that would lose requests.
        "podAnnotations": {"proxy.istio.io/config": json.dumps({"terminationDrainDuration": "5s"})},
        "service": {
            "type": "NodePort",
            "ports": [{"name": "http2", "port": 80, "targetPort": 8080, "nodePort": FIRST_GATEWAY_PORT}],
        },
        "resources": SMALL,
        "hpaSpec": {"minReplicas": 1, "maxReplicas": 1},
    },
}


@dataclass(frozen=True, slots=True)
class InstalledMesh:
    """A Mesh that this suite installed; see Mesh for what its attributes mean."""

    root_namespace: str
    gateway: Gateway
    istio_version: str
    upstream_envoy: str | None
    istioctl: Path
    proxy_image: str
    injection_labels: Mapping[str, str]
    revision: str = DEFAULT_REVISION
    tags: tuple[str, ...] = ()
    cni: bool = False

    def with_gateway(self, gateway: Gateway) -> InstalledMesh:
        """Return the same mesh, reached by another ingress gateway."""
        return replace(self, gateway=gateway)


def ensure_mesh(cluster: Cluster, provisions: Provisions, progress: Progress) -> InstalledMesh:
    """Return the mesh of the suite's own cluster, installed unless the running one is the wanted one.

    Another mesh is removed first, so that nothing of it is judged. Raises EnvironmentFailed with istioctl's
    own message.
    """
    wanted = key_of(json.dumps(operator(provisions), sort_keys=True))
    if _installed(cluster) == wanted:
        progress.note(f"mesh: Istio {provisions.istio_version} is already installed")
    else:
        if cluster.api.get("v1", "Namespace", ROOT_NAMESPACE):
            with progress.phase("mesh: removing another one"):
                _remove(cluster, provisions.istioctl)
        with progress.phase(f"mesh: installing Istio {provisions.istio_version}"):
            install(cluster, provisions)
            write_down(cluster, wanted)
    return mesh_of(cluster, provisions)


def mesh_of(cluster: Cluster, provisions: Provisions, revision: str = DEFAULT_REVISION) -> InstalledMesh:
    """Return the mesh as it is where the control plane of this revision is in charge.

    Raises EnvironmentFailed where no gateway is reached.
    """
    by_default = revision == DEFAULT_REVISION
    return InstalledMesh(
        root_namespace=ROOT_NAMESPACE,
        gateway=_gateway(cluster),
        istio_version=provisions.istio_version,
        upstream_envoy=provisions.upstream_envoy,
        istioctl=provisions.istioctl,
        proxy_image=f"{provisions.hub}/{PROXY}:{provisions.tag}",
        injection_labels={"istio-injection": "enabled"} if by_default else {"istio.io/rev": revision},
        revision=revision,
    )


def write_down(cluster: Cluster, installed: str) -> None:
    """Record on the root namespace what is installed; "" where no later run can rely on it."""
    metadata = {"name": ROOT_NAMESPACE, "annotations": {INSTALLED: installed}}
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, None)


def operator(
    provisions: Provisions, revision: str = DEFAULT_REVISION, *, gateway: bool = True, proxy: str = PROXY
) -> dict[str, object]:
    """Return the IstioOperator document of the installation (Istio: "IstioOperator Options").

    Args:
        provisions: What the images are called.
        revision: The control plane's.
        gateway: Whether this revision runs the one ingress gateway.
        proxy: The name of the image that it injects.
    """
    return {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {
            "profile": "minimal",
            "hub": provisions.hub,
            "tag": provisions.tag,
            "meshConfig": {"defaultConfig": PROXY_CONFIG},
            "components": {"ingressGateways": [{**INGRESS, "enabled": gateway}]},
            "values": _values(provisions, proxy),
            **({} if revision == DEFAULT_REVISION else {"revision": revision}),
        },
    }


def _values(provisions: Provisions, proxy: str) -> dict[str, object]:
    on_upstream = {"PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"}
    return {
        "global": {"imagePullPolicy": "IfNotPresent", "proxy": {"image": proxy, "resources": SMALL}},
        "pilot": {
            "env": on_upstream if provisions.upstream_envoy else {},
            "autoscaleEnabled": False,
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        },
        **({"telemetry": {"enabled": False}} if provisions.upstream_envoy else {}),
    }


def install(
    cluster: Cluster,
    provisions: Provisions,
    revision: str = DEFAULT_REVISION,
    *,
    gateway: bool = True,
    proxy: str = PROXY,
) -> None:
    """Install a control plane, or change the one of this revision, and wait until it is ready.

    The document is kept in the suite's folder for the cluster. A gateway that this revision runs already is
    removed where it is to run none.

    Raises:
        EnvironmentFailed: It can't be installed; with istioctl's own message.
    """
    file = cluster.api.folder / f"istio-operator-{revision}.yaml"
    document = operator(provisions, revision, gateway=gateway, proxy=proxy)
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    limit = LIMITS.mesh_install
    words = ("install", "--skip-confirmation", "--filename", file, f"--readiness-timeout={limit:.0f}s")
    try:
        run_istioctl(cluster, provisions.istioctl, *words, limit=limit + 30)
    except CommandFailed as error:
        raise EnvironmentFailed(f"Istio could not be installed: {error}") from error


def _remove(cluster: Cluster, istioctl: Path) -> None:
    """Remove every revision of Istio, its custom resources and its certificate authority included.

    Raises EnvironmentFailed.
    """
    words = ("uninstall", "--purge", "--skip-confirmation")
    run_istioctl(cluster, istioctl, *words, limit=LIMITS.mesh_install)
    delete_namespaces(cluster.api, [ROOT_NAMESPACE])


def _installed(cluster: Cluster) -> str | None:
    """Return the key of the installation that is available, None when there is none."""
    control_plane = cluster.api.get("apps/v1", "Deployment", "istiod", ROOT_NAMESPACE)
    if control_plane is None or not control_plane.get("status", {}).get("availableReplicas"):
        return None
    namespace = cluster.api.get("v1", "Namespace", ROOT_NAMESPACE) or {"metadata": {}}
    return (namespace["metadata"].get("annotations") or {}).get(INSTALLED)


def _gateway(cluster: Cluster) -> Gateway:
    address = gateway_address(cluster, ROOT_NAMESPACE, GATEWAY)
    service = cluster.api.get("v1", "Service", GATEWAY, ROOT_NAMESPACE)
    selector = {"istio": service["spec"]["selector"]["istio"]} if service else {}
    return Gateway(ROOT_NAMESPACE, GATEWAY, address, selector)

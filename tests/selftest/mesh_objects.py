"""The objects that an Istio leaves in a cluster, as an API server returns them."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SYSTEM, IMAGE = "istio-system", "registry.test/proxyv2:of-the-gateway"


def kubernetes_node(kubelet: str = "v1.34.4") -> dict[str, Any]:
    """Return a node that is ready."""
    info = {"kubeletVersion": kubelet, "operatingSystem": "linux", "architecture": "arm64"}
    ready = [{"type": "Ready", "status": "True"}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "one"},
        "status": {"nodeInfo": info, "conditions": ready},
    }


def webhook(
    revision: str, namespace: str = SYSTEM, *, tag: str = "", by_label: bool = False, url: str = ""
) -> dict[str, Any]:
    """Return the injection webhooks of a revision or of a tag; by_label: by istio-injection=enabled, too."""
    value = tag or revision
    selectors = [{"matchLabels": {"istio.io/rev": value}}]
    selectors += [{"matchLabels": {"istio-injection": "enabled"}}] if by_label else []
    client = {"url": url} if url else {"service": {"name": "istiod", "namespace": namespace}}
    labels = {"app": "sidecar-injector", "istio.io/rev": revision} | ({"istio.io/tag": tag} if tag else {})
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"injector-{value}-{tag}", "labels": labels},
        "webhooks": [{"name": "rev", "clientConfig": client, "namespaceSelector": one} for one in selectors],
    }


def istiod(revision: str, namespace: str = SYSTEM) -> dict[str, Any]:
    """Return a running pod of a control plane."""
    return pod(f"istiod-{revision}", namespace, _of_istiod(revision))


def istiod_deployment(revision: str, namespace: str = SYSTEM, **variables: str) -> dict[str, Any]:
    """Return the Deployment of a control plane with these variables."""
    env = [{"name": name, "value": value} for name, value in variables.items()]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"istiod-{revision}", "namespace": namespace, "labels": _of_istiod(revision)},
        "spec": {"template": {"spec": {"containers": [{"name": "discovery", "env": env}]}}},
    }


def _of_istiod(revision: str) -> dict[str, str]:
    return {"app": "istiod", "istio.io/rev": revision}


def gateway_pod(
    name: str,
    namespace: str = SYSTEM,
    labels: Mapping[str, str] = MappingProxyType({}),
    *,
    role: str = "router",
    ready: bool = True,
) -> dict[str, Any]:
    """Return a pod whose proxy has a role."""
    given = {"app": name, "istio": name.removeprefix("istio-"), **labels}
    return pod(name, namespace, given, args=["proxy", role], ready=ready)


def pod(
    name: str, namespace: str, labels: dict[str, str], *, args: list[str] | None = None, ready: bool = True
) -> dict[str, Any]:
    """Return a running pod with one container."""
    container = {"name": "istio-proxy" if args else "discovery", "args": args or [], "image": IMAGE}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [container]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def gateway_service(
    name: str,
    namespace: str = SYSTEM,
    *,
    ip: str = "",
    ports: tuple[int, ...] = (15021, 80, 443),
    **selector: str,
) -> dict[str, Any]:
    """Return the Service of a gateway, which a load balancer leads to."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "ports": [{"port": port} for port in ports],
            "selector": selector or {"istio": name.removeprefix("istio-")},
            "clusterIP": "10.96.0.9",
        },
        "status": {"loadBalancer": {"ingress": [{"ip": ip}] if ip else []}},
    }


def config_map(name: str, namespace: str = SYSTEM, **data: str) -> dict[str, Any]:
    """Return a ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


AKS = "aks-istio-system"
MESH_CONFIG = f"""
rootNamespace: {AKS}
accessLogFile: own
defaultConfig: {{image: {{imageType: distroless}}}}
"""


def usual() -> list[dict[str, Any]]:
    """Return the objects of an Istio that was installed without options."""
    return [
        webhook("default", by_label=True),
        webhook("default", tag="default"),
        istiod("default"),
        gateway_pod("istio-ingressgateway"),
        gateway_service("istio-ingressgateway", ip="127.0.0.1"),
    ]


def add_on(revision: str = "asm-1-30") -> list[dict[str, Any]]:
    """Return the objects of AKS' add-on, without its gateways."""
    values = {
        "global": {"hub": "registry.test/istio", "tag": "1.30.2", "proxy": {"image": "proxyv2"}},
        "pilot": {"cni": {"enabled": True}},
    }
    return [
        webhook(revision, namespace=AKS),
        istiod(revision, AKS),
        istiod_deployment(revision, AKS, SHARED_MESH_CONFIG="shared"),
        config_map(f"istio-sidecar-injector-{revision}", AKS, values=json.dumps(values)),
        config_map(f"istio-{revision}", AKS, mesh=MESH_CONFIG),
        config_map("shared", AKS, mesh="accessLogFile: shared\nextra: 1\n"),
    ]

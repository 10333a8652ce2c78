"""What every proxy of scenario and gateway runs, by the running Envoy's own word and its pod's image."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.mesh.proxies import PROXY_CONTAINER, Proxies, proxied_pods
from canary_conformance.mesh.running_components import ProxyVersion, proxy_versions
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.upgrade.upgrade_observations import ProxySeen

SILENT = ProxyVersion(istio="unknown", envoy="unknown, its admin port doesn't answer")


def look_at_proxies(namespace: NamespaceUnderTest, proxies: Proxies) -> list[ProxySeen]:
    """Return what each proxy runs now; one whose admin port doesn't answer runs SILENT."""
    found: list[ProxySeen] = []
    for name, pod in _pods(namespace).items():
        try:
            runs = proxy_versions(proxies, [name])[name]
        except (OSError, LookupError, ValueError):
            runs = SILENT
        found.append(proxy_seen(pod, runs, time.monotonic()))
    return found


def look_at_answering(namespace: NamespaceUnderTest, proxies: Proxies) -> list[ProxySeen]:
    """Return what each proxy runs now, but for those that don't answer yet, or any more."""
    return [one for one in look_at_proxies(namespace, proxies) if one.envoy != SILENT.envoy]


def proxy_seen(pod: Mapping[str, Any], runs: ProxyVersion, now: float) -> ProxySeen:
    """Return what a proxy is, by its pod and by what it says that it runs."""
    metadata, labels = pod["metadata"], pod["metadata"].get("labels", {})
    containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    image = next((str(one["image"]) for one in containers if one["name"] == PROXY_CONTAINER), "")
    app = f"{labels.get('app', '')} {labels.get('version', '')}".strip()
    return ProxySeen(str(metadata["name"]), app, runs.envoy, runs.istio, image, first=now, last=now)


def leaving(namespace: NamespaceUnderTest) -> list[str]:
    """Return the pods of the scenario and of the mesh that are on their way out."""
    namespaces = dict.fromkeys(
        (namespace.name, namespace.mesh.root_namespace, namespace.mesh.gateway.namespace)
    )
    return [
        str(pod["metadata"]["name"])
        for name in namespaces
        for pod in namespace.api.list("v1", "Pod", name)
        if "deletionTimestamp" in pod["metadata"]
    ]


def _pods(namespace: NamespaceUnderTest) -> dict[PodName, Mapping[str, Any]]:
    namespaces = dict.fromkeys((namespace.name, namespace.mesh.gateway.namespace))
    pods = [pod for name in namespaces for pod in namespace.api.list("v1", "Pod", name)]
    by_name = {PodName(pod["metadata"]["namespace"], pod["metadata"]["name"]): pod for pod in pods}
    return {name: by_name[name] for name in proxied_pods(pods)}

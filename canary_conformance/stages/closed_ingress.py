"""Knocking at the ingress gateway where no page is expected: before its Gateway exists, after it is gone."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import requests

from canary_conformance.cluster.rollouts import owner_of
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

Object = Mapping[str, Any]


def knock_everywhere(
    gateway_url: str,
    node_address: str,
    services: Sequence[Object],
    pods: Sequence[Object],
    listening: Collection[int],
) -> dict[str, Reply]:
    """Knock at the ingress and at every port that a Service or a pod opens on the node (R1.4).

    Args:
        gateway_url: The ingress gateway's.
        node_address: Where the node's ports are reached.
        services: The scenario's, as the API server has them.
        pods: Likewise.
        listening: The ports at which components listen, declared or not.

    Returns:
        How each ended, by its name: "ingress gateway", "Service/voting-app port 30080 of the node",
        "Deployment/voting-storage-1-0 port 6379 of the node".
    """
    opened = {**_ports_of_services(services), **_ports_of_pods(pods, listening)}
    urls = {f"{name} port {port} of the node": f"http://{node_address}:{port}/" for name, port in opened}
    return {name: knock(url) for name, url in {"ingress gateway": gateway_url, **urls}.items()}


def _ports_of_services(services: Sequence[Object]) -> dict[tuple[str, int], None]:
    return {
        (f"Service/{service['metadata']['name']}", port["nodePort"]): None
        for service in services
        for port in service["spec"].get("ports", [])
        if port.get("nodePort")
    }


def _ports_of_pods(pods: Sequence[Object], listening: Collection[int]) -> dict[tuple[str, int], None]:
    """Return the ports of the node that pods take: host ports, and all of theirs on the node's own network.

    Source: Kubernetes, API reference of ContainerPort (hostPort) and PodSpec (hostNetwork).
    """
    found: dict[tuple[str, int], None] = {}
    for pod in pods:
        name = str(owner_of(pod) or ObjectRef("Pod", pod["metadata"]["name"]))
        spec = pod["spec"]
        declared = [
            port["hostPort"]
            for container in (*spec.get("initContainers", ()), *spec["containers"])
            for port in container.get("ports", ())
            if port.get("hostPort")
        ]
        # A component may listen at ports that its pod does not declare.
        undeclared = listening if spec.get("hostNetwork") else ()
        found |= dict.fromkeys((name, port) for port in (*declared, *undeclared))
    return found


def knock(url: str) -> Reply:
    """Ask the ingress once for the page, and say how that ended: R1.4 and R6.1 want no page of the app."""
    started = time.monotonic()
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=LIMITS.request)
    except requests.ConnectionError as error:
        kind = ReplyKind.REFUSED if "refused" in str(error) else ReplyKind.RESET
        return Reply(kind, b"", str(error), time.monotonic() - started)
    except requests.RequestException as error:
        return Reply(ReplyKind.FAILED, b"", str(error), time.monotonic() - started)
    told = f"HTTP {answer.status_code}"
    return Reply(ReplyKind.ANSWERED, answer.content[:200], told, time.monotonic() - started)


def knock_until_refused(url: str) -> Reply:
    """Wait until nothing listens any more; return how the last request ended, whatever it was."""
    try:
        return wait_until(
            lambda: knock(url),
            until=lambda reply: reply.kind is ReplyKind.REFUSED,
            limit=LIMITS.ingress_closed,
            what="the ingress is closed",
        )
    except NotInTime as late:
        return cast(Reply, late.last)

"""The application's pods as values: component, version, where they listen, what runs in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.cluster.pod_state import is_ready
from canary_conformance.cluster.rollouts import owner_of
from canary_conformance.mesh.proxies import PROXY_CONTAINER
from canary_conformance.model.pods.component import component_index, component_name
from canary_conformance.scenario.observations import Call
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.traffic.callers import REDIS_PING, Opening, http_get
from canary_conformance.voting.contract import ANALYTICS, APP, MYSQL_PORT, PAGE_PORT, STORAGE, listening_ports

Object = Mapping[str, Any]

# What the contract says of each component: the path that answers on its HTTP port.
PATHS = {APP: "/", ANALYTICS: "/analytics"}


@dataclass(frozen=True, slots=True)
class Workload:
    """A pod of the application: its labels app and version, its owner, its address and ports.

    ports: every port of its containers, and where Services lead to in it. own_ports: those of its component.
    containers: those that stay, by name. container: the component's, and its index among the containers of
    the manifest. settings: the component's variables, None for one whose value the pod doesn't tell itself.
    probed: whether a probe of the component's decides when the pod is ready.
    """

    pod: PodName
    uid: str
    app: str
    version: str
    owner: ObjectRef | None
    address: str
    ports: tuple[int, ...]
    own_ports: tuple[int, ...]
    containers: tuple[str, ...]
    container: str
    index: int
    proxy_image: str
    ready: bool
    settings: Mapping[str, str | None] = field(hash=False)
    probed: bool = True

    def __str__(self) -> str:
        return f"{self.app} {self.version}"

    def has_proxy(self) -> bool:
        """Tell whether Istio's proxy is among the containers."""
        return PROXY_CONTAINER in self.containers

    @property
    def answering_ports(self) -> tuple[int, ...]:
        """The ports at which the component has to answer: the contract's among its own, or else all its own.

        What else a container declares only informs (Kubernetes, "Container": ports).
        """
        contract = listening_ports(self.owner.name if self.owner else "", self.settings) or frozenset()
        return tuple(port for port in self.own_ports if port in contract) or self.own_ports

    def plain_calls(self, ports: Iterable[int] = ()) -> list[tuple[Call, Opening]]:
        """Return a plaintext call to each port, by default to each of the pod's, opened as its protocol is.

        The port of a pod, unlike that of a Service, tells who is behind it: MySQL alone would speak first.
        """
        return [
            (
                Call("outside", self.address, port),
                replace(opening(self.app, self.address, port), listens=port == MYSQL_PORT),
            )
            for port in ports or self.ports
        ]


def opening(app: str, host: str, port: int) -> Opening:
    """Return how a plaintext client opens a connection to a component, by the application's contract.

    A store is always sent Redis's PING. A MySQL server would have spoken first; a sidecar that only takes TLS
    can't tell a silent client from a slow one, and refuses it at its first plain word.
    """
    if port == PAGE_PORT:
        return Opening(http_get(host, port, PATHS.get(app, "/")), listens=False)
    return Opening(REDIS_PING, listens=True)


def workloads(pods: Iterable[Object], services: Iterable[Object] = ()) -> list[Workload]:
    """Return the pods that are not on their way out, as values, in the order of their names.

    services: those of the namespace; they lead to ports that a pod need not declare (Kubernetes API
    reference, ContainerPort: "informational").
    """
    known = list(services)
    found = [_workload(pod, known) for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return sorted(found, key=lambda workload: workload.pod)


def _workload(pod: Object, services: Sequence[Object]) -> Workload:
    metadata, spec = pod["metadata"], pod["spec"]
    labels, owner = metadata.get("labels") or {}, owner_of(pod)
    # A native sidecar is an init container that restarts always (Kubernetes: "Sidecar Containers").
    sidecars = [c for c in spec.get("initContainers", []) if c.get("restartPolicy") == "Always"]
    running = [*spec["containers"], *sidecars]
    own = [one for one in spec["containers"] if one["name"] != PROXY_CONTAINER]
    name = owner.name if owner else ""
    index = component_index(own, component_name(name, labels), name) or 0
    component = own[index] if own else {}
    settings = _settings(component)
    own_ports = _own_ports(component, labels, name, settings, services)
    declared = [port for container in own for port in _declared(container)]
    return Workload(
        pod=PodName(metadata["namespace"], metadata["name"]),
        uid=str(metadata.get("uid", "")),
        app=labels.get("app", ""),
        version=labels.get("version", ""),
        owner=owner,
        address=pod.get("status", {}).get("podIP", ""),
        ports=tuple(dict.fromkeys([*declared, *own_ports])),
        own_ports=own_ports,
        containers=tuple(container["name"] for container in running),
        container=component.get("name", ""),
        index=index,
        proxy_image=next((c["image"] for c in running if c["name"] == PROXY_CONTAINER), ""),
        ready=is_ready(pod),
        settings=settings,
        probed=any(component.get(probe) for probe in ("readinessProbe", "startupProbe")),
    )


def _own_ports(
    component: Object,
    labels: Mapping[str, str],
    owner: str,
    settings: Mapping[str, str | None],
    services: Sequence[Object],
) -> tuple[int, ...]:
    """Return the ports of a component: declared, or where Services lead to by number, or the contract's.

    The stores' Service leads to the ports of both stores, and each listens at one of them only.
    """
    contract = listening_ports(owner, settings) or frozenset()
    led_to = [
        port["targetPort"]
        for service in services
        if _selects(service, labels)
        for port in service["spec"].get("ports") or []
        if isinstance(port.get("targetPort"), int)
    ]
    if labels.get("app") == STORAGE:
        led_to = [port for port in led_to if port in contract]
    return tuple(dict.fromkeys([*_declared(component), *led_to])) or tuple(sorted(contract))


def _selects(service: Object, labels: Mapping[str, str]) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and bool(selector.items() <= labels.items())


def _declared(container: Object) -> list[int]:
    return [port["containerPort"] for port in container.get("ports") or []]


def _settings(component: Object) -> Mapping[str, str | None]:
    return {
        variable["name"]: None
        if "valueFrom" in variable or "$(" in variable.get("value", "")
        else variable.get("value", "")
        for variable in component.get("env") or []
    }

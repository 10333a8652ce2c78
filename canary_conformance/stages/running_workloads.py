"""The application's running pods as values: component and version, where they listen, what runs in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.cluster.pod_state import is_ready
from canary_conformance.cluster.rollouts import owner_of
from canary_conformance.mesh.proxies import PROXY_CONTAINER
from canary_conformance.model.pods.component import component_index, component_name
from canary_conformance.scenario.application import Application
from canary_conformance.scenario.observations import Call, Opening
from canary_conformance.scenario.stages import ObjectRef

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """A pod of the application: its labels app and version, its owner, its address and ports.

    ports: every port of its containers, and where Services lead to in it. own_ports: those of its component.
    containers: those that stay, by name. container: the component's, and its index among the containers of
    the manifest. settings: the component's variables, None for one whose value the pod does not show itself.
    probed: whether a probe of the component's decides when the pod is ready.
    """

    application: Application = field(compare=False, repr=False)
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
        """Return whether Istio's proxy is among the containers."""
        return PROXY_CONTAINER in self.containers

    @property
    def answering_ports(self) -> tuple[int, ...]:
        """The ports at which the component has to answer: the contract's among its own, or else all its own.

        What else a container declares only informs (Kubernetes, "Container": ports).
        """
        contract = _contract_ports(self.application, self.owner.name if self.owner else "", self.settings)
        return tuple(port for port in self.own_ports if port in contract) or self.own_ports

    def plain_calls(self, ports: Iterable[int] = ()) -> list[tuple[Call, Opening]]:
        """Return a plaintext call to each of these ports, by default to each of the pod's."""
        return [
            (
                Call("outside", self.address, port),
                self.application.opening(self.app, self.address, port, at_pod=True),
            )
            for port in ports or self.ports
        ]


def workloads(
    application: Application, pods: Iterable[Object], services: Iterable[Object] = ()
) -> list[Workload]:
    """Return the pods that are not on their way out, as values, in the order of their names.

    Args:
        application: What they run.
        pods: As the API server lists them.
        services: Those of the namespace. They lead to ports that a pod need not declare (Kubernetes API
            reference, ContainerPort: "informational").
    """
    known = list(services)
    found = [_workload(application, pod, known) for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return sorted(found, key=lambda workload: workload.pod)


def _workload(application: Application, pod: Object, services: Sequence[Object]) -> Workload:
    metadata, spec = pod["metadata"], pod["spec"]
    labels, owner = metadata.get("labels") or {}, owner_of(pod)
    # A native sidecar is an init container that restarts always (Kubernetes: "Sidecar Containers").
    sidecars = [c for c in spec.get("initContainers", []) if c.get("restartPolicy") == "Always"]
    running = [*spec["containers"], *sidecars]
    own = [one for one in spec["containers"] if one["name"] != PROXY_CONTAINER]
    name = owner.name if owner else ""
    index = component_index(application, own, component_name(application, name, labels), name) or 0
    component = own[index] if own else {}
    settings = _settings(component)
    own_ports = _own_ports(application, component, labels, name, settings, services)
    declared = [port for container in own for port in _declared(container)]
    return Workload(
        application=application,
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
    application: Application,
    component: Object,
    labels: Mapping[str, str],
    owner: str,
    settings: Mapping[str, str | None],
    services: Sequence[Object],
) -> tuple[int, ...]:
    """Return the ports of a component: declared, or where Services lead to by number, or the contract's.

    A Service of versions with different ports leads to all of them, and each version listens at one only.
    """
    contract = _contract_ports(application, owner, settings)
    led_to = [
        port["targetPort"]
        for service in services
        if _selects(service, labels)
        for port in service["spec"].get("ports") or []
        if isinstance(port.get("targetPort"), int)
    ]
    if len(application.possible_ports(labels.get("app", ""))) > 1:
        led_to = [port for port in led_to if port in contract]
    return tuple(dict.fromkeys([*_declared(component), *led_to])) or tuple(sorted(contract))


def _contract_ports(
    application: Application, owner: str, settings: Mapping[str, str | None]
) -> frozenset[int]:
    """Return the ports at which the component of an owner's name listens; empty where that is not known."""
    name = application.named(owner)
    ports = application.listening_ports(name.component, name.version, settings) if name else None
    return ports or frozenset()


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

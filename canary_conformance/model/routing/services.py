"""Services: their ports and what Istio takes them for, their names in DNS, the pods behind them.

Sources: Kubernetes, "Service" (targetPort by number or name; selectors); Istio, "Protocol Selection".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from canary_conformance.model.objects.host_names import DOMAIN, full_name
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.model.pods.workloads import Workload
from canary_conformance.scenario.places import Place


class Protocol(StrEnum):
    """What Istio takes a port's traffic for."""

    HTTP = "HTTP"
    HTTP2 = "HTTP/2"
    TCP = "TCP"
    TLS = "TLS"
    UDP = "UDP"
    SNIFFED = "sniffed"  # not declared: HTTP when it looks like it, else TCP


_BY_NAME: Mapping[str, Protocol] = {
    "http": Protocol.HTTP,
    "http_proxy": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "grpc": Protocol.HTTP2,
    "tcp": Protocol.TCP,
    "mongo": Protocol.TCP,
    "redis": Protocol.TCP,
    "mysql": Protocol.TCP,
    "https": Protocol.TLS,
    "tls": Protocol.TLS,
    "udp": Protocol.UDP,
}
_BY_APP_PROTOCOL: Mapping[str, Protocol] = {
    "kubernetes.io/h2c": Protocol.HTTP2,
    "kubernetes.io/ws": Protocol.HTTP,
    "kubernetes.io/wss": Protocol.TLS,
}
# SMTP, DNS, MySQL, MongoDB: there the server speaks first, and nothing could be sniffed.
_NEVER_SNIFFED = frozenset({25, 53, 3306, 27017})
_EXPORT_TO = "networking.istio.io/exportTo"
_HEADLESS = "None"


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service; `target` is the pods' port by number or by name."""

    number: int
    name: str
    protocol: Protocol
    target: int | str
    place: Place


@dataclass(frozen=True, slots=True)
class Backend:
    """The pods of one workload behind a Service's port, and their port.

    `chosen_at`: where a Service names a port by its number that the pods do not declare.
    """

    workload: Workload
    port: int
    chosen_at: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Service:
    """A Service. `problems` are what the model can't understand of it: then nobody knows who answers."""

    name: str
    namespace: str
    host: str
    selector: Mapping[str, str] = field(hash=False)
    ports: tuple[ServicePort, ...]
    place: Place
    problems: tuple[Rule, ...]

    def port(self, number: int) -> ServicePort | None:
        """Return the port of this number; None for none."""
        return next((port for port in self.ports if port.number == number), None)

    def selects(self, workload: Workload) -> bool:
        """Return whether the workload's pods are behind this Service; without a selector nobody is."""
        if not self.selector or workload.namespace != self.namespace:
            return False
        return self.selector.items() <= workload.labels.items()

    def backends(self, port: ServicePort, workloads: Iterable[Workload]) -> tuple[Backend, ...]:
        """Return who serves a port. Pods that have no port of the name that it asks for don't."""
        found = []
        for workload in workloads:
            number = port.target if isinstance(port.target, int) else workload.port_called(port.target)
            if workload.ready and number is not None and self.selects(workload):
                declared = any(number == one for _, one in workload.ports)
                found.append(Backend(workload, number, None if declared else port.place))
        return tuple(found)


def services(state: State) -> dict[str, Service]:
    """Return the Services of a state by their full names."""
    found = (state.once("Service", _service, one) for one in state.of("Service"))
    return {service.host: service for service in found}


def dns_names(service: Service, namespace: str) -> tuple[str, ...]:
    """Return every name by which a pod of a namespace can call a Service."""
    short = f"{service.name}.{service.namespace}"
    names = [short, f"{short}.svc", f"{short}.svc.{DOMAIN}"]
    return (service.name, *names) if namespace == service.namespace else tuple(names)


def _service(one: InForce) -> Service:
    whole = Part.whole(one.manifest)
    spec = whole["spec"]
    if spec["type"].text("ClusterIP") == "ExternalName":
        spec["type"].problem("the model does not support Services of this type")
    if spec["clusterIP"].value == _HEADLESS or _HEADLESS in spec["clusterIPs"].texts():
        spec["clusterIP"].problem("the model does not support headless Services")
    elif spec["clusterIP"].text():
        spec["clusterIP"].problem("whether the cluster has this address to give is not in the manifests")
    if spec["publishNotReadyAddresses"].value is True:
        spec["publishNotReadyAddresses"].problem(
            "the model does not support traffic to pods that are not ready"
        )
    exported = whole.at("metadata", "annotations", _EXPORT_TO)
    if exported and exported.value != "*":
        exported.problem("the model does not support this annotation")
    return Service(
        name=one.key.name,
        namespace=one.key.namespace,
        host=full_name(one.key.name, one.key.namespace),
        selector=spec["selector"].labels(),
        ports=tuple(_port(port) for port in spec["ports"].items()),
        place=whole.place,
        problems=tuple(whole.problems),
    )


def _port(part: Part) -> ServicePort:
    number = part["port"].number(0) or 0
    target = part["targetPort"].value
    if target is None or isinstance(target, bool) or not isinstance(target, int | str):
        if target is not None:
            part["targetPort"].refuse("a port's number or name")
        target = number
    return ServicePort(number, part["name"].text(), _protocol(part, number), target, part.place)


def _protocol(part: Part, number: int) -> Protocol:
    transport = part["protocol"].text("TCP")
    if transport != "TCP":
        return Protocol.UDP
    declared = part["appProtocol"].text()
    if declared in _BY_APP_PROTOCOL:
        return _BY_APP_PROTOCOL[declared]
    name = (declared or part["name"].text()).lower()
    if name.startswith("grpc-web"):
        return Protocol.HTTP2
    default = Protocol.TCP if number in _NEVER_SNIFFED else Protocol.SNIFFED
    return _BY_NAME.get(name.partition("-")[0], default)

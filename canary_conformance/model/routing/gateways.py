"""Gateways as values: which proxies they open, at which port, for which hosts.

Source: Istio, "Gateway". A server's port is that of the gateway's Service; it is opened at the pod's port
that the Service leads to, or, when the Service has no such port, at that port itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.scenario.places import Place

_SERVER = frozenset({"port", "hosts", "tls", "name"})


class Opens(StrEnum):
    """What a server of a gateway speaks with its clients."""

    HTTP = "HTTP"
    TLS = "TLS"  # HTTPS too
    TCP = "TCP"


_BY_PROTOCOL: Mapping[str, Opens] = {
    "HTTP": Opens.HTTP,
    "HTTP2": Opens.HTTP,
    "GRPC": Opens.HTTP,
    "GRPC-WEB": Opens.HTTP,
    "HTTPS": Opens.TLS,
    "TLS": Opens.TLS,
    "TCP": Opens.TCP,
    "MONGO": Opens.TCP,
    "REDIS": Opens.TCP,
    "MYSQL": Opens.TCP,
}


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a gateway; a host may be written "NAMESPACE/HOST". `to_https`: all is redirected."""

    port: int
    opens: Opens
    hosts: tuple[str, ...]
    to_https: bool
    place: Place

    def hosts_for(self, namespace: str) -> list[str]:
        """Return the hosts that a VirtualService of this namespace may take."""
        found = []
        for host in self.hosts:
            home, slash, name = host.rpartition("/")
            if not slash or home in {"*", namespace}:
                found.append(name.lower())
        return found


@dataclass(frozen=True, slots=True)
class Gateway:
    """One Gateway; `name` is "NAMESPACE/NAME", as VirtualServices call it."""

    name: str
    selector: Mapping[str, str] = field(hash=False)
    servers: tuple[Server, ...]
    place: Place
    selector_place: Place
    problems: tuple[Rule, ...]

    def opens_at(self, labels: Mapping[str, str]) -> bool:
        """Return whether it counts for a gateway pod with these labels; without a selector for all."""
        return self.selector.items() <= labels.items()

    def __str__(self) -> str:
        return f"Gateway/{self.name.partition('/')[2]}"


def gateways(state: State) -> tuple[Gateway, ...]:
    """Return the Gateways of a state, the oldest first."""
    return tuple(state.once("Gateway", _gateway, one) for one in state.of("Gateway"))


def _gateway(one: InForce) -> Gateway:
    whole = Part.whole(one.manifest)
    spec = whole["spec"]
    spec.only({"selector", "servers"})
    return Gateway(
        name=f"{one.key.namespace}/{one.key.name}",
        selector=spec["selector"].labels(),
        servers=tuple(_server(part, one.key.namespace) for part in spec["servers"].items()),
        place=whole.place,
        selector_place=spec["selector"].place,
        problems=tuple(whole.problems),
    )


def _server(part: Part, home: str) -> Server:
    part.only(_SERVER)
    protocol = part.at("port", "protocol")
    opens = _BY_PROTOCOL.get(protocol.text().upper())
    if opens is None:
        protocol.problem("is not a protocol that the model supports")
    tls = part["tls"]
    to_https = tls["httpsRedirect"].flag()
    if tls and opens is Opens.HTTP:
        tls.only({"httpsRedirect"})
    hosts = []
    for host in part["hosts"].texts():
        space, slash, name = host.partition("/")
        hosts.append(f"{home}/{name}" if slash and space == "." else host)
    number = part.at("port", "number").number(0) or 0
    return Server(number, opens or Opens.TCP, tuple(hosts), to_https, part.place)

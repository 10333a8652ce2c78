"""Objects of the mesh that the model does not support, and the pods or hosts whose traffic they can touch.

An answer that such an object can touch is unknown; all others are given as if it were not there. Sources:
Istio, "Envoy Filter", "Service Entry", "Request Authentication". Kinds that belong to no part of the model at
all are in canary_conformance.voting.static.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from canary_conformance.model.objects.host_names import covers
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State

_CLIENT, _SERVER, _GATEWAY = "SIDECAR_OUTBOUND", "SIDECAR_INBOUND", "GATEWAY"
_TCP_LIKE = frozenset({"TCP", "TLS", "MONGO", "MYSQL", "REDIS"})


@dataclass(frozen=True, slots=True)
class _Touch:
    """Whose traffic an object can touch: the pods with these labels in a namespace ("" for all), and how.

    `hosts` are those whose routing it can touch, `ports` the ports of Services at which it can capture TCP.
    """

    rule: Rule
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    as_client: bool = False
    as_server: bool = False
    as_gateway: bool = False
    hosts: tuple[str, ...] = ()
    ports: frozenset[int] = frozenset()

    def selects(self, namespace: str, labels: Mapping[str, str]) -> bool:
        return self.namespace in {"", namespace} and self.labels.items() <= labels.items()


class Unsupported:
    """The objects of a state that the model does not support."""

    def __init__(self, state: State, root: str) -> None:
        self._touches = [
            touch
            for one in state.objects.values()
            if one.key.kind in _READERS
            for touch in state.once("touches", partial(_touches, root=root), one)
        ]

    def of_client(self, namespace: str, labels: Mapping[str, str]) -> Rule | None:
        """Return the object that can touch what a pod's proxy sends; None for none."""
        return self._first(one for one in self._touches if one.as_client and one.selects(namespace, labels))

    def of_server(self, namespace: str, labels: Mapping[str, str]) -> Rule | None:
        """Return the object that can touch what a pod receives; None for none."""
        return self._first(one for one in self._touches if one.as_server and one.selects(namespace, labels))

    def of_gateway(self, namespace: str, labels: Mapping[str, str]) -> Rule | None:
        """Return the object that can touch the ingress gateway's pods; None for none."""
        return self._first(one for one in self._touches if one.as_gateway and one.selects(namespace, labels))

    def of_host(self, host: str, port: int | None = None) -> Rule | None:
        """Return the object that can touch the routing to a host and port; None for none."""
        return self._first(
            one
            for one in self._touches
            if any(covers(wide, host) for wide in one.hosts) or (port is not None and port in one.ports)
        )

    @staticmethod
    def _first(found: Iterator[_Touch]) -> Rule | None:
        return next((one.rule for one in found), None)


def _touches(one: InForce, root: str) -> tuple[_Touch, ...]:
    whole = Part.whole(one.manifest)
    rule = Rule(one.manifest.place, f"{one.key}: the model does not support {one.key.kind}")
    # What stands in the root namespace counts in every one.
    namespace = "" if one.key.namespace == root else one.key.namespace
    return tuple(_READERS[one.key.kind](whole["spec"], rule, namespace))


def _envoy_filter(spec: Part, rule: Rule, namespace: str) -> Iterator[_Touch]:
    contexts = {patch["match"]["context"].text("ANY") for patch in spec["configPatches"].items()}
    every = "ANY" in contexts or not contexts
    yield _Touch(
        rule,
        namespace,
        spec["workloadSelector"]["labels"].labels(),
        as_client=every or _CLIENT in contexts,
        as_server=every or _SERVER in contexts,
        as_gateway=every or _GATEWAY in contexts,
    )


def _request_authentication(spec: Part, rule: Rule, namespace: str) -> Iterator[_Touch]:
    """A request without a token passes; no client here sends one where tokens are by default."""
    elsewhere = ("fromHeaders", "fromParams", "fromCookies")
    if any(one[name] for one in spec["jwtRules"].items() for name in elsewhere):
        labels = spec["selector"]["matchLabels"].labels()
        yield _Touch(rule, namespace, labels, as_server=True, as_gateway=True)


def _service_entry(spec: Part, rule: Rule, namespace: str) -> Iterator[_Touch]:
    ports = spec["ports"].items() if not spec["addresses"].items() else []
    as_tcp = [port["number"] for port in ports if port["protocol"].text().upper() in _TCP_LIKE]
    yield _Touch(
        rule,
        namespace,
        hosts=tuple(host.lower() for host in spec["hosts"].texts()),
        ports=frozenset(number for port in as_tcp if (number := port.number())),
    )


_READERS = {
    "EnvoyFilter": _envoy_filter,
    "RequestAuthentication": _request_authentication,
    "ServiceEntry": _service_entry,
}

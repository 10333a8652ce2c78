"""Sidecar objects: which Services and routes a pod's proxy knows.

Source: Istio, "Sidecar". A Service that no Sidecar shows to a proxy is an unknown destination there: what is
sent to it passes through in plaintext, or is refused where only registered destinations are allowed. A proxy
also knows the Services to which the routes that it has lead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from canary_conformance.model.objects.host_names import EVERYWHERE, covers
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.model.routing.virtual_services import VirtualService
from canary_conformance.scenario.places import Place

SIDECAR = "Sidecar"
_SPEC = frozenset({"workloadSelector", "egress", "outboundTrafficPolicy"})
_REGISTERED_ONLY = "REGISTRY_ONLY"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One Sidecar.

    Attributes:
        selector: the labels of its pods; without any it is for the whole namespace.
        hosts: what it shows, as pairs of a namespace ("." for the pod's, "*" for all) and a host; None for
            everything.
        registered_only: whether what it does not show is refused instead of passed through.
        place: the line of its hosts.
        problems: what the model does not support.
    """

    name: str
    namespace: str
    selector: Mapping[str, str] = field(hash=False)
    hosts: tuple[tuple[str, str], ...] | None
    registered_only: bool
    place: Place
    problems: tuple[Rule, ...]

    def shows(self, host: str, of: str, to: str, routes: Iterable[VirtualService]) -> bool:
        """Return whether a proxy in namespace `to` knows the Service of a host that lives in namespace `of`.

        routes: the VirtualServices that count for the proxy otherwise.
        """
        if any(covers(wanted, host) for wanted in self._shown(of, to)):
            return True
        destinations = (
            one.host
            for owner in routes
            if self.shows_route(owner, to)
            for route in (*owner.http, *owner.tcp)
            for one in (*route.destinations, *route.copies)
        )
        return host in destinations

    def shows_route(self, owner: VirtualService, to: str) -> bool:
        """Return whether a proxy in a namespace has the routes of a VirtualService."""
        return any(
            covers(wanted, host) or covers(host, wanted)
            for wanted in self._shown(owner.namespace, to)
            for host in owner.hosts
        )

    def _shown(self, namespace: str, to: str) -> Iterator[str]:
        if self.hosts is None:
            yield EVERYWHERE
            return
        for home, host in self.hosts:
            if home == EVERYWHERE or (to if home == "." else home) == namespace:
                yield host

    def __str__(self) -> str:
        return f"{SIDECAR}/{self.name}"


class Sidecars:
    """The Sidecars of a state."""

    def __init__(self, state: State, root: str) -> None:
        self.all = tuple(state.once(SIDECAR, _sidecar, one) for one in state.of(SIDECAR))
        self._root = root

    def of(self, labels: Mapping[str, str], namespace: str) -> Sidecar | None:
        """Return the Sidecar that counts for a pod: by its labels, its namespace, or the root namespace."""
        own = [one for one in self.all if one.namespace == namespace]
        scopes = (
            [one for one in own if one.selector and one.selector.items() <= labels.items()],
            [one for one in own if not one.selector],
            [one for one in self.all if one.namespace == self._root and not one.selector],
        )
        return next((found[0] for found in scopes if found), None)

    def problem(self, labels: Mapping[str, str], namespace: str) -> Rule | None:
        """Return what keeps the model from telling what a pod's proxy knows."""
        own = [one for one in self.all if one.namespace in {namespace, self._root}]
        unread = [one for one in own if one.problems and one.selector.items() <= labels.items()]
        if unread:
            return unread[0].problems[0]
        chosen = self.of(labels, namespace)
        rivals = [
            one
            for one in own
            if chosen is not None
            and one.namespace == chosen.namespace
            and bool(one.selector) == bool(chosen.selector)
            and one.selector.items() <= labels.items()
        ]
        if len(rivals) > 1:
            sentence = f"{rivals[1]} is for the same pods as {rivals[0]}, and Istio defines no order"
            return Rule(rivals[1].place, sentence)
        return None


def _sidecar(one: InForce) -> Sidecar:
    whole = Part.whole(one.manifest)
    spec = whole["spec"]
    spec.only(_SPEC)
    spec["workloadSelector"].only({"labels"})
    egress = spec["egress"].items()
    for listener in egress:
        listener.only({"hosts"})
    outbound = spec["outboundTrafficPolicy"]
    outbound.only({"mode"})
    mode = outbound["mode"].text("ALLOW_ANY")
    if mode not in {"ALLOW_ANY", _REGISTERED_ONLY}:
        outbound["mode"].refuse("ALLOW_ANY or REGISTRY_ONLY")
    hosts = [host for listener in egress for part in listener["hosts"].items() for host in _host(part)]
    return Sidecar(
        name=one.key.name,
        namespace=one.key.namespace,
        selector=spec["workloadSelector"]["labels"].labels(),
        hosts=tuple(hosts) if egress else None,
        registered_only=mode == _REGISTERED_ONLY,
        place=(egress[0]["hosts"] if egress else spec).place,
        problems=tuple(whole.problems),
    )


def _host(part: Part) -> Iterator[tuple[str, str]]:
    namespace, slash, host = part.text().partition("/")
    if not slash:
        part.refuse("NAMESPACE/HOST")
        return
    # "~" stands for no namespace.
    if namespace != "~":
        yield namespace, host.lower()

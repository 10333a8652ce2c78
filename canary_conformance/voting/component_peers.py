"""What a component needs before it can answer, what its peers answer it, and what keeps it off.

Where it looks for them is by the application's contract ("Configuration by environment") and its settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.scenario.application import is_port
from canary_conformance.scenario.observations import Call, Opening, Reply, ReplyKind
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.callers import Callers
from canary_conformance.traffic.first_bytes import http_get
from canary_conformance.verdicts import (
    answers_with,
)
from canary_conformance.verdicts.checks import Saying
from canary_conformance.voting.chains import MYSQL, REDIS
from canary_conformance.voting.contract import (
    ANALYTICS,
    APP,
    NEW,
    OLD,
    PAGE_PORT,
    PATHS,
    STORAGE,
    STORE_PORTS,
)
from canary_conformance.voting.page_checks import greets_as_mysql
from canary_conformance.voting.voting_app import VOTING_APP

Object = Mapping[str, Any]

SERVED: Saying[Reply] = answers_with(b"HTTP/1.1 200")
ANSWERS = {REDIS: answers_with(b"+PONG"), MYSQL: greets_as_mysql}
"""What a component answers its clients, by the contract; pages and analytics answer 200."""
# What stands between a component and a Service that it needs, and may keep it from there.
BETWEEN = (
    "VirtualService/{}:spec",
    "DestinationRule/{}:spec",
    "PeerAuthentication/default:spec",
    "Service/{}:spec",
)


class Peers:
    """Asks what components need from inside their pods, and remembers since when all of it has answered."""

    def __init__(self, callers: Callers) -> None:
        """callers: make the calls in the pods."""
        self.callers = callers
        # Since when all that a pod needs has answered it, by the pod's UID.
        self.served: dict[str, float] = {}

    def unreached(self, one: Workload, ready: Mapping[str, Workload], now: float) -> Trouble | None:
        """Return which peer that is ready doesn't answer a pod as the contract says.

        A peer without a probe is ready as soon as it runs, and may still be making its first volume.
        """
        needed = {need: peers for need in needs(one) if (peers := sorted(need.peers.intersection(ready)))}
        since = self.served.pop(one.uid, now)
        if not needed:
            return None
        calls = {need: Call(one.pod.name, *need.asked) for need in needed}
        replies = self.callers.call(one.pod, [(calls[need], need.opening()) for need in needed])
        for need, peers in needed.items():
            reply = replies[calls[need]]
            complaint = ANSWERS.get((need.service, need.port), SERVED)(reply)
            # What is somebody's own may be slow; a name that there is not is no such thing.
            if complaint and (not need.elsewhere or reply.kind is ReplyKind.UNRESOLVED):
                ends = [one, *(ready[peer] for peer in peers)]
                if reply.kind is ReplyKind.UNRESOLVED:
                    reason = f"{need}, which it is set to call, does not resolve from {one.pod.name}"
                else:
                    said = f"{one.pod.name} called {need} and {complaint}"
                    reason = f"{said}, though {' and '.join(peers)} is ready"
                trouble = trouble_of(one, "; ".join([reason, *_astray(ends[1:])]), *_between(need, ends))
                return replace(trouble, patience=not all(peer.probed for peer in ends[1:]))
        if len(needed) == len(needs(one)):
            self.served[one.uid] = since
        return None


def proved_after(trouble: Trouble) -> float:
    """Return for how many seconds a trouble has to be so at every look until no slow start explains it."""
    return LIMITS.pods_not_yet if trouble.patience else LIMITS.pods_stuck


def lacks_peers(one: Workload, ready: Mapping[str, Workload]) -> bool:
    """Return whether anything that a component needs has no peer that is ready."""
    return any(need.peers.isdisjoint(ready) for need in needs(one))


def without_pods(
    one: Workload, services: Mapping[str, Object], labels: Sequence[Mapping[str, str]]
) -> Trouble | None:
    """Return which Service that a pod needs is absent, leads to no pod, or lacks the port."""
    for need in needs(one):
        name, port = need.asked
        if name not in services:
            if name == need.service:
                return trouble_of(one, f"Service {name} does not exist, and {one} needs it")
            continue
        spec = services[name]["spec"]
        selector = spec.get("selector") or {}
        if selector and not any(selector.items() <= of_pod.items() for of_pod in labels):
            pairs = ", ".join(f"{label}={value}" for label, value in selector.items())
            sentence = f"Service {name}, which {one} needs, selects no pod: it selects {pairs}"
            return trouble_of(one, sentence, f"Service/{name}:spec.selector")
        # A headless Service leads to its pods at any port.
        if port != need.port and spec.get("clusterIP") != "None" and port not in _ports(spec):
            sentence = f"Service {name}, which {one} calls at port {port}, has no port {port}"
            return trouble_of(one, sentence, f"{container_of(one)}.env", f"Service/{name}:spec.ports")
    return None


def own_answer(one: Workload) -> Saying[Reply]:
    """Return the check of what a component itself answers, by the contract."""
    if one.app != STORAGE:
        return SERVED
    return ANSWERS[STORAGE, STORE_PORTS.get(one.version, REDIS[1])]


def trouble_of(one: Workload, sentence: str, *concerns: str) -> Trouble:
    """Return a pod's trouble; concerns: the places to look at, by default its container."""
    reason = f"{one} can't get ready: {sentence}"
    return Trouble(reason, one.pod.name, one.container, concerns=concerns or (container_of(one),))


def container_of(one: Workload) -> str:
    """Return where the manifest of a pod's owner has its component's container."""
    return f"{one.owner}:spec.template.spec.containers[{one.index}]"


def _astray(peers: Sequence[Workload]) -> list[str]:
    """Return what components look for elsewhere than the contract has it."""
    return [
        f"{peer} itself calls {need}, by its settings"
        for peer in peers
        for need in needs(peer)
        if need.elsewhere
    ]


def _between(need: Need, ends: Sequence[Workload]) -> list[str]:
    """Return what may keep a component from what it needs: settings of either end, what lies between."""
    settings = [f"{container_of(end)}.env" for end in ends if _astray([end])]
    return settings + [concern.format(need.service) for concern in BETWEEN]


def _ports(spec: Object) -> list[int]:
    return [port["port"] for port in spec.get("ports") or []]


Destination = tuple[str, int]
PREFIXES = {(ANALYTICS, PAGE_PORT): "ANALYTICS", REDIS: "REDIS", MYSQL: "MYSQL"}
"""The prefixes of the variables that configure where a component finds what it needs."""


@dataclass(frozen=True, slots=True)
class Need:
    """A Service that a component asks before it can answer, with its port: the contract's own.

    asked: the host and port at which the component looks for it. elsewhere: whether that is no name of the
    contract's own Service at its own port. peers: who may answer, those of the component's major version.
    """

    service: str
    port: int
    asked: Destination
    elsewhere: bool
    peers: frozenset[str]

    def __str__(self) -> str:
        host, port = self.asked
        return f"{host}:{port}"

    def opening(self) -> Opening:
        """Return how a connection to what is needed is opened, wherever it is looked for."""
        if self.service == ANALYTICS:
            return Opening(http_get(*self.asked, PATHS[ANALYTICS]), listens=False)
        return VOTING_APP.opening(self.service, self.asked[0], self.port)


def needs(one: Workload) -> list[Need]:
    """Return what a component needs; what its pod does not show of its settings is the contract's."""
    if one.app not in {APP, ANALYTICS} or one.version not in STORE_PORTS:
        return []
    store = _need(one, (STORAGE, STORE_PORTS[one.version]))
    return [store, _need(one, (ANALYTICS, PAGE_PORT))] if one.app == APP else [store]


def set_port(one: Workload) -> list[int]:
    """Return the port at which a component listens by its settings, none where they name none."""
    return [int(port) for port in [one.settings.get("PORT") or ""] if is_port(port)]


def _need(one: Workload, destination: Destination) -> Need:
    service, port = destination
    host = one.settings.get(f"{PREFIXES[destination]}_HOST", service)
    number = one.settings.get(f"{PREFIXES[destination]}_PORT", str(port))
    asked = (host, int(number)) if host and number and is_port(number) else destination
    home = f"{service}.{one.pod.namespace}"
    own = asked[0] in {service, home, f"{home}.svc", f"{home}.svc.cluster.local"}
    return Need(service, port, asked, not own or asked[1] != port, _peers(one, destination))


def _peers(one: Workload, need: Destination) -> frozenset[str]:
    if need == MYSQL:
        return frozenset({NEW.store})
    if need == REDIS:
        return frozenset({OLD.store})
    major = one.version.partition(".")[0]
    return frozenset(f"{need[0]} {version}" for version in STORE_PORTS if version.partition(".")[0] == major)

"""What a pod's peers answer it, from inside the pod, and what keeps it from reaching them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.scenario.observations import Call, Reply, ReplyKind
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.callers import Callers
from canary_conformance.verdicts import (
    answers_with,
)
from canary_conformance.verdicts.checks import Saying
from canary_conformance.voting.chains import MYSQL, REDIS
from canary_conformance.voting.component_needs import Need, needs
from canary_conformance.voting.contract import STORAGE, STORE_PORTS
from canary_conformance.voting.page_checks import greets_as_mysql

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

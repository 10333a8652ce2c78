"""Who watches a move, from before its first step until after its last, all at once and without a pause.

Voters with and without the flag open pages and cast votes; workloads of the mesh open new connections to
their stores; a pod without a sidecar tries plaintext everywhere; every proxy is asked what it runs. A call
that could not be made, since its own pod was just being replaced, has seen nothing and is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import EnvironmentFailed, NotJudged
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.scenario.observations import Ballot, Call, Opening, Page
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.continuous_traffic import Continuous, ContinuousTraffic, casting_in_turn
from canary_conformance.traffic.first_bytes import LISTEN, http_get
from canary_conformance.traffic.voter import Voter
from canary_conformance.upgrade.upgrade_observations import Attempt, MeshCall, ProxySeen
from canary_conformance.upgrade.upgraded_proxies import look_at_answering
from canary_conformance.voting.chains import MYSQL, REDIS
from canary_conformance.voting.contract import APP, LOCK, NEW, OLD
from canary_conformance.voting.page_results import DEFAULT_VOTES
from canary_conformance.voting.voting_app import VOTING_APP

Seen = TypeVar("Seen")

# Seconds between two starts of each: votes are fewer than pages, and a call from inside a pod costs the API
# server some work.
BALLOT_PACE, CALL_PACE, ATTEMPT_PACE, LOOK_PACE = 0.2, 0.4, 0.4, 0.5
CALLS_AT_ONCE = 3
# What a call could not be made for, or its end not be seen: its pod is gone, or the way to it, which is not
# the way of the call. A ValueError is an answer that was cut short.
NOT_MADE = (EnvironmentFailed, NotJudged, OSError, HTTPError, ApiException, LookupError, ValueError)
STORES = {OLD.app: REDIS, NEW.app: MYSQL}


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What watches a move, each kind by name."""

    traffic: ContinuousTraffic
    ballots: Continuous[Ballot]
    calls: Continuous[MeshCall]
    attempts: Continuous[Attempt]
    looks: Continuous[ProxySeen]

    def counts(self) -> dict[str, int]:
        """Return how much that counts each has seen so far, by name."""
        attempts = {name: tuple(a for a in seen if a.counts) for name, seen in self.attempts.seen().items()}
        kinds: tuple[Mapping[str, tuple[object, ...]], ...] = (
            self.traffic.pages(),
            self.ballots.seen(),
            self.calls.seen(),
            attempts,
        )
        return {name: len(seen) for kind in kinds for name, seen in kind.items()}


@contextmanager
def witnesses(
    namespace: NamespaceUnderTest, voters: Mapping[str, Voter], casting: Mapping[str, Voter]
) -> Iterator[Witnesses]:
    """Yield the witnesses of a move, at work until the block ends.

    voters: who opens pages, by name; casting: who votes, by the store that the votes are counted in.
    """
    proxies = Proxies(namespace.api)
    apps = sorted({w.version for w in namespace.workloads(APP)})
    locked = ("plaintext",) if namespace.stage >= LOCK else ()
    all_ = Witnesses(
        ContinuousTraffic(voters),
        Continuous(
            {store: casting_in_turn(voter, DEFAULT_VOTES) for store, voter in casting.items()}, BALLOT_PACE
        ),
        Continuous({f"{APP} {v}": _unless_gone(_Calling(namespace, v)) for v in apps}, CALL_PACE),
        Continuous({name: _unless_gone(lambda: try_plaintext(namespace)) for name in locked}, ATTEMPT_PACE),
        Continuous({"proxies": _unless_gone(lambda: look_at_answering(namespace, proxies))}, LOOK_PACE),
    )
    kinds: list[Continuous[Page] | Continuous[Ballot] | Continuous[MeshCall] | Continuous[Attempt]]
    kinds = [all_.traffic, all_.ballots, all_.calls, all_.attempts]
    with ExitStack() as ending:
        ending.callback(proxies.close)
        for kind in (*kinds, all_.looks):
            kind.start()
            ending.callback(kind.stop, LIMITS.patient_request)
        yield all_


def try_plaintext(namespace: NamespaceUnderTest) -> list[Attempt]:
    """Return one round of plaintext calls from the pod without a sidecar, with the one that is answered."""
    gateway = namespace.mesh.gateway
    address = f"{gateway.name}.{gateway.namespace}.svc.cluster.local"
    control = Call(namespace.outside.name, address, 80)
    # A pod that is being made has no address yet.
    there = [(call, opening) for call, opening in namespace.plain_calls() if call.host]
    calls = [(control, Opening(http_get(address, 80, "/"), listens=False)), *there]
    started = time.monotonic()
    replies = dict(namespace.callers.call(namespace.outside, calls))
    return [Attempt(started, time.monotonic() - started, replies.pop(control), replies)]


class _Calling:
    """Opens new connections from a pod of an app version to its store; where that pod goes, from another."""

    def __init__(self, namespace: NamespaceUnderTest, version: str) -> None:
        self._namespace = namespace
        self._version = version
        self._pod: PodName | None = None

    def __call__(self) -> list[MeshCall]:
        callers, pod = self._namespace.callers, self._caller()
        service, port = STORES[self._version]
        host, at = f"{service}.{self._namespace.name}.svc.cluster.local", time.monotonic()
        # MySQL speaks first, to Redis a client does.
        send = LISTEN if (service, port) == MYSQL else VOTING_APP.opening(service, host, port).send
        replies = callers.sample(pod, Call(pod.name, host, port), send, CALLS_AT_ONCE)
        if not callers.runs_in(pod):
            # It was on its way out, and what it saw may be that.
            return []
        until = time.monotonic()
        name, store = f"{APP} {self._version}", f"{service} {self._version}"
        return [MeshCall(name, store, pod.name, at, until, reply) for reply in replies]

    def _caller(self) -> PodName:
        """Return a pod that can call now. Raises LookupError where there is none yet."""
        callers = self._namespace.callers
        if self._pod is None or not callers.runs_in(self._pod):
            self._pod = None
            pod = _youngest(self._namespace, self._version)
            callers.start([pod])
            if not callers.runs_in(pod):
                raise LookupError(f"the caller in {pod} is still starting")
            self._pod = pod
        return self._pod


def _youngest(namespace: NamespaceUnderTest, version: str) -> PodName:
    """Return the ready pod that will stay longest. Raises LookupError where there is none."""
    created = {
        pod["metadata"]["name"]: str(pod["metadata"]["creationTimestamp"])
        for pod in namespace.api.list("v1", "Pod", namespace.name)
    }
    ready: list[Workload] = [w for w in namespace.workloads(APP, version) if w.ready]
    if not ready:
        raise LookupError(f"no ready pod of {APP} {version}")
    return max(ready, key=lambda workload: (created[workload.pod.name], workload.pod)).pod


def _unless_gone(do: Callable[[], Iterable[Seen]]) -> Callable[[], Iterable[Seen]]:
    def attempt() -> Iterable[Seen]:
        try:
            return do()
        except NOT_MADE:
            return ()

    return attempt

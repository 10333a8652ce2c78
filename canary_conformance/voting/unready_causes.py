"""Why pods that run don't get ready: what no time heals, proved from inside the pods.

Asked once nothing begins, ends or gets ready any more. Kubernetes can't distinguish a pod that is stuck from
one that starts slowly, so only these are reported, each of which a slow start can't be:

* a Service that a pod needs isn't there, leads to no pod, ready or not, or hasn't the port;
* a pod gets no answer, or another store's, from a peer that is ready: routes or policies are in the way, or
  by its own settings it asks for a name that there is not;
* a component whose peers are ready listens where another one should, or where its settings say, and not at
  its own port;
* it does all that its contract says, and its probe goes on failing by anything but 503, "not yet".

Each has to be so at every look for some seconds. A component that says "not yet", though all that it needs
answers it, is waited for longer: that is no proof, but nobody is to wait for its page as long as that. Where
its account isn't the one that MySQL is set up with, the manifests are the proof. Any other pod is waited for
until the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import ReplyKind
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.running_workloads import Workload, workloads
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.callers import Callers
from canary_conformance.voting.component_peers import (
    Peers,
    container_of,
    lacks_peers,
    needs,
    own_answer,
    proved_after,
    set_port,
    trouble_of,
    without_pods,
)
from canary_conformance.voting.contract import PAGE_PORT, STORE_PORTS
from canary_conformance.voting.crash_loops import BETWEEN_LOOKS, CrashLoops
from canary_conformance.voting.voting_app import VOTING_APP
from canary_conformance.waiting import SYSTEM_CLOCK, Clock

Object = Mapping[str, Any]

# What a pod itself says of its trouble, by its state or its log, says more than the manifests do. A sidecar
# that can't resolve the control plane's name, by dnsPolicy, says nothing at all.
OWN_WORDS_FIRST = 10.0  # seconds
PORTS = frozenset({PAGE_PORT, *STORE_PORTS.values()})
NOT_YET, READINESS = "503", "Readiness probe"


class Stuck:
    """Finds out why pods of some objects don't get ready; asked again and again."""

    def __init__(
        self,
        api: Api,
        namespace: str,
        refs: Sequence[ObjectRef],
        callers: Callers,
        settle: Callable[[], object],
        refused: Callable[[Workload], Sequence[str]],
        clock: Clock = SYSTEM_CLOCK,
        blocked: Callable[[Workload], Sequence[str]] = lambda _: (),
    ) -> None:
        """Look by these.

        callers: make the calls in the pods. settle: waits until all proxies have their configuration.
        refused: returns the settings by which MySQL refuses a component, by the manifests alone. blocked:
        returns what else keeps a component from getting ready, by the manifests alone.
        """
        self._api = api
        self._namespace = namespace
        self._refs = frozenset(refs)
        self._callers = callers
        self._peers = Peers(callers)
        self._crash_loops = CrashLoops(api, namespace, self._peers, clock, blocked)
        self._settle = settle
        self._refused = cache(refused)
        self._clock = clock
        self._next = clock.now()
        self._found: Trouble | None = None
        self._since = clock.now()
        self._blocked = cache(blocked)
        # Since when each pod is known that is not ready.
        self._unready: dict[str, float] = {}
        # Of each pod that answers: since when, and how often its probes had failed by then.
        self._answers: dict[str, tuple[float, int]] = {}

    def crashed(self, pods: Sequence[Object]) -> Trouble | None:
        """Return which container ends again and again by its own fault, or what keeps it from its peers.

        A pod that by the manifests never gets ready counts too, whatever state it is in.
        """
        return self._crash_loops.crashed(pods) or self._by_manifests(pods)

    def waiting_for_others(self, pods: Sequence[Object]) -> Collection[str]:
        """Return the names of pods that end again and again because others aren't ready."""
        return self._crash_loops.waiting_for_others(pods)

    def _by_manifests(self, pods: Sequence[Object]) -> Trouble | None:
        """Return a pod that has not got ready for some seconds, and never does by the manifests alone."""
        now = self._clock.now()
        waiting = [one for one in workloads(VOTING_APP, pods) if not one.ready and one.owner in self._refs]
        self._unready = {one.uid: self._unready.get(one.uid, now) for one in waiting}
        for one in sorted(waiting, key=lambda one: len(needs(one))):
            if now - self._unready[one.uid] >= OWN_WORDS_FIRST and (found := self._blocked(one)):
                return trouble_of(one, f"by the manifests: {'; '.join(found)}")
        return None

    def stuck(self) -> Trouble | None:
        """Return what keeps a pod that runs from ever getting ready, None where it isn't sure (yet)."""
        now = self._clock.now()
        if now < self._next:
            return None
        try:
            self._settle()
            found, since = next(self._troubles(now), (None, now))
        except NotJudged:
            # A pod went away under the call, or lets nobody in; or the mesh isn't done yet.
            found, since = None, now
        if found != self._found:
            self._found, self._since = found, since
        self._next = self._clock.now() + BETWEEN_LOOKS
        return found if found and now - self._since >= proved_after(found) else None

    def _troubles(self, now: float) -> Iterator[tuple[Trouble, float]]:
        """Yield each trouble with the moment since which it is known."""
        found = self._api.list("v1", "Pod", self._namespace)
        listed = self._api.list("v1", "Service", self._namespace)
        pods = workloads(VOTING_APP, found, listed)
        if not self._refs <= {one.owner for one in pods}:
            # What has no pod yet may be what the others wait for.
            return
        labels = [pod["metadata"].get("labels") or {} for pod in found]
        # The replicas of a workload are stuck for the same reason.
        waiting = {one.owner: one for one in pods if not one.ready and one.owner in self._refs}
        self._callers.start([one.pod for one in waiting.values()])
        ready = {str(one): one for one in pods if one.ready}
        services = {one["metadata"]["name"]: one for one in listed}
        # The first is reported; who needs nobody is the least likely to be kept from readiness by another.
        for one in sorted(waiting.values(), key=lambda one: len(needs(one))):
            trouble = without_pods(one, services, labels)
            if trouble is None and self._callers.runs_in(one.pod):
                trouble = self._peers.unreached(one, ready, now)
                if trouble is None and (known := self._alone(one, ready, now)):
                    yield known
            if trouble:
                yield trouble, now

    def _alone(
        self, one: Workload, ready: Mapping[str, Workload], now: float
    ) -> tuple[Trouble, float] | None:
        """Return what is wrong with a component that has all its peers, and since when.

        One that waits for another may take seconds to say so, for which the look at that other can't wait.
        """
        if lacks_peers(one, ready):
            self._answers.pop(one.uid, None)
            return None
        return self._within(one, now) or self._kept_waiting(one, now)

    def _kept_waiting(self, one: Workload, now: float) -> tuple[Trouble, float] | None:
        """Return that a component says "not yet" for too long, and since when it could have been ready."""
        if one.uid not in self._peers.served:
            return None
        since = self._peers.served[one.uid]
        _, words = self._probed(one)
        if NOT_YET not in words or not words.startswith(READINESS):
            return None
        refused = self._refused(one)
        if now - since < LIMITS.pods_not_yet and not refused:
            return None
        answered = "answers it" if refused else f"has answered it for {LIMITS.pods_not_yet:g} s"
        reason = f"{one.pod.name} goes on saying {NOT_YET}, though all that it needs {answered}; {words}"
        reason += f"; by the manifests MySQL refuses it: {'; '.join(refused)}" if refused else ""
        trouble = trouble_of(one, reason, f"{container_of(one)}.env", f"{container_of(one)}.image")
        return replace(trouble, patience=not refused), since

    def _within(self, one: Workload, now: float) -> tuple[Trouble, float] | None:
        """Return what a component does wrong by itself, or its probe, and since when."""
        calls = one.plain_calls(sorted({*one.own_ports, *PORTS, *set_port(one)}))
        replies = {call.port: reply for call, reply in self._callers.call(one.pod, calls).items()}
        answering = [port for port in one.own_ports if not own_answer(one)(replies[port])]
        if answering:
            return self._wrongly_probed(one, answering[0], now)
        self._answers.pop(one.uid, None)
        strange = [port for port in replies if port not in one.ports and replies[port].received]
        silent = [port for port in one.own_ports if replies[port].kind is ReplyKind.REFUSED]
        elsewhere = strange and one.own_ports and len(silent) == len(one.own_ports)
        # Who says "not yet" to its probe listens where it is probed, whatever ports its pod declares.
        if elsewhere and NOT_YET not in self._probed(one)[1]:
            reason = f"{one.pod.name} listens at port {strange[0]} and not at its own"
            fields = ("env", "ports") if strange[0] in set_port(one) else ("ports", "image")
            return trouble_of(one, reason, *(f"{container_of(one)}.{field}" for field in fields)), now
        return None

    def _wrongly_probed(self, one: Workload, port: int, now: float) -> tuple[Trouble, float] | None:
        """Return the probe that fails although the component answers as its contract says."""
        failures, words = self._probed(one)
        since, before = self._answers.setdefault(one.uid, (now, failures))
        # The probe has to fail after the component answers; of one failure more nothing is known.
        if failures < before + 2 or NOT_YET in words:
            return None
        probe = words.partition(" ")[0].lower()
        reason = f"{one.pod.name} answers at port {port} as its contract says; {words}"
        return trouble_of(one, reason, f"{container_of(one)}.{probe}Probe"), since

    def _probed(self, one: Workload) -> tuple[int, str]:
        """Return how often a pod's probes have failed, and the kubelet's last words about it."""
        events = [
            event
            for event in self._api.list("v1", "Event", self._namespace)
            if event.get("reason") == "Unhealthy" and event["involvedObject"].get("name") == one.pod.name
        ]
        events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
        return sum(event.get("count") or 1 for event in events), events[-1]["message"] if events else ""

"""Which container that ends again and again is at fault, and which only suffers from another's fault.

A component whose peers aren't ready may end as often as it likes: it is started again, and the peers are
looked at instead. A component that needs nobody is at fault when two runs of it ended by themselves in the
same way with the same last words, when a third run ended, or when one ended by itself and the manifests show
why; one that needs others when it ended in the same way again after all of them had answered it, from inside
its own pod, or when the manifests show why. A program that can't even be started needs nobody to be at fault.
Source: the scenario, what was seen ("its analytics 2.0 and MySQL may restart twice").
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.container_exits import (
    ENDS_AT_MOST,
    CrashLog,
    End,
    container_statuses,
    crash_loop,
    current_run,
    ended_for_good,
    ended_runs,
    ends_alike,
    never_starts,
    stands_still,
)
from canary_conformance.cluster.pod_state import Trouble, is_ready
from canary_conformance.errors import NotJudged
from canary_conformance.stages.running_workloads import Workload, workloads
from canary_conformance.voting.component_peers import (
    Peers,
    container_of,
    lacks_peers,
    needs,
    proved_after,
    without_pods,
)
from canary_conformance.voting.contract import STORAGE
from canary_conformance.voting.voting_app import VOTING_APP
from canary_conformance.waiting import Clock

Object = Mapping[str, Any]

COMPONENTS = frozenset(VOTING_APP.components)
# A look makes some connections.
BETWEEN_LOOKS = 0.5  # seconds


class CrashLoops:
    """Looks at the containers that have ended; call crashed() at every look at the pods."""

    def __init__(
        self,
        api: Api,
        namespace: str,
        peers: Peers,
        clock: Clock,
        blocked: Callable[[Workload], Sequence[str]] = lambda _: (),
    ) -> None:
        """Look by these.

        peers: ask from inside the pods what they need. blocked: returns what keeps a component from getting
        ready by the manifests alone, which is reported beside what is seen.
        """
        self._blocked = blocked
        self._api = api
        self._namespace = namespace
        self._peers = peers
        self._clock = clock
        self._log = CrashLog(api, namespace)
        # The run of a container that was the current one when it had all that it needs, by pod UID and name.
        self._had_all_in: dict[tuple[str, str], int] = {}
        self._unreached: tuple[Trouble, float] | None = None
        self._next = 0.0

    def crashed(self, pods: Sequence[Object]) -> Trouble | None:
        """Return the container that ends again and again by its own fault, None where none is sure to."""
        self._log.look(pods)
        by_name = {pod["metadata"]["name"]: pod for pod in pods}
        found = workloads(VOTING_APP, pods)
        ready = {str(one): one for one in found if one.ready}
        unready = [one for one in found if has_ended(by_name[one.pod.name])]
        # Who needs nobody comes first, and last what is no component: it may need any of them.
        unready.sort(key=lambda one: (one.app not in COMPONENTS, len(needs(one))))
        for one in unready:
            if one.app not in COMPONENTS and all(other.ready for other in found if other.app in COMPONENTS):
                self._note_all_at_hand(one, by_name[one.pod.name])
            if trouble := self._fault(one, by_name[one.pod.name], ready):
                return trouble
        return self._kept_from_peers(unready, ready)

    def waiting_for_others(self, pods: Sequence[Object]) -> Collection[str]:
        """Return the names of pods that have ended and whose peers aren't ready."""
        found = workloads(VOTING_APP, pods)
        ready = {str(one): one for one in found if one.ready}
        ended = {pod["metadata"]["name"] for pod in pods if has_ended(pod)}
        return {one.pod.name for one in found if one.pod.name in ended and lacks_peers(one, ready)}

    def _fault(self, one: Workload, pod: Object, ready: Mapping[str, Workload]) -> Trouble | None:
        """Return the container of a pod that ends by its own fault."""
        for status in container_statuses(pod):
            if not stands_still(pod, status):
                continue
            ends = self._log.ends(pod, status["name"])
            own = status["name"] == one.container
            if never_starts(ends) or self._goes_on(one, status["name"], ends, ready):
                trouble = crash_loop(pod, status, ends)
                where = container_of(one) if own else f"{one.owner}:spec.template.spec"
                why = self._blocked(one) if own else ()
                reason = f"{trouble.reason}; by the manifests: {'; '.join(why)}" if why else trouble.reason
                return replace(trouble, reason=reason, concerns=(where,) if one.owner else ())
        return None

    def _goes_on(
        self, one: Workload, container: str, ends: Sequence[End], ready: Mapping[str, Workload]
    ) -> bool:
        """Return whether a container will go on ending, whatever becomes of others."""
        # Where the manifests show why, a store need not end twice, and another end needs no peers.
        explained = container == one.container and ends[-1:] and ends[-1].by_itself and self._blocked(one)
        if one.app == STORAGE:
            return bool(explained) or ended_for_good(ends)
        if explained and ends_alike(ends):
            return True
        had_all_in = self._had_all_in.get((one.uid, container))
        if had_all_in is None or lacks_peers(one, ready):
            return False
        # The first run that began with all at hand comes after the one that was the current one then.
        after = [end for end in ends if end.run > had_all_in]
        return bool(after) and (len(after) > ENDS_AT_MOST or ends_alike(ends))

    def _note_all_at_hand(self, one: Workload, pod: Object) -> None:
        """Note the runs of a pod's containers that are the current ones now that it has all that it needs."""
        for status in container_statuses(pod):
            self._had_all_in.setdefault((one.uid, status["name"]), current_run(status).number)

    def _kept_from_peers(self, unready: Sequence[Workload], ready: Mapping[str, Workload]) -> Trouble | None:
        """Return what keeps a component that ends again and again from its peers, all of which are ready."""
        now = self._clock.now()
        if now < self._next:
            return None
        try:
            found = next(self._looks(unready, ready, now), None)
        except NotJudged:
            # A pod went away under the call, or lets nobody in.
            found = None
        self._next = self._clock.now() + BETWEEN_LOOKS
        if found is None or self._unreached is None or self._unreached[0] != found:
            self._unreached = (found, now) if found else None
        since = self._unreached[1] if self._unreached else now
        return found if found and now - since >= proved_after(found) else None

    def _looks(
        self, unready: Sequence[Workload], ready: Mapping[str, Workload], now: float
    ) -> Iterator[Trouble]:
        # The replicas of a workload end for the same reason.
        asked = {one.owner: one for one in unready if needs(one)}
        self._peers.callers.start([one.pod for one in asked.values()])
        able = [one for one in asked.values() if not lacks_peers(one, ready)]
        if not able:
            return
        services = {one["metadata"]["name"]: one for one in self._api.list("v1", "Service", self._namespace)}
        labels = [pod["metadata"].get("labels") or {} for pod in self._pods()]
        for one in able:
            if trouble := without_pods(one, services, labels):
                yield trouble
            elif self._peers.callers.runs_in(one.pod):
                trouble = self._peers.unreached(one, ready, now)
                if trouble:
                    yield trouble
                elif one.uid in self._peers.served:
                    # What runs now may have begun before the answer.
                    for pod in self._pods():
                        if pod["metadata"].get("uid") == one.uid:
                            self._note_all_at_hand(one, pod)

    def _pods(self) -> Sequence[Object]:
        return self._api.list("v1", "Pod", self._namespace)


def has_ended(pod: Object) -> bool:
    """Return whether a container of a pod that isn't ready has ended."""
    return not is_ready(pod) and any(
        True for status in container_statuses(pod) for _ in ended_runs(pod, status)
    )

"""When the pods of a namespace are ready, when they can never be, and how long nothing has changed in them.

Ready is what `kubectl rollout status` calls complete, for every object named. What can't get ready ends the
wait at once with the reason and its last log lines: what a template names does not exist, pods are refused,
image not found, bad configuration, unschedulable, crashing again and again. A Diagnosis, which knows the
application, finds which of those that crash is at fault, and what is wrong where all run and nothing changes;
while a container is still to start, or an old pod to end, others may wait for it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.container_exits import LOG_GONE, UNREADABLE, habits
from canary_conformance.cluster.pod_creation_failures import TEMPLATE, unmade_pods
from canary_conformance.cluster.pod_state import Trouble, all_runs, is_ready, pod_troubles
from canary_conformance.cluster.rollouts import API_VERSION, owner_of, rollout_left
from canary_conformance.errors import StageFailed
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import SYSTEM_CLOCK, Clock, GaveUp, NotInTime, wait_until

Object = Mapping[str, Any]

# A claim bound a moment after its pod makes the pod unschedulable for that moment.
UNSCHEDULABLE_LOOKS = 20
_MISSED_CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)" not found')
LOG_LINES = 12
KUBELETS_LINES = 2


@dataclass(frozen=True, slots=True)
class Readiness:
    """One look at a namespace: what is not ready yet, and what is wrong."""

    waiting: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    pods: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        seen = [*self.waiting, *(trouble.reason for trouble in self.troubles)]
        return "; ".join(seen) or "all ready"


class Diagnosis(Protocol):
    """Knows what the components need, and so which of those that aren't ready is at fault."""

    def crashed(self, pods: Sequence[Object]) -> Trouble | None:
        """Return which container ends again and again by its own fault; called at every look."""

    def waiting_for_others(self, pods: Sequence[Object]) -> Collection[str]:
        """Return the names of pods that end again and again because others aren't ready."""

    def stuck(self) -> Trouble | None:
        """Return what keeps pods that run from getting ready; called once nothing changes any more."""


class NoDiagnosis:
    """Knows nothing of what runs in the pods."""

    def crashed(self, pods: Sequence[Object]) -> Trouble | None:
        """Return the first container that ended once more than a slow start explains."""
        return next(habits(pods), None)

    def waiting_for_others(self, _: Sequence[Object]) -> Collection[str]:
        """Return none."""
        return ()

    def stuck(self) -> Trouble | None:
        """Return none: pods that run may only be slow."""


def wait_for_rollouts(
    api: Api,
    namespace: str,
    refs: Iterable[ObjectRef],
    note: Callable[[str], None] | None = None,
    diagnosis: Diagnosis | None = None,
    clock: Clock = SYSTEM_CLOCK,
    others: Collection[ObjectRef] = (),
) -> None:
    """Wait until objects are rolled out.

    Args:
        api: The API server.
        namespace: The objects'.
        refs: The objects.
        note: Called with how far they are, at each look.
        diagnosis: What knows the application.
        clock: Measures the wait.
        others: Objects that exist already, whose troubles are not yet to be reported.

    Raises:
        StageFailed: They can't get ready, or not in time; with the reason and the last log lines.
    """
    wanted = sorted(refs)
    hope = _Hope(diagnosis or NoDiagnosis(), clock)

    try:
        wait_until(
            partial(_look_and_note, api, namespace, wanted, others, note),
            until=lambda seen: not seen.waiting,
            give_up=hope.lost,
            limit=LIMITS.pods_ready,
            what=f"{', '.join(map(str, wanted))} rolled out",
            pause=0.2,
            clock=clock,
        )
    except (GaveUp, NotInTime) as end:
        if hope.trouble is not None and not hope.trouble.patience:
            # It is sure, however slow the machine is.
            end.window = None
        raise _failed(api, namespace, end, hope) from end


class _Hope:
    """What a wait has seen so far, and whether it can still end well."""

    def __init__(self, diagnosis: Diagnosis, clock: Clock) -> None:
        self.trouble: Trouble | None = None
        self.since: float | None = None  # since when all pods have run as they do, None where they don't
        self._diagnosis = diagnosis
        self._steady = Steady(clock)
        self._unschedulable = 0

    def lost(self, seen: Readiness) -> str | None:
        """Return why the pods can't get ready any more, None while they can."""
        soft = [trouble for trouble in seen.troubles if not trouble.hopeless]
        self._unschedulable = self._unschedulable + 1 if soft else 0
        hard = [trouble for trouble in seen.troubles if trouble.hopeless]
        if self._unschedulable > UNSCHEDULABLE_LOOKS:
            hard += soft
        hard = hard or [trouble for trouble in [self._diagnosis.crashed(seen.pods)] if trouble]
        victims = self._diagnosis.waiting_for_others(seen.pods)
        others = [pod for pod in seen.pods if pod["metadata"]["name"] not in victims]
        steady = self._steady.seconds(others) >= LIMITS.pods_steady
        self.since = self._steady.since if steady and not hard else None
        self.trouble = hard[0] if hard else self._diagnosis.stuck() if steady and not soft else None
        return self.trouble.reason if self.trouble else None


def restart(api: Api, namespace: str, ref: ObjectRef) -> None:
    """Have an object replace its pods in its own way, as `kubectl rollout restart` does; nothing waits."""
    now = datetime.now(UTC).isoformat()
    template = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now}}}
    api.merge(API_VERSION, ref.kind, ref.name, namespace, {"spec": {"template": template}})


def look(
    api: Api, namespace: str, refs: Sequence[ObjectRef], others: Collection[ObjectRef] = ()
) -> Readiness:
    """Look once at the objects of these names and at every pod of the namespace, but for some others'."""
    items = {
        ObjectRef(kind, item["metadata"]["name"]): item
        for kind in dict.fromkeys(ref.kind for ref in refs)
        for item in api.list(API_VERSION, kind, namespace)
    }
    left = {ref: text for ref in refs if (text := rollout_left(ref, items.get(ref)))}
    unready = [ref for ref, item in items.items() if ref not in others and rollout_left(ref, item)]
    troubles = [trouble for ref in unready for trouble in unmade_pods(api, namespace, ref, items[ref])]
    listed = api.list("v1", "Pod", namespace) if left else []
    pods = tuple(pod for pod in listed if owner_of(pod) not in others)
    troubles += [
        replace(trouble, concerns=_template_of(owner_of(pod)))
        for pod in pods
        for trouble in pod_troubles(pod)
    ]
    return Readiness(tuple(left.values()), tuple(_still_true(api, namespace, troubles)), pods)


def _look_and_note(
    api: Api,
    namespace: str,
    refs: Sequence[ObjectRef],
    others: Collection[ObjectRef],
    note: Callable[[str], None] | None,
) -> Readiness:
    seen = look(api, namespace, refs, others)
    if note is not None:
        note(how_far(seen, len(refs)))
    return seen


def how_far(seen: Readiness, wanted: int) -> str:
    """Return how many of so many objects are ready, and what the others are waited for."""
    return "; ".join([f"{wanted - len(seen.waiting)} of {wanted} rolled out", *seen.waiting])


def _still_true(api: Api, namespace: str, troubles: Sequence[Trouble]) -> list[Trouble]:
    """Return the troubles without what a pod's status says of a claim that exists by now.

    A scheduler that tried the pod a moment before its claim came tries again a second later, and the status
    stays until the claim's volume is made: 5 s were seen on busy cores (Kubernetes: "Volume Binding
    Mode", WaitForFirstConsumer).
    """
    missed = {
        trouble: match.group(1) for trouble in troubles if (match := _MISSED_CLAIM.search(trouble.reason))
    }
    if not missed:
        return list(troubles)
    claims = {claim["metadata"]["name"] for claim in api.list("v1", "PersistentVolumeClaim", namespace)}
    return [trouble for trouble in troubles if missed.get(trouble) not in claims]


def _template_of(owner: ObjectRef | None) -> tuple[str, ...]:
    """Return where the pods of an object are written, as the concerns of their troubles."""
    return (f"{owner}:{TEMPLATE}",) if owner else ()


def _failed(api: Api, namespace: str, end: GaveUp | NotInTime, hope: _Hope) -> StageFailed:
    if isinstance(end, NotInTime):
        return StageFailed(str(end), _what_events_say(api, namespace), since=hope.since)
    trouble, log = hope.trouble, list[str]()
    if trouble is not None and trouble.log:
        log = list(trouble.log)
    elif trouble is not None and trouble.container:
        log = _what_events_say(api, namespace, trouble.pod)[-KUBELETS_LINES:]
        log += last_log_lines(api, namespace, trouble.pod, trouble.container)
    failed = StageFailed(end.reason, log, concerns=trouble.concerns if trouble else (), since=hope.since)
    failed.no_node = trouble is not None and trouble.no_node
    return failed


def last_log_lines(api: Api, namespace: str, pod: str, container: str) -> list[str]:
    """Return a container's last log lines, of its last ended run where it has one."""
    for before in (True, False):
        with contextlib.suppress(*UNREADABLE):
            log = api.log(pod, namespace, container=container, previous=before, lines=LOG_LINES)
            if not log.startswith(LOG_GONE):
                return log.splitlines()
    return []


def _what_events_say(api: Api, namespace: str, about: str = "") -> list[str]:
    """Return the last warnings about one object, by its name, or about any."""
    warnings = [
        event
        for event in api.list("v1", "Event", namespace)
        if event.get("type") == "Warning" and about in {"", event["involvedObject"]["name"]}
    ]
    warnings.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return [f"{event['involvedObject']['name']}: {event['message']}" for event in warnings[-LOG_LINES:]]


class Steady:
    """Compares the pods look after look."""

    def __init__(self, clock: Clock) -> None:
        """Start with no look taken; the clock measures the time between looks."""
        self._clock = clock
        self._seen: object = None
        self.since = clock.now()  # since when that has been so, or now

    def seconds(self, pods: Iterable[Mapping[str, Any]]) -> float:
        """Return for how many seconds every container has run and no pod got ready, restarted, came or went.

        0 where something has just changed or is on its way.
        """
        pods = list(pods)
        seen = {pod["metadata"]["name"]: (is_ready(pod), _restarts(pod)) for pod in pods}
        if seen != self._seen or not all(all_runs(pod) for pod in pods):
            self._seen, self.since = seen, self._clock.now()
        return self._clock.now() - self.since


def _restarts(pod: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(
        container["restartCount"] for container in pod.get("status", {}).get("containerStatuses", [])
    )

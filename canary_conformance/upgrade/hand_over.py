"""A store that keeps its votes in memory only is handed over to the pod that takes its place.

Redis of version 1.0 has no volume, so a new pod starts empty. Whoever replaces it has to carry its votes
over: the old one is made read-only first (the app waits with a vote that was refused), is read, and what it
had is added to what the new one was given meanwhile. Redis is asked by its own client, in its own pod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from canary_conformance.cluster.pod_access import PodName, run_in_pod
from canary_conformance.errors import EnvironmentFailed, StageFailed
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.voting.chains import REDIS

CLIENT = "redis-cli"
# A replica takes no writes; nobody listens at its primary's address.
FREEZE, THAW = ("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")


def keeps_nothing(namespace: NamespaceUnderTest, store: Workload) -> bool:
    """Return whether a pod is a store whose content goes with it: Redis without a claim."""
    found = namespace.api.get("v1", "Pod", store.pod.name, store.pod.namespace) or {"spec": {}}
    claims = [one for one in found["spec"].get("volumes", ()) if "persistentVolumeClaim" in one]
    return REDIS[1] in store.own_ports and not claims


@contextmanager
def handed_over(namespace: NamespaceUnderTest, old: Workload) -> Iterator[None]:
    """Carry what a store has over to the pod that replaces it within the block.

    Where the block fails, the old one takes writes again, or its failure has a note of why not. Raises
    EnvironmentFailed when a store can't be asked or refuses, StageFailed when none took its place.
    """
    redis = old.container
    try:
        _do(namespace, old.pod, redis, FREEZE)
        votes = _content(namespace, old.pod, redis)
        yield
    except BaseException as failed:
        try:
            _do(namespace, old.pod, redis, THAW)
        except Exception as frozen:
            failed.add_note(f"and {old} must not accept votes any longer: {frozen}")
        raise
    new = [w.pod for w in namespace.workloads(old.app, old.version) if w.ready and w.uid != old.uid]
    if not new:
        raise StageFailed(f"no new pod of {old} is ready: nothing takes its votes over")
    for command in additions(votes):
        _do(namespace, new[0], redis, command)


def additions(votes: Mapping[str, Mapping[str, int] | int]) -> list[tuple[str, ...]]:
    """Return the commands that add counts to those that are there: a number, or a hash of numbers by key."""
    found: list[tuple[str, ...]] = []
    for key, count in votes.items():
        if isinstance(count, int):
            found.append(("INCRBY", key, str(count)))
        else:
            found += [("HINCRBY", key, field, str(number)) for field, number in count.items()]
    return found


def _content(
    namespace: NamespaceUnderTest, pod: PodName, container: str
) -> dict[str, Mapping[str, int] | int]:
    found: dict[str, Mapping[str, int] | int] = {}
    try:
        for key in _ask(namespace, pod, container, ("KEYS", "*")):
            if _ask(namespace, pod, container, ("TYPE", key)) == ["hash"]:
                fields = _ask(namespace, pod, container, ("HGETALL", key))
                pairs = zip(fields[::2], fields[1::2], strict=True)
                found[key] = {name: int(number) for name, number in pairs}
            else:
                found[key] = int(_ask(namespace, pod, container, ("GET", key))[0])
    except (LookupError, ValueError) as error:
        raise EnvironmentFailed(f"Redis in pod {pod} has more than counts: {error}") from error
    return found


def _do(namespace: NamespaceUnderTest, pod: PodName, container: str, command: Sequence[str]) -> None:
    """Have a store do something; its client ends well where the store refuses, too."""
    reply = " ".join(_ask(namespace, pod, container, command))
    # "OK Already connected to specified master" is as good.
    if not re.fullmatch(r"OK( .*)?|-?\d+", reply):
        raise EnvironmentFailed(f"Redis in pod {pod} refused {' '.join(command)}: {reply}")


def _ask(namespace: NamespaceUnderTest, pod: PodName, container: str, command: Sequence[str]) -> list[str]:
    return run_in_pod(namespace.api, pod, container, [CLIENT, *command]).splitlines()

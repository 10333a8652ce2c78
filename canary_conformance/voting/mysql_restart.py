"""A restart of MySQL (R4.9), which mostly waits: pages of 1.0 may be asked for meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from canary_conformance.cluster.container_exits import habits
from canary_conformance.cluster.pod_readiness import last_log_lines, wait_for_rollouts
from canary_conformance.cluster.pod_state import Trouble, pod_troubles
from canary_conformance.errors import RequirementFailed, StageFailed
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.stages.stage_propagation import wait_until_live
from canary_conformance.timeouts import LIMITS
from canary_conformance.voting.contract import NEW, STORAGE
from canary_conformance.voting.page_results import cast_different_votes
from canary_conformance.waiting import GaveUp, NotInTime, wait_until

RESTART = "restart of MySQL"
MYSQL = (STORAGE, NEW.storage)
SURVIVES = "R4.9"


@dataclass(frozen=True, slots=True)
class Restart:
    """MySQL's pods before and after, as "NAME (UID ...)"; different votes had been cast, see DIFFERENT_VOTES.

    The pod of a StatefulSet keeps its name and gets another UID.
    """

    before: frozenset[str]
    after: frozenset[str]


def begin_restart_of_mysql(namespace: NamespaceUnderTest) -> None:
    """Cast different votes, then delete MySQL's pod and wait for its successor beside what follows."""
    if not namespace.begun(RESTART):
        cast_different_votes(namespace.voter)
        namespace.begin(RESTART, lambda: _restart(namespace))


def restart_of_mysql(namespace: NamespaceUnderTest) -> Restart:
    """Return the restart, once the new pod is ready and every proxy knows it; begun now unless it was.

    Raises RequirementFailed where MySQL does not come back.
    """
    begin_restart_of_mysql(namespace)
    return namespace.once(RESTART, lambda: _restart(namespace))


def _restart(namespace: NamespaceUnderTest) -> Restart:
    before = namespace.workloads(*MYSQL)
    _replace(namespace, before)
    return Restart(_names(before), _names(namespace.workloads(*MYSQL)))


def _replace(namespace: NamespaceUnderTest, old: Sequence[Workload]) -> None:
    """Delete MySQL's pods and wait until as many new ones are ready. Raises RequirementFailed."""
    uids = {workload.uid for workload in old}
    namespace.watch.expect_gone(uids)
    for workload in old:
        namespace.api.delete("v1", "Pod", workload.pod.name, namespace.name)
    owners = {workload.owner for workload in old if workload.owner}
    try:
        # Their owner goes on calling itself available until it has noticed, so its pods are asked first.
        wait_until(
            lambda: {workload.uid for workload in namespace.workloads(*MYSQL) if workload.ready} - uids,
            until=lambda new: len(new) == len(uids),
            give_up=lambda _: next((one.reason for one in _troubles(namespace) if one.hopeless), None),
            limit=LIMITS.pod_replaced,
            what=f"new pods of {' '.join(MYSQL)} are ready",
        )
        wait_for_rollouts(namespace.api, namespace.name, owners, namespace.progress.detail)
    except (GaveUp, NotInTime, StageFailed) as failed:
        # Who crashes again and again does so on any machine; of other waits the time that ran out is asked.
        raise _not_back(namespace, failed) from (None if isinstance(failed, GaveUp) else failed)
    wait_until_live(namespace)


@contextmanager
def pages_answered(namespace: NamespaceUnderTest) -> Iterator[None]:
    """Fail R4.9 by what MySQL's pods say where its pages have no answer after its restart."""
    try:
        yield
    except RequirementFailed as silent:
        if silent.breaks:
            raise
        raise _not_back(namespace, silent) from silent


def _not_back(
    namespace: NamespaceUnderTest, failed: GaveUp | NotInTime | RequirementFailed
) -> RequirementFailed:
    """Return the failure of R4.9: by what its pods say themselves, where they say something."""
    sentence = "MySQL does not come back after a restart"
    if isinstance(failed, StageFailed):
        return RequirementFailed(
            f"{sentence}: {failed.reason}", failed.log, breaks=SURVIVES, concerns=failed.concerns
        )
    if isinstance(failed, NotInTime):
        sentence = f"{sentence} within {failed.limit:g} s"
    for trouble in _troubles(namespace):
        log = last_log_lines(namespace.api, namespace.name, trouble.pod, trouble.container)
        return RequirementFailed(
            f"{sentence}: {trouble.reason}", log, breaks=SURVIVES, concerns=trouble.concerns
        )
    return RequirementFailed(f"{sentence}: {failed}", breaks=SURVIVES)


def _troubles(namespace: NamespaceUnderTest) -> list[Trouble]:
    """Return what keeps pods of MySQL from getting ready, by their own status."""
    names = {workload.pod.name for workload in namespace.workloads(*MYSQL)}
    listed = namespace.api.list("v1", "Pod", namespace.name)
    pods = [pod for pod in listed if pod["metadata"]["name"] in names]
    return [*(one for pod in pods for one in pod_troubles(pod)), *habits(pods)]


def _names(pods: Sequence[Workload]) -> frozenset[str]:
    return frozenset(f"{workload.pod} (UID {workload.uid})" for workload in pods)

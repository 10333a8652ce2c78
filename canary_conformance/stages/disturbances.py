"""Did the environment change under the run? Asked before anything is called broken.

A page that failed because somebody killed its pod, restarted the node or stopped the engine says nothing of
the manifests: that is the environment's failure, not a verdict. What a container does by itself (a crash, a
restart), and what a Deployment does with its own pods, is the manifests' and stays red.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.machine_pressure import MachineWatch
from canary_conformance.cluster.node_conditions import boots_of, node_problems
from canary_conformance.cluster.rollouts import (
    API_VERSION,
    DAEMON_SET,
    REPLICA_SET,
    STATEFUL_SET,
    is_settled,
    wanted_pods,
)
from canary_conformance.cluster.run_lease import RunLease
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.mesh.base import Mesh
from canary_conformance.mesh.running_components import CONTROL_PLANE
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.expired_limits import Times, in_short, times_run_out
from canary_conformance.timeouts import LIMITS

# What makes pods with its own hands; a Deployment has ReplicaSets for it.
CONTROLLERS = (REPLICA_SET, STATEFUL_SET, DAEMON_SET)
# A pod that something else than its owner ended (Kubernetes: "Pod disruption conditions").
DISRUPTED = "DisruptionTarget"


@dataclass(frozen=True, slots=True)
class Owned:
    """A pod of the application: its controller, its UID, and what disrupted it, "" where nothing did.

    The pod of a StatefulSet that takes another's place has its name.
    """

    owner: ObjectRef
    uid: str = ""
    disrupted: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a controller of pods is to do: its generation and how many pods it is to have.

    settled: whether it has no old pods left to replace by itself.
    """

    generation: int
    replicas: int
    settled: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Vitals:
    """The environment at one moment.

    Attributes:
        node: How the nodes are, by what runs them; "" where this machine has no access to them.
        boots: The boot of each node, by its name.
        pods: Those of cluster and mesh, by namespace and name, with their restarts.
        workloads: The application's pods, by name.
        wanted: Their controllers.
        wrong: What should never be, whatever was before.
        answered_in: The seconds that the API server took for all these answers.
    """

    node: str
    boots: Mapping[str, str] = field(default_factory=dict)
    pods: Mapping[str, str] = field(default_factory=dict)
    workloads: Mapping[str, Owned] = field(default_factory=dict)
    wanted: Mapping[ObjectRef, Wanted] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()
    answered_in: float = 0.0


class Unanswered(Exception):
    """The API server didn't answer when it was asked how the environment is."""


def vitals(cluster: Cluster, mesh: Mesh, namespace: str) -> Vitals:
    """Look at the environment of a namespace under test. Raises Unanswered, which says how the node is."""
    node = cluster.nodes.state() if cluster.nodes else ""
    started = time.monotonic()
    gateway = mesh.gateway
    of_mesh = ((mesh.root_namespace, CONTROL_PLANE), (gateway.namespace, gateway.pod_labels))
    try:
        infrastructure = [
            *(pod for one in cluster.own_namespaces for pod in cluster.api.list("v1", "Pod", one)),
            *(pod for one, labels in of_mesh for pod in cluster.api.list("v1", "Pod", one, labels)),
        ]
        pods = cluster.api.list("v1", "Pod", namespace)
        controllers = {kind: cluster.api.list(API_VERSION, kind, namespace) for kind in CONTROLLERS}
        # What happens to nodes without any of these is nothing to the run (an autoscaler's, others' work).
        used = {(pod.get("spec") or {}).get("nodeName") for pod in (*infrastructure, *pods)}
        nodes = [one for one in cluster.api.list("v1", "Node") if one["metadata"]["name"] in used]
    except Exception as error:
        silence = f"the API server of cluster {cluster.name} does not answer: {type(error).__name__}: {error}"
        raise Unanswered(f"the node is {node}, and {silence}" if node else silence) from error
    return Vitals(
        node,
        boots_of(nodes),
        {
            _name(pod): f"{pod['metadata']['uid']}, {_restarts(pod)} restarts"
            for pod in infrastructure
            if "deletionTimestamp" not in pod["metadata"]
        },
        {pod["metadata"]["name"]: owned for pod in pods if (owned := _owned(pod))},
        {
            ObjectRef(kind, item["metadata"]["name"]): Wanted(
                item["metadata"]["generation"], wanted_pods(item, kind), is_settled(item, kind)
            )
            for kind, items in controllers.items()
            for item in items
        },
        tuple(node_problems(nodes)),
        time.monotonic() - started,
    )


def disturbances(before: Vitals, after: Vitals, by_us: Collection[str] = ()) -> list[str]:
    """Return what changed between two looks that neither the scenario nor the run did.

    by_us: UIDs of pods that the run itself took away.
    """
    found = [*_node_changes(before, after), *after.wrong]
    if after.answered_in > LIMITS.api_slow:
        found.append(
            f"the API server took {after.answered_in:.1f} s for a few short answers, and may take "
            f"{LIMITS.api_slow:g} s"
        )
    for name, state in before.pods.items():
        now = after.pods.get(name)
        if now != state:
            found.append(f"pod {name} {'was taken away' if now is None else 'was restarted'}")
    found += (
        f"pod {name} was disrupted: {p.disrupted}" for name, p in after.workloads.items() if p.disrupted
    )
    found += (f"pod {name} was {what}" for name, uid, what in _taken_away(before, after) if uid not in by_us)
    return list(dict.fromkeys(found))


def _node_changes(before: Vitals, after: Vitals) -> Iterator[str]:
    """Yield which nodes were restarted. One that is new or gone is an autoscaler's, and no disturbance."""
    if before.node != after.node:
        yield f"the node was {before.node} and is {after.node}"
    for name, boot in before.boots.items():
        if after.boots.get(name, boot) != boot:
            yield f"node {name} was restarted"


def _taken_away(before: Vitals, after: Vitals) -> Iterator[tuple[str, str, str]]:
    """Yield name and UID of each pod that is gone, although its controller had no cause, and what it was.

    A Deployment that is changed, deleted or still rolling out changes its ReplicaSets; a StatefulSet or a
    DaemonSet replaces its own pods.
    """
    for owner, wanted in before.wanted.items():
        had = {name: pod for name, pod in before.workloads.items() if pod.owner == owner}
        if after.wanted.get(owner) != wanted or not wanted.settled or len(had) > wanted.replicas:
            continue
        for name, pod in sorted(had.items()):
            now = after.workloads.get(name)
            if now is None:
                yield name, pod.uid, "taken away"
            elif now.uid != pod.uid:
                yield name, pod.uid, "replaced by another of its name"


class Watch:
    """Remembers how the environment was when the run last had it in its hand, and what disturbed it since."""

    def __init__(
        self,
        look: Callable[[], Vitals],
        closer: Callable[[], list[str]] = list,
        shortage: Callable[[Times], str] = lambda _: "",
    ) -> None:
        """look: asks how the environment is; it may raise Unanswered.

        closer: returns what else is wrong now; asked only where something may have been disturbed. shortage:
        returns what the machine was short of in some times, "" for nothing.
        """
        self._look = look
        self._closer = closer
        self._shortage = shortage
        self._before: Vitals | None = None
        self._by_us: set[str] = set()
        self._noted: list[str] = []

    def expect_gone(self, pods: Iterable[str]) -> None:
        """Know that the run itself takes these pods away, by their UIDs."""
        self._by_us.update(pods)

    def note(self) -> None:
        """Remember what disturbed the environment until now, and start anew from how it is."""
        self._note(lambda before, now: disturbances(before, now, self._by_us))

    def start_anew(self) -> None:
        """Take all that changed since the last look, but for the node itself, for the run's own doing."""
        self._note(_node_changes)

    def _note(self, between: Callable[[Vitals, Vitals], Iterable[str]]) -> None:
        try:
            now = self._look()
        except Unanswered as silent:
            self._noted.append(str(silent))
            return
        if self._before is not None:
            self._noted += between(self._before, now)
        self._before = now
        self._by_us.clear()

    def changes(self) -> list[str]:
        """Return what changed since the first look that should not have."""
        found = list(self._noted)
        try:
            if self._before is not None:
                found += disturbances(self._before, self._look(), self._by_us)
        except Unanswered as silent:
            found.append(str(silent))
        return list(dict.fromkeys(found))

    def disturbance(self, failed: BaseException | None = None) -> str:
        """Return what disturbed the environment since the first look, "" when nothing did.

        failed: what is about to be reported; where only limits ran out, a machine that was too short of
        CPU, memory or disk meanwhile is a disturbance.
        """
        causes = [*self.changes(), *self._closer()]
        times = times_run_out(failed)
        if times and (short := self._shortage(times)):
            late = in_short(failed)
            causes.append(
                f"the machine was too slow for the time limits: {short}; what ran out: {late}; "
                "--timeout-factor stretches them"
            )
        return "; ".join(dict.fromkeys(causes))

    def check(self, failed: BaseException | None = None) -> None:
        """Raise EnvironmentFailed when something disturbed the environment; failed: see disturbance()."""
        if disturbance := self.disturbance(failed):
            raise EnvironmentFailed(disturbance)


def watch_of(
    cluster: Cluster, mesh: Mesh, namespace: str, machine: MachineWatch, lease: RunLease | None = None
) -> Watch:
    """Return the watch over a cluster, its mesh, the application's namespace, the machine and a Lease."""

    def closer() -> list[str]:
        full = cluster.nodes.full_disks() if cluster.nodes else []
        return [*full, *([lease.lost] if lease and lease.lost else [])]

    return Watch(lambda: vitals(cluster, mesh, namespace), closer, machine.shortage)


def _name(pod: Mapping[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _restarts(pod: Mapping[str, Any]) -> int:
    status = pod.get("status", {})
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return sum(container["restartCount"] for container in containers)


def _owned(pod: Mapping[str, Any]) -> Owned | None:
    """Return what there is to know of a controller's pod, None for others and those on their way out."""
    disrupted = [
        f"{one.get('reason', '')}: {one.get('message', '')}"
        for one in pod.get("status", {}).get("conditions", [])
        if one["type"] == DISRUPTED and one["status"] == "True"
    ]
    if "deletionTimestamp" in pod["metadata"] and not disrupted:
        return None
    for owner in pod["metadata"].get("ownerReferences") or []:
        if owner["kind"] in CONTROLLERS:
            ref = ObjectRef(owner["kind"], str(owner["name"]))
            return Owned(ref, str(pod["metadata"].get("uid", "")), "; ".join(disrupted))
    return None

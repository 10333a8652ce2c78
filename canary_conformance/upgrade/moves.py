"""The way from one mesh to another, step by step, as an operator makes it.

By revision: a second control plane beside the first, the namespace asks for it, one Deployment after the
other is restarted, the gateway comes last, and only then the first control plane goes (Istio: "Canary
Upgrades"). In place: the control plane and its gateway are changed, then the Deployments are restarted
(Istio: "In-place Upgrades"). The way back is the same way.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from canary_conformance.cluster.pod_readiness import restart, wait_for_rollouts
from canary_conformance.cluster.rollouts import API_VERSION, DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from canary_conformance.errors import EnvironmentFailed, NotJudged
from canary_conformance.images.provisions import Provisions
from canary_conformance.mesh.base import Mesh
from canary_conformance.mesh.installation import DEFAULT_REVISION, PROXY, install, mesh_of
from canary_conformance.mesh.istioctl import out_of_step
from canary_conformance.mesh.revisions import (
    REVISION,
    gateway_revision,
    lead_tag,
    make_default,
    remove_revision,
    remove_tag,
    revisions,
)
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.owned_namespaces import request_injection
from canary_conformance.stages.stage_propagation import wait_until_live
from canary_conformance.timeouts import LIMITS
from canary_conformance.upgrade.hand_over import handed_over, keeps_nothing
from canary_conformance.upgrade.upgrade_observations import StepMade
from canary_conformance.upgrade.upgrade_options import Asked, Way
from canary_conformance.upgrade.upgraded_proxies import leaving
from canary_conformance.voting.chains import REDIS
from canary_conformance.voting.contract import APP
from canary_conformance.waiting import NotInTime, wait_until

STORAGE, _ = REDIS


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a move: what its mesh is made from, its control plane's revision, its proxies' image."""

    provisions: Provisions
    revision: str = DEFAULT_REVISION
    proxy: str = PROXY


@dataclass
class Course:
    """A move that is being made, and its steps so far.

    gone: delete all replicas of the app at once, which is no way to go.
    """

    namespace: NamespaceUnderTest
    asked: Asked
    source: Side
    target: Side
    gone: bool = False
    steps: list[StepMade] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.source.provisions.mesh_version} -> {self.target.provisions.mesh_version}"

    @contextmanager
    def step(self, name: str, replaces: str = "") -> Iterator[None]:
        """Time a step; one that fails is a step all the same."""
        started = time.monotonic()
        try:
            with self.namespace.progress.phase(name, quiet=True):
                yield
        finally:
            self.steps.append(StepMade(name, started, time.monotonic(), replaces))


def go(course: Course) -> Mesh:
    """Move the mesh and return it as it is then.

    Raises StageFailed where pods don't start on the target, EnvironmentFailed and NotInTime where anything
    else of the way can't be gone.
    """
    return _by_revision(course) if course.asked.way is Way.REVISION else _in_place(course)


def _by_revision(course: Course) -> Mesh:
    namespace, source, target = course.namespace, course.source, course.target
    cluster, istioctl, tag = namespace.cluster, target.provisions.istioctl, course.asked.tag
    with course.step(f"install revision {target.revision} beside {source.revision}"):
        # A move that was stopped has not come as far as the gateway.
        _install(course, gateway=gateway_revision(cluster) == target.revision)
    mesh = mesh_of(cluster, target.provisions, target.revision)
    if tag:
        mesh = replace(mesh, injection_labels={REVISION: tag})
        with course.step(f"lead tag {tag} to {target.revision}"):
            lead_tag(cluster, istioctl, tag, target.revision)
    with course.step(f"namespace {namespace.name} is labelled {_labels(mesh.injection_labels)}"):
        _request_sidecars(namespace, mesh)
    _restart_all(course)
    with course.step(f"move the gateway to {target.revision}"):
        _install(course, gateway=True)
        _settle(course)
    with course.step(f"remove revision {source.revision}"):
        make_default(cluster, istioctl, target.revision)
        if source.revision in revisions(cluster):
            remove_revision(cluster, istioctl, source.revision)
        _settle(course)
    if tag and target.revision == DEFAULT_REVISION:
        mesh = mesh_of(cluster, target.provisions)
        with course.step(f"remove tag {tag}"):
            _request_sidecars(namespace, mesh)
            remove_tag(cluster, istioctl, tag)
    return mesh


def _request_sidecars(namespace: NamespaceUnderTest, mesh: Mesh) -> None:
    labels = {**namespace.scenario.namespace_labels, **namespace.setting.label}
    request_injection(namespace.api, namespace.name, labels, mesh.injection_labels)


def _in_place(course: Course) -> Mesh:
    with course.step("change the control plane and the gateway"):
        _install(course, gateway=True)
        _settle(course)
    _restart_all(course)
    with course.step("every proxy is in step"):
        _settle(course)
    return mesh_of(course.namespace.cluster, course.target.provisions)


def _install(course: Course, *, gateway: bool) -> None:
    target = course.target
    install(
        course.namespace.cluster,
        target.provisions,
        target.revision,
        gateway=gateway,
        proxy=target.proxy,
    )


def _restart_all(course: Course) -> None:
    """Restart one workload after the other, first of all those that can't get ready."""
    namespace = course.namespace
    if course.gone:
        with course.step("delete all replicas of the app at once"):
            for workload in namespace.workloads(APP):
                namespace.api.delete("v1", "Pod", workload.pod.name, workload.pod.namespace)
    for ref in _order(namespace):
        _restart(course, ref)


def _restart(course: Course, ref: ObjectRef) -> None:
    namespace = course.namespace
    pods = [w for w in namespace.workloads() if w.owner == ref]
    ready = [w for w in pods if w.ready]
    alone = str(pods[0]) if len(ready) <= 1 and pods and pods[0].app == STORAGE else ""
    for workload in pods:
        if not workload.ready and not course.gone:
            # Left by a move that was stopped: it will never start, and its owner makes another.
            namespace.api.delete("v1", "Pod", workload.pod.name, workload.pod.namespace)
    memory_only = bool(alone) and bool(ready) and keeps_nothing(namespace, ready[0])
    with course.step(f"restart {ref.name}", replaces=alone):
        with handed_over(namespace, ready[0]) if memory_only else nullcontext():
            restart(namespace.api, namespace.name, ref)
            wait_for_rollouts(namespace.api, namespace.name, [ref], namespace.progress.detail)
        wait_until_live(namespace)


def _order(namespace: NamespaceUnderTest) -> list[ObjectRef]:
    refs = [
        ObjectRef(kind, str(one["metadata"]["name"]))
        for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
        for one in namespace.api.list(API_VERSION, kind, namespace.name)
    ]
    stuck = {workload.owner for workload in namespace.workloads() if not workload.ready}
    return sorted(refs, key=lambda ref: (ref not in stuck, ref.name))


def _settle(course: Course) -> None:
    """Wait until what was replaced is gone, every proxy is in step, and every change is live.

    A control plane that leaves keeps its proxies for a while and sends them nothing any more.
    """
    namespace, target = course.namespace, course.target
    try:
        wait_until(
            lambda: leaving(namespace) or lacking(namespace, target),
            until=lambda left: not left,
            limit=LIMITS.mesh_settled,
            what="what was replaced is gone and every proxy is in step with its control plane",
            pause=0.5,
            passing=(EnvironmentFailed, NotJudged),
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late
    wait_until_live(namespace)


def lacking(namespace: NamespaceUnderTest, side: Side) -> list[str]:
    """Return what proxies of scenario and gateway lack of one side's control plane, if it has them at all.

    Raises CommandFailed.
    """
    proxies = map(str, namespace.proxied())
    return out_of_step(namespace.cluster, side.provisions.istioctl, side.revision, proxies)


def _labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels.items())

"""A namespace with the scenario at some stage. It moves forward only, a stage at a time.

How it enters one, and what is seen on the way, is in canary_conformance.stages.transition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeVar

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.kind import Cluster
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.mesh.installation import Mesh
from canary_conformance.mesh.istioctl import analyze
from canary_conformance.mesh.propagation import Sentinel
from canary_conformance.mesh.proxies import Proxies, proxied_pods
from canary_conformance.mesh.running_components import ProxyVersions
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.scenario.observations import Call, Page, Reply, Sample, Transition
from canary_conformance.scenario.stages import ObjectRef, Scenario
from canary_conformance.stages.closed_ingress import knock_until_refused
from canary_conformance.stages.cluster_objects import left_of, objects_of_cluster
from canary_conformance.stages.cluster_snapshot import left_behind, snapshot
from canary_conformance.stages.disturbances import Watch
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.observation_cache import Taken
from canary_conformance.stages.owned_namespaces import OURS
from canary_conformance.stages.reuse import Changes
from canary_conformance.stages.stage_propagation import wait_until_live
from canary_conformance.stages.transition import bring_up_to_date, pass_through, walk_into
from canary_conformance.traffic.callers import Callers, Opening
from canary_conformance.traffic.voter import Voter
from canary_conformance.voting.app_workloads import Workload, workloads
from canary_conformance.voting.chains import STORAGE
from canary_conformance.voting.readiness_diagnosis import diagnosis_of
from canary_conformance.voting.stage_numbers import CANARY, FINALIZE, LOCK, STAGES
from canary_conformance.voting.unready_causes import Stuck

Value = TypeVar("Value")

# By these a namespace asks for sidecars (Istio: "Installing the Sidecar").
INJECTION_LABELS = frozenset({"istio-injection", "istio.io/rev"})
# Where tests call from inside pods: their callers start while other tests still open pages.
CALLING_STAGES = (LOCK, CANARY)
# Where plaintext is to be refused.
STRICT_STAGES = (LOCK, CANARY, FINALIZE)
PLAINTEXT = "plaintext"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the namespace is observed and called through."""

    proxies: Proxies
    callers: Callers
    sentinel: Sentinel
    progress: Progress
    watch: Watch
    versions: ProxyVersions


@dataclass
class NamespaceUnderTest:
    """The scenario in its namespace: made by stages.namespace_creation, moved with advance_to()."""

    cluster: Cluster
    setting: Setting
    parts: Parts
    walked: frozenset[int] = frozenset(STAGES)  # the stages whose way in is judged
    on_the_way: frozenset[str] = frozenset()  # the requirements whose samples a way in may begin
    stage: int = 0
    found_at: int = 0  # the stage at which the last run left it, where it is reused
    to_do: Changes | None = None  # what brings a namespace that was left up to the manifests
    settled: bool = True  # whether it is at its stage, not on the way
    live_at: float = 0.0  # the monotonic time at which what its stage is to be was live, 0 before any was
    opened: bool = False  # whether the scenario's first Gateway was applied, and ours with it
    transitions: dict[int, Transition] = field(default_factory=dict)
    ready: frozenset[tuple[str, str]] = frozenset()
    before: frozenset[str] = frozenset()
    taken: Taken = field(default_factory=Taken)

    @property
    def api(self) -> Api:
        """The cluster's API server."""
        return self.cluster.api

    @property
    def proxies(self) -> Proxies:
        """Every proxy's admin port."""
        return self.parts.proxies

    @property
    def callers(self) -> Callers:
        """What makes raw connections from inside pods."""
        return self.parts.callers

    @property
    def sentinel(self) -> Sentinel:
        """What tells that a change is live."""
        return self.parts.sentinel

    @property
    def progress(self) -> Progress:
        """What reports how far the run is."""
        return self.parts.progress

    @property
    def watch(self) -> Watch:
        """What notices a disturbance of the environment."""
        return self.parts.watch

    @property
    def versions(self) -> ProxyVersions:
        """What every proxy ran."""
        return self.parts.versions

    @property
    def scenario(self) -> Scenario:
        """The scenario, in this namespace's namespace."""
        return self.setting.scenario

    @property
    def manifests(self) -> ManifestFolder:
        """What is applied: the files as they are written, where the namespace is alone on its cluster."""
        return self.setting.manifests

    @property
    def mesh(self) -> Mesh:
        """The mesh, by this namespace's ingress gateway."""
        return self.setting.mesh

    @property
    def outside(self) -> PodName:
        """The pod that has no sidecar."""
        return PodName(self.setting.suite_namespace, "outside")

    @property
    def name(self) -> str:
        """The scenario's namespace."""
        return self.scenario.namespace

    @property
    def voter(self) -> Voter:
        """A voter without a cookie, at the ingress gateway."""
        return Voter(self.mesh.gateway.url, progress=self.progress, when_unanswered=self.watch.check)

    def once(self, name: str, take: Callable[[], Value]) -> Value:
        """Return what was taken under this name at this stage, taking it the first time.

        A sample is taken once, and may be judged by several tests.
        """
        return self.taken.once(f"{self.stage} {name}", take)

    def begin(self, name: str, take: Callable[[], object]) -> None:
        """Begin to take at this stage, beside what follows, what once() is going to be asked for."""
        self.taken.begin(f"{self.stage} {name}", take)

    def begun(self, name: str) -> bool:
        """Tell whether something is taken at this stage, or begun."""
        return self.taken.begun(f"{self.stage} {name}")

    def moved_to(self, mesh: Mesh) -> None:
        """Be in a mesh that changed since: nothing that was taken before tells of it."""
        self.setting = replace(self.setting, mesh=mesh)
        self.taken.forget()
        self.watch.start_anew()
        self.versions.look(self.proxied())
        self.live_at = time.monotonic()
        if self.stage in CALLING_STAGES:
            self._start_callers()

    def ask_for(self, labels: Mapping[str, str]) -> None:
        """Have the namespace ask for sidecars by these labels, and by no others."""
        own = {k: v for k, v in self.scenario.namespace_labels.items() if k not in INJECTION_LABELS}
        self.apply_namespace({**own, **labels})

    def workloads(self, app: str = "", version: str = "") -> list[Workload]:
        """Return the application's pods, all or those of one component and version, as they are now."""
        services = self.api.list("v1", "Service", self.name)
        found = workloads(self.api.list("v1", "Pod", self.name), services)
        return [w for w in found if app in {"", w.app} and version in {"", w.version}]

    def proxied(self) -> list[PodName]:
        """Return every pod of the scenario and of the mesh that runs Istio's proxy now."""
        pods = [*self.api.list("v1", "Pod", self.name)]
        pods += self.api.list("v1", "Pod", self.mesh.gateway.namespace)
        return proxied_pods(pods)

    def advance_to(self, number: int) -> None:
        """Enter each stage up to this one, in one go through those whose way in nobody judges.

        Raises StageFailed when one can't get ready, EnvironmentFailed.
        """
        told = [stage.number for stage in self.scenario.stages if self.stage < stage.number <= number]
        ahead = [one for one in told if not self.scenario.why_not(one)]
        if self.to_do is None and not ahead:
            return
        self.settled = False
        self.taken.settle()
        if self.to_do is not None:
            with self.progress.phase(f"reusing the namespace at stage {self.stage}: {self.to_do}"):
                changes, self.to_do = self.to_do, None
                bring_up_to_date(self, changes)
        for walked, stages in groupby(ahead, key=self.walked.__contains__):
            if walked:
                for one in stages:
                    with self.progress.phase(f"stage {one} {self.scenario.stage(one).name}"):
                        walk_into(self, one)
                    self.stage = one
            else:
                passed = list(stages)
                names = ", ".join(f"{one} {self.scenario.stage(one).name}" for one in passed)
                with self.progress.phase(f"in one step: stage {names}"):
                    pass_through(self, passed)
        self.settled = True

    def look_around(self, number: int) -> None:
        """Do and begin what a stage that was just entered is to have, while voters may go on."""
        if number in STRICT_STAGES:
            # Most of these calls is waiting for the first word of a server that greets.
            self.taken.begin(f"{number} {PLAINTEXT}", lambda: self.from_outside(self.plain_calls()))
        self.watch.note()
        self.versions.look(self.proxied())
        if number in CALLING_STAGES:
            self._start_callers()

    def diagnose(self, refs: Sequence[ObjectRef], stage: int) -> Stuck:
        """Return what finds out why the pods of objects of a stage don't get ready."""
        return diagnosis_of(self, refs, stage)

    def apply_namespace(self, labels: Mapping[str, str]) -> None:
        """Make the scenario's namespace, or give it other labels."""
        metadata = {"name": self.name, "labels": dict(labels), "annotations": OURS}
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, None)

    def _start_callers(self) -> None:
        # From all but the stores, which call nobody.
        callers = [workload for workload in self.workloads() if workload.app != STORAGE]
        first = {(workload.app, workload.version): workload.pod for workload in reversed(callers)}
        self.callers.start(list(first.values()))

    def from_outside(self, calls: list[tuple[Call, Opening]]) -> Mapping[Call, Reply]:
        """Make calls from the pod that has no sidecar."""
        self.callers.ready_outside(self.outside)
        return self.callers.call(self.outside, calls)

    def plaintext(self) -> Mapping[Call, Reply]:
        """Return how a plaintext call to each port of each pod ended, from the pod that has no sidecar."""
        return self.once(PLAINTEXT, lambda: self.from_outside(self.plain_calls()))

    def plain_calls(self) -> list[tuple[Call, Opening]]:
        """Return a plaintext call to each port of each of the application's pods."""
        return [call for workload in self.workloads() for call in workload.plain_calls()]

    def wait_until_live(self, written: Collection[str] | None = None) -> float:
        """Return the monotonic time at which all was live; see stages.stage_propagation."""
        return wait_until_live(self, written)

    def settle(self, written: Collection[str] | None = None) -> float | None:
        """Wait until all that was applied so far is live, and return when that was.

        None before the first Gateway: nothing can be live.
        """
        return self.wait_until_live(written) if self.opened else None

    def pages_of(self, transition: Transition, voter: str) -> Sample[Page]:
        """Return every page of a continuous voter during a transition."""
        pages = transition.pages.get(voter, ())
        return Sample(pages, f"{len(pages)} pages of the {voter} while stage {transition.stage} was entered")

    def analyze(self) -> list[str]:
        """Return what `istioctl analyze` finds in the scenario's namespace."""
        return analyze(self.cluster, self.mesh.istioctl, self.name)

    def snapshot(self) -> frozenset[str]:
        """Return what the cluster holds now, the scenario's namespace and ours left out."""
        return snapshot(self.api, self.setting.namespaces, self.setting.others)

    def left_behind(self) -> list[str]:
        """Return what there still is of the scenario, in its namespace and of the cluster."""
        of_cluster = left_of(self.api, objects_of_cluster(self.api, self.manifests))
        told = [f"{one} belongs to the cluster: the last stage has to delete it" for one in of_cluster]
        return left_behind(self.api, self.name) + told

    def ingress_closed(self) -> Reply:
        """Wait until nothing listens at the ingress any more; return how the last request ended."""
        return knock_until_refused(self.mesh.gateway.url)

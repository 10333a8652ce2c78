"""The namespace under test as a value: where it is, how it is observed, and how far it has come.

Nothing here changes it: canary_conformance.stages.stage_runner advances it, a stage at a time. What a
scenario requires beyond the steps of its stages is a ScenarioRules, implemented above (voting.stage_rules).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.cluster.pod_readiness import Diagnosis
from canary_conformance.mesh.base import Mesh
from canary_conformance.mesh.istioctl import analyze
from canary_conformance.mesh.propagation import Sentinel
from canary_conformance.mesh.proxies import Proxies, proxied_pods
from canary_conformance.mesh.running_components import ProxyVersions
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.scenario.observations import Call, Opening, Page, Reply, Sample, Transition
from canary_conformance.scenario.requirement import BrokenRequirements
from canary_conformance.scenario.stages import Delete, ObjectRef, Scenario
from canary_conformance.stages.analyzed_objects import analyzed_objects
from canary_conformance.stages.closed_ingress import INGRESS, knock_until_closed, ways_in
from canary_conformance.stages.cluster_snapshot import held_beside, remains
from canary_conformance.stages.disturbances import Watch
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.observation_cache import Taken
from canary_conformance.stages.running_workloads import Workload, workloads
from canary_conformance.traffic.callers import Callers
from canary_conformance.traffic.voter import Voter

Value = TypeVar("Value")

PLAINTEXT = "plaintext"


@dataclass(frozen=True, slots=True)
class StageRules:
    """What a scenario requires of a stage beyond its steps.

    Attributes:
        calls_from_pods: Tests call from inside pods there.
        refuses_plaintext: Plaintext is refused once it is entered.
        controls_plaintext: Plaintext is tried before it is entered, as the positive control.
    """

    calls_from_pods: bool = False
    refuses_plaintext: bool = False
    controls_plaintext: bool = False


class ScenarioRules(Protocol):
    """What the runner asks of a scenario: its voters, its samples in transitions, what a failure breaks."""

    @property
    def broken(self) -> BrokenRequirements:
        """Which requirement breaks by what goes wrong in a stage."""

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        """What each continuous voter votes for in turn during a transition, by its name."""

    def of_stage(self, number: int) -> StageRules:
        """Return what is required of a stage beyond its steps."""

    def callers(self, pods: Iterable[Workload]) -> Sequence[PodName]:
        """Return the pods from which tests call: one of each component and version that calls others."""

    def voters(self, voter: Voter) -> Mapping[str, Voter]:
        """Return the voters of the continuous traffic, each by its name, made from one without a cookie."""

    def pages_before(self, namespace: NamespaceUnderTest, number: int) -> Sample[Page]:
        """Prepare the transition into a stage, and return the pages opened before it, if any.

        It may write: cast the votes that the stage is to keep.
        """

    def sample_beside(self, namespace: NamespaceUnderTest, step: Delete, number: int) -> None:
        """Begin the samples that are taken while a step of a stage deletes objects."""

    def diagnosis(self, namespace: NamespaceUnderTest, refs: Sequence[ObjectRef], number: int) -> Diagnosis:
        """Return what finds out why the pods of objects of a stage don't get ready."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the namespace is observed and called through."""

    proxies: Proxies
    callers: Callers
    sentinel: Sentinel
    progress: Progress
    watch: Watch
    versions: ProxyVersions


@dataclass(slots=True)
class Reached:
    """How far a namespace has come. Only the runner, and a move of the mesh, write it.

    Attributes:
        stage: The stage that was entered last, 0 before any was.
        settled: Whether it is at its stage, not in a transition.
        propagated_at: The monotonic time at which its stage's configuration had propagated, 0 before any had.
        opened: Whether the scenario's first Gateway was applied, and the suite's with it.
        transitions: What was seen while each stage was entered, by its number.
        endpoints: The ready ones at the last look.
        mesh: The mesh that it was moved into, None for that of its setting.
        silences: By stage, what voters asked in vain: see canary_conformance.traffic.voter.
    """

    stage: int = 0
    settled: bool = True
    propagated_at: float = 0.0
    opened: bool = False
    transitions: dict[int, Transition] = field(default_factory=dict)
    endpoints: frozenset[tuple[str, str]] = frozenset()
    mesh: Mesh | None = None
    silences: dict[int, dict[tuple[str, str], str]] = field(default_factory=dict)


@dataclass(frozen=True)
class NamespaceUnderTest:
    """The scenario in its namespace, made by canary_conformance.stages.namespace_creation.

    Attributes:
        cluster: Where it is.
        setting: Its scenario, manifests, mesh and application.
        rules: What the scenario requires beyond its steps.
        parts: What it is observed and called through.
        judged: The ids of the requirements whose samples a transition may begin.
        unopened: How the ingress answered before it was made, in a cluster that others use; else None.
        found_at: The stage at which the last run left it, where it is reused; else 0.
        before: What the cluster held before it was made.
        reached: How far it has come.
        taken: The observations, each taken once.
    """

    cluster: Cluster
    setting: Setting
    rules: ScenarioRules
    parts: Parts
    judged: frozenset[str] = frozenset()
    found_at: int = 0
    before: frozenset[str] = frozenset()
    unopened: Reply | None = None
    reached: Reached = field(default_factory=Reached)
    taken: Taken = field(default_factory=Taken)

    @property
    def stage(self) -> int:
        """The stage that was entered last, 0 before any was."""
        return self.reached.stage

    @property
    def live_at(self) -> float:
        """The monotonic time at which the configuration of its stage had propagated."""
        return self.reached.propagated_at

    @property
    def transitions(self) -> Mapping[int, Transition]:
        """What was seen while each stage was entered, by its number."""
        return self.reached.transitions

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
        """What proves that a change has propagated."""
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
        """The scenario, under this namespace's name."""
        return self.setting.scenario

    @property
    def manifests(self) -> ManifestFolder:
        """What is applied: the files as they are written, where the namespace is alone on its cluster."""
        return self.setting.manifests

    @property
    def mesh(self) -> Mesh:
        """The mesh, by this namespace's ingress gateway."""
        return self.reached.mesh or self.setting.mesh

    @property
    def outside(self) -> PodName:
        """The pod that has no sidecar."""
        return PodName(self.setting.suite_namespace, "outside")

    @property
    def name(self) -> str:
        """The namespace's name."""
        return self.scenario.namespace

    @property
    def voter(self) -> Voter:
        """A voter without a cookie, at the ingress gateway."""
        return Voter(
            self.mesh.gateway.url,
            flag=self.setting.application.canary_cookie,
            progress=self.progress,
            when_unanswered=self.watch.check,
            silences=self.reached.silences.setdefault(self.stage, {}),
        )

    def once(self, name: str, take: Callable[[], Value]) -> Value:
        """Return what was taken under this name at this stage; it is taken once, for several tests."""
        return self.taken.once(f"{self.stage} {name}", take)

    def begin(self, name: str, take: Callable[[], object]) -> None:
        """Begin to take at this stage, beside what follows, what once() is going to be asked for."""
        self.taken.begin(f"{self.stage} {name}", take)

    def begun(self, name: str) -> bool:
        """Return whether something is taken at this stage, or begun."""
        return self.taken.begun(f"{self.stage} {name}")

    def workloads(self, app: str = "", version: str = "") -> list[Workload]:
        """Return the application's pods, all or those of one component and version, as they are now."""
        services = self.api.list("v1", "Service", self.name)
        found = workloads(self.setting.application, self.api.list("v1", "Pod", self.name), services)
        return [w for w in found if app in {"", w.app} and version in {"", w.version}]

    def proxied(self) -> list[PodName]:
        """Return every pod of the scenario and of the mesh that runs Istio's proxy now."""
        pods = [*self.api.list("v1", "Pod", self.name)]
        pods += self.api.list("v1", "Pod", self.mesh.gateway.namespace, self.mesh.gateway.pod_labels)
        return proxied_pods(pods)

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

    def pages_of(self, transition: Transition, voter: str) -> Sample[Page]:
        """Return every page of a continuous voter during a transition."""
        pages = transition.pages.get(voter, ())
        return Sample(pages, f"{len(pages)} pages of the {voter} while stage {transition.stage} was entered")

    def analyze(self) -> list[str]:
        """Return what `istioctl analyze` finds in the scenario's namespace."""
        objects = analyzed_objects(self.api, self.setting) if self.setting.shared else None
        return analyze(self.cluster, self.mesh.istioctl, self.name, self.mesh.root_namespace, objects)

    def snapshot(self) -> frozenset[str]:
        """Return what the cluster holds now beside the run."""
        return held_beside(self.api, self.setting)

    def left_behind(self) -> list[str]:
        """Return what there still is of the scenario, in its namespace and of the cluster."""
        return remains(self.api, self.setting)

    def ingress_closed(self) -> Mapping[str, str]:
        """Wait until nothing of the scenario answers at the ingress; return how the last request ended."""
        last = knock_until_closed(self.mesh.gateway, self.cluster, self.unopened)
        return ways_in({INGRESS: last})

"""The pods that Deployments, StatefulSets and DaemonSets make: labels, ports, settings, sidecar, readiness.

A pod that needs what isn't there (a Secret, a claim) never gets ready, so its workload counts none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import POD_MAKERS, InForce, State
from canary_conformance.model.pods.container_environment import EnvVar, unset
from canary_conformance.model.pods.hindrances import hindrances
from canary_conformance.model.pods.injection import (
    Capture,
    bypass_of,
    capture_of,
    is_plain_by_label,
    ports_past,
)
from canary_conformance.model.pods.name_resolution import unresolved_names
from canary_conformance.model.pods.peer_authentication import Policies
from canary_conformance.model.pods.pod_needs import NEEDED, account_of
from canary_conformance.model.pods.pod_template import PodTemplate, pod_template
from canary_conformance.model.pods.probes import DirectProbes, direct_probes, refused
from canary_conformance.model.pods.readiness import crowded, never_ready
from canary_conformance.model.pods.scaling import scaled
from canary_conformance.scenario.application import Application
from canary_conformance.scenario.places import Finding, Place

_DAEMONS, _STATEFUL = "DaemonSet", "StatefulSet"
# What decides how many pods there are, and whether Istio injects, beside their own maker.
DECIDING = frozenset({"HorizontalPodAutoscaler", "Namespace"})
# Each pod is counted by itself; a node of kind takes 110.
_MOST_PODS = 1000


@dataclass(frozen=True, slots=True)
class Workload:
    """The pods of one Deployment, StatefulSet or DaemonSet; str is "voting-app 1.0", by the pods' labels.

    `ready` is how many are ready to serve; `blocked` says why it is not all of them, or none. `ports` are the
    containers' ports with their names, "" for one without. `listens` are the ports at which anything in the
    pod listens by the application's contract, None when the contract does not say. `sidecar`: whether Istio
    injects a proxy; `inbound` is which ports it guards, `past` the ports at which what the pod sends passes
    it by, `bypass` why all of it does. `no_dns` is why names of Services don't resolve. `env` are the
    variables of its component, `unset` those that it names and doesn't get. `direct` are the probes that
    the kubelet sends to the pod's ports. `doubts` keep the model from knowing whether pods get ready;
    `problems` are all that it can't understand, `hindrances` what may keep its containers from running, on
    which no answer hangs. `stranger` is why the pods are not the component
    whose labels they carry; they go by their workload's name then. `unawaited` is why nobody waits for new
    pods that are not ready yet.
    """

    deployment: str
    namespace: str
    labels: Mapping[str, str] = field(hash=False)
    replicas: int
    ready: int
    blocked: tuple[Finding, ...]
    sidecar: bool
    inbound: Capture
    past: Mapping[int, Rule] = field(hash=False)
    bypass: Rule | None
    no_dns: Rule | None
    plain_by_label: bool
    ports: tuple[tuple[str, int], ...]
    listens: frozenset[int] | None
    env: Mapping[str, EnvVar] = field(hash=False)
    unset: Mapping[str, Rule] = field(hash=False)
    direct: DirectProbes | None = field(compare=False, repr=False)
    place: Place
    doubts: tuple[Rule, ...]
    problems: tuple[Rule, ...]
    hindrances: tuple[Rule, ...]
    account: str
    stranger: Rule | None
    unawaited: Finding | None = None

    @property
    def app(self) -> str:
        """The pods' label app."""
        return self.labels.get("app", "")

    @property
    def version(self) -> str:
        """The pods' label version."""
        return self.labels.get("version", "")

    def __str__(self) -> str:
        labelled = f"{self.app} {self.version}"
        return f"{self.deployment} (labelled {labelled})" if self.stranger else labelled

    @property
    def open_ports(self) -> tuple[int, ...]:
        """The numbers of every port that the pod declares or listens at."""
        return tuple(sorted({number for _, number in self.ports} | (self.listens or frozenset())))

    def port_called(self, name: str) -> int | None:
        """Return the container port of a name, None when no container has one."""
        return next((number for called, number in self.ports if called == name), None)

    def listens_at(self, port: int) -> bool:
        """Return whether something listens at a port; what the contract leaves open is believed."""
        return self.listens is None or port in self.listens

    def guards(self, port: int) -> bool:
        """Return whether a sidecar stands before this port."""
        return self.sidecar and port in self.inbound


def workloads(state: State, policies: Policies) -> tuple[Workload, ...]:
    """Return the workloads of a state, the oldest first, as their pods are at this moment."""
    needs = [one for key, one in state.objects.items() if key.kind in NEEDED | DECIDING]
    needs += state.collected.values()
    found = []
    for key, one in state.objects.items():
        if key.kind not in POD_MAKERS:
            continue
        before = state.rolling.get(key)
        pods = before or one
        workload = state.once("pods", partial(_workload, state=state), pods, *needs)
        if key in state.rolling:
            left = 0 if before is None else _left(one, workload.ready)
            workload = replace(workload, ready=left, unawaited=state.unawaited.get(key))
        found.append(_now(workload, policies) if workload.direct else workload)
    return tuple(
        replace(one, stranger=one.stranger or _second(state.application, one, found)) for one in found
    )


def _second(application: Application, workload: Workload, every: Sequence[Workload]) -> Rule | None:
    """Return that a workload shares a component's labels with the one that the contract names so."""
    named = f"{workload.app}-{workload.version.replace('.', '-')}"
    if application.named(workload.deployment) or all(one.deployment != named for one in every):
        return None
    what = f"the pods of {workload.deployment} carry the labels of {workload}, as those of {named} do"
    return Rule(workload.place, what)


def _other_image(pods: PodTemplate) -> Rule | None:
    """Return that pods with a component's labels run another component's image."""
    if not pods.component or pods.image_component in {"", pods.component}:
        return None
    what = f"the pods of {pods.name} carry the labels of {pods.component}, and run {pods.own['image'].value}"
    return pods.own["image"].rule(what)


def _left(one: InForce, ready: int) -> int:
    """Return how many old pods are ready while new ones take their place.

    Source: Kubernetes, "Deployments" (strategy), "StatefulSets" and "DaemonSet" (rolling updates: a pod ends
    before the one in its place starts, one at a time).
    """
    spec = Part.whole(one.manifest)["spec"]
    if one.key.kind in {_STATEFUL, _DAEMONS}:
        return max(0, ready - 1)
    strategy = spec["strategy"]
    if strategy["type"].value == "Recreate":
        return 0
    return max(0, ready - _unavailable(strategy["rollingUpdate"]["maxUnavailable"], ready))


def _unavailable(part: Part, pods: int) -> int:
    """Return how many of the pods may be missing while others take their place; a share is rounded down.

    Source: Kubernetes, "Deployments" (max unavailable, 25 % by default).
    """
    value = part.value
    if isinstance(value, int) and not isinstance(value, bool):
        return max(0, value)
    share = value.removesuffix("%") if isinstance(value, str) else "25"
    return pods * int(share) // 100 if share.isascii() and share.isdigit() and len(share) <= 3 else pods


def _workload(one: InForce, state: State) -> Workload:
    pods = pod_template(one, state)
    known = len(pods.whole.problems)
    replicas = _replicas(pods, state)
    blocked = never_ready(pods, state)
    crowd = None if blocked else crowded(pods, replicas, state)
    return Workload(
        deployment=pods.name,
        namespace=one.key.namespace,
        labels=pods.labels,
        replicas=replicas,
        ready=0 if blocked else max(0, min(replicas, _MOST_PODS, crowd.room if crowd else replicas)),
        blocked=(*blocked, crowd.finding) if crowd else blocked,
        sidecar=pods.sidecar,
        inbound=capture_of(pods.annotations),
        past=ports_past(pods.annotations),
        bypass=bypass_of(pods.own, pods.spec) if pods.sidecar else None,
        no_dns=unresolved_names(pods.spec, state.names_of("Service")),
        plain_by_label=is_plain_by_label(pods.labels),
        ports=tuple(_port(port) for part in pods.running for port in part["ports"].items()),
        listens=pods.listens,
        env=pods.env,
        unset=unset(pods.own, state),
        direct=direct_probes(pods),
        place=pods.whole.place,
        doubts=tuple(pods.whole.problems[known:]),
        problems=tuple(pods.whole.problems),
        hindrances=hindrances(pods, replicas),
        account=account_of(pods.spec).text() or "default",
        stranger=_other_image(pods),
    )


def _replicas(pods: PodTemplate, state: State) -> int:
    if pods.maker.key.kind != _DAEMONS:
        return scaled(pods.whole.at("spec", "replicas").number(1) or 0, pods.maker.key, state)
    nodes = state.mesh.cluster.nodes
    if nodes is None:
        pods.spec.problem("how many nodes there are, and so pods, is not in the manifests")
    return nodes or 1


def _now(workload: Workload, policies: Policies) -> Workload:
    """Return a workload as its kubelet sees it: not ready while the policies refuse its probes."""
    assert workload.direct is not None
    guarded = frozenset(one.port for one in workload.direct.probes if workload.guards(one.port))
    found = tuple(refused(workload.direct, policies, workload.namespace, workload.labels, guarded))
    return replace(workload, ready=0, blocked=(*workload.blocked, *found)) if found else workload


def _port(port: Part) -> tuple[str, int]:
    return port["name"].text(), port["containerPort"].number(0) or 0

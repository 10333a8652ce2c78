"""The namespace under test, made or reused at the beginning; removed or left for the next run at the end.

A Sidecar shows its pods the Services and routes of some namespaces only (Istio, "Sidecar", egress.hosts). One
that shows the pods' own namespace and the mesh's, as Istio's performance advice has it, hides the suite's: so
the sentinel lives where the proxies of every pod know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.image_probe import probe_images
from canary_conformance.cluster.machine_pressure import machine_watch_of
from canary_conformance.images.cluster_images import used_images
from canary_conformance.mesh.propagation import KINDS_WITH_TOKEN, Sentinel, host_of_sentinel
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.mesh.running_components import ProxyVersions
from canary_conformance.model.objects.host_names import is_wild
from canary_conformance.model.objects.state import State
from canary_conformance.model.routing.sidecars import SIDECAR, Sidecar, Sidecars
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.stages.closed_ingress import knock
from canary_conformance.stages.cluster_objects import (
    check_not_others,
    delete_all,
    objects_of_cluster,
    wait_until_gone,
)
from canary_conformance.stages.disturbances import watch_of
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest, Parts, Reached, ScenarioRules
from canary_conformance.stages.owned_namespaces import apply_namespace, remove_namespaces
from canary_conformance.stages.reuse import Unusable, reusable, write_down
from canary_conformance.stages.stage_runner import StageRunner
from canary_conformance.traffic.callers import Callers


@contextmanager
def namespace_under_test(
    cluster: Cluster,
    setting: Setting,
    rules: ScenarioRules,
    caller_image: str,
    progress: Progress,
    watched: frozenset[int],
    *,
    tidy: bool,
    judged: frozenset[str] = frozenset(),
    reuse: Sequence[int] = (),
) -> Iterator[StageRunner]:
    """Yield the runner of a namespace at stage 0, or at that of the last run.

    A namespace of the same name that another run of this suite left behind is removed, unless it is reused.

    Args:
        cluster: Where it is made.
        setting: Its scenario, manifests, mesh and application.
        rules: What the scenario requires beyond its steps.
        caller_image: The image of the callers, present in the nodes.
        progress: What reports how far the run is.
        watched: The stages whose transition is judged.
        tidy: Whether the namespace is removed at the end (it goes with a cluster that goes).
        judged: The requirements whose samples a transition may begin.
        reuse: The stages to be judged, where the namespace of the last run may be reused and this one is
            left for the next; empty where it may not.

    Raises:
        BadInput: A namespace of its name belongs to somebody else.
        EnvironmentFailed: A namespace of its name can't be removed.
    """
    api = cluster.api
    proxies = Proxies(api)
    kinds = kinds_with_token(setting.manifests)
    selector, home = dict(setting.mesh.gateway.selector), namespace_shown_to_all(setting)
    sentinel = Sentinel(api, setting.suite_namespace, selector, proxies, kinds, home)
    machine = machine_watch_of(cluster)
    watch = watch_of(cluster, setting.mesh, setting.scenario.namespace, machine, setting.lease)
    callers = (
        Callers(api, setting.images.reference(caller_image), setting.images.pull_secrets())
        if setting.images
        else Callers(api, caller_image)
    )
    parts = Parts(proxies, callers, sentinel, progress, watch, ProxyVersions(proxies))
    made = NamespaceUnderTest(cluster, setting, rules, parts, judged)
    runner = _reused(made, watched, reuse) if reuse else None
    if runner is None:
        runner = StageRunner(_created(made), watched)
    made = runner.namespace
    try:
        machine.start()
        watch.note()
        yield runner
        if reuse and made.reached.settled and made.reached.opened:
            # What was begun is part of what is left.
            made.taken.settle()
            write_down(api, setting, made.stage, made.before)
    finally:
        machine.stop()
        proxies.close()
        if tidy:
            _remove(api, setting, progress)


def _created(namespace: NamespaceUnderTest) -> NamespaceUnderTest:
    """Return the namespace with what the cluster holds before it; what the last run left is removed."""
    api, setting, suite = namespace.api, namespace.setting, namespace.setting.suite_namespace
    unopened = None
    if setting.shared:
        unopened = knock(setting.mesh.gateway.url)
    else:
        check_not_others(api, objects_of_cluster(api, setting.manifests), suite)
        _remove(api, setting, namespace.progress)
    before = namespace.snapshot()
    apply_namespace(api, suite, {"istio-injection": "disabled", **setting.label})
    _check_images(namespace)
    namespace.callers.make_outside_pod(namespace.outside)
    return replace(namespace, before=before, unopened=unopened)


def _check_images(namespace: NamespaceUnderTest) -> None:
    """Have a node of somebody's cluster pull all images. Raises what probe_images() does."""
    api, setting, images = namespace.api, namespace.setting, namespace.setting.images
    if images is None:
        return
    if images.pull_secret:
        api.apply(images.pull_secret.body(), setting.suite_namespace)
    probe_images(api, setting.suite_namespace, images, used_images(setting.manifests), namespace.progress)


def _remove(api: Api, setting: Setting, progress: Progress) -> None:
    """Remove what a run of ours left: its namespaces, and the scenario's objects of the cluster."""
    of_cluster = objects_of_cluster(api, setting.manifests)
    delete_all(api, of_cluster, setting.suite_namespace)
    remove_namespaces(api, setting.namespaces, progress)
    wait_until_gone(api, of_cluster, setting.suite_namespace)


def _reused(
    namespace: NamespaceUnderTest, watched: frozenset[int], judged: Sequence[int]
) -> StageRunner | None:
    """Return the runner of the last run's namespace; None, with a note, where it can't be reused."""
    try:
        left, changes = reusable(namespace.api, namespace.setting, judged)
    except Unusable as why:
        namespace.progress.note(f"the namespace of the last run is not reused: {why}")
        return None
    reached = Reached(stage=left.stage, opened=True)
    found = replace(namespace, found_at=left.stage, before=frozenset(left.before), reached=reached)
    return StageRunner(found, watched, changes)


def namespace_shown_to_all(setting: Setting) -> str:
    """Return the first namespace of a run whose objects no Sidecar of the manifests hides from its pods.

    The suite's own comes first. It is returned as well where both are hidden: then no change can be proved to
    have propagated, and the run says so.
    """
    scenario = setting.scenario
    state = State(scenario.namespace, application=setting.application)
    sidecars: list[Sidecar] = []
    # Each version of a Sidecar counts, whatever stage applies it.
    for manifest in setting.manifests.objects:
        if manifest.ref.kind == SIDECAR:
            sidecars += Sidecars(state.apply(manifest), setting.mesh.root_namespace).all
    host = host_of_sentinel(setting.suite_namespace)
    for namespace in (setting.suite_namespace, scenario.namespace):
        if all(one.shows(host, namespace, scenario.namespace, ()) for one in sidecars):
            return namespace
    return setting.suite_namespace


def kinds_with_token(manifests: ManifestFolder) -> frozenset[str]:
    """Return the kinds whose tokens every proxy shows, whatever the manifests have: see Sentinel."""
    specs = [one.body.get("spec") for one in manifests.objects if one.ref.kind == "DestinationRule"]
    # A spec that is no map is for the API server to refuse (R0.1).
    wild = any(is_wild(str(spec.get("host", ""))) for spec in specs if isinstance(spec, Mapping))
    return KINDS_WITH_TOKEN - {"DestinationRule"} if wild else KINDS_WITH_TOKEN

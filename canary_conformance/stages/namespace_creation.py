"""The namespace under test, made or reused at the beginning; removed or left for the next run at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.kind import Cluster
from canary_conformance.cluster.machine_counters import machine_watch_of
from canary_conformance.mesh.propagation import KINDS_WITH_TOKEN, Sentinel
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.mesh.running_components import ProxyVersions
from canary_conformance.model.objects.host_names import is_wild
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.stages.cluster_objects import (
    check_not_others,
    delete_all,
    objects_of_cluster,
    wait_until_gone,
)
from canary_conformance.stages.cluster_snapshot import snapshot
from canary_conformance.stages.disturbances import watch_of
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest, Parts
from canary_conformance.stages.owned_namespaces import OURS, remove_namespaces
from canary_conformance.stages.reuse import Unusable, take_over, write_down
from canary_conformance.stages.sentinel_placement import namespace_shown_to_all
from canary_conformance.traffic.callers import Callers


@contextmanager
def namespace_under_test(
    cluster: Cluster,
    setting: Setting,
    caller_image: str,
    progress: Progress,
    walked: frozenset[int],
    *,
    tidy: bool,
    reuse: Sequence[int] = (),
) -> Iterator[NamespaceUnderTest]:
    """Yield a namespace at stage 0; tidy: remove it at the end (it goes with a cluster that goes).

    walked: the stages whose transition is judged. reuse: the stages to be judged, where the namespace of the
    last run may be reused, and this one is left for the next. A namespace of these names that a run of
    ours left behind is removed otherwise. Raises BadInput when one of them is somebody else's,
    EnvironmentFailed when it can't be removed.
    """
    api = cluster.api
    proxies = Proxies(api)
    kinds = kinds_with_token(setting.manifests)
    selector, home = setting.mesh.gateway.selector, namespace_shown_to_all(setting)
    sentinel = Sentinel(api, setting.suite_namespace, selector, proxies, kinds, home)
    machine = machine_watch_of(cluster.name)
    watch = watch_of(cluster, setting.scenario.namespace, machine)
    callers = Callers(api, caller_image)
    parts = Parts(proxies, callers, sentinel, progress, watch, ProxyVersions(proxies))
    made = _left_namespace(cluster, setting, parts, walked, reuse) if reuse else None
    if made is None:
        made = _new_namespace(cluster, setting, parts, walked)
    try:
        machine.start()
        watch.note()
        yield made
        if reuse and made.settled and made.opened:
            # What was begun is part of what is left.
            made.taken.settle()
            write_down(api, setting, made.stage, made.before)
    finally:
        machine.stop()
        proxies.close()
        if tidy:
            _remove(api, setting, progress)


def kinds_with_token(manifests: ManifestFolder) -> frozenset[str]:
    """Return the kinds whose tokens every proxy shows, whatever the manifests have: see Sentinel."""
    specs = [one.body.get("spec") for one in manifests.objects if one.ref.kind == "DestinationRule"]
    # A spec that is no map is for the API server to refuse (R0.1).
    wild = any(is_wild(str(spec.get("host", ""))) for spec in specs if isinstance(spec, Mapping))
    return KINDS_WITH_TOKEN - {"DestinationRule"} if wild else KINDS_WITH_TOKEN


def _new_namespace(
    cluster: Cluster, setting: Setting, parts: Parts, walked: frozenset[int]
) -> NamespaceUnderTest:
    api, suite = cluster.api, setting.suite_namespace
    check_not_others(api, objects_of_cluster(api, setting.manifests))
    _remove(api, setting, parts.progress)
    before = snapshot(api, setting.namespaces, setting.others)
    metadata = {"name": suite, "annotations": OURS, "labels": {"istio-injection": "disabled"}}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, None)
    made = NamespaceUnderTest(cluster, setting, parts, walked, before=before)
    parts.callers.make_outside_pod(made.outside)
    return made


def _remove(api: Api, setting: Setting, progress: Progress) -> None:
    """Remove what a run of ours left: its namespaces, and the scenario's objects of the cluster."""
    of_cluster = objects_of_cluster(api, setting.manifests)
    delete_all(api, of_cluster)
    remove_namespaces(api, setting.namespaces, progress)
    wait_until_gone(api, of_cluster)


def _left_namespace(
    cluster: Cluster, setting: Setting, parts: Parts, walked: frozenset[int], judged: Sequence[int]
) -> NamespaceUnderTest | None:
    """Return the namespace that the last run left; None where it can't be taken over, and say why."""
    try:
        left, changes = take_over(cluster.api, setting, judged)
    except Unusable as why:
        parts.progress.note(f"the namespace of the last run is not reused: {why}")
        return None
    before = frozenset(left.before)
    return NamespaceUnderTest(
        cluster,
        setting,
        parts,
        walked,
        stage=left.stage,
        found_at=left.stage,
        to_do=changes,
        opened=True,
        before=before,
    )

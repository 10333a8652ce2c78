"""A namespace that was left: what makes it usable, what is applied to it, when its pods start anew."""

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.reuse import (
    Left,
    Unusable,
    changes_of,
    held,
    left_from,
    manifests_in_force,
    reusable,
    write_down,
)
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.manifest_files import LAST, ROUTING

NAMESPACE, SUITE = "voting", "voting-conformance"


def kept(kind: str, name: str, namespace: str = "", **fields: Any) -> tuple[str, dict[str, Any]]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return kind, {"metadata": metadata, **fields}


class Cluster:
    """An API server that holds objects by kind, and takes no notice of anything else."""

    def __init__(self) -> None:
        self.objects = [
            kept("Namespace", NAMESPACE),
            kept("Namespace", SUITE),
            kept("VirtualService", "voting-app", NAMESPACE, spec={"hosts": ["*"]}),
            kept("Service", "istio-ingressgateway", "istio-system", spec={"ports": []}),
        ]
        self.pods: list[dict[str, Any]] = []

    def kinds(self) -> list[tuple[str, str, bool]]:
        return [("v1", kind, True) for kind in sorted({kind for kind, _ in self.objects})]

    def list(self, _version: str, kind: str, _namespace: str | None = None) -> list[dict[str, Any]]:
        if kind == "Pod":
            return self.pods
        return [item for one, item in copy.deepcopy(self.objects) if one == kind]

    def get(self, _version: str, kind: str, name: str, _namespace: str) -> dict[str, Any] | None:
        found = (item for one, item in self.objects if (one, item["metadata"]["name"]) == (kind, name))
        return next(found, None)

    def apply(self, body: dict[str, Any], _namespace: str) -> None:
        self.objects.append((body["kind"], body))

    def delete(self, _version: str, kind: str, name: str, _namespace: str) -> None:
        self.objects = [o for o in self.objects if (o[0], o[1]["metadata"]["name"]) != (kind, name)]


@pytest.fixture
def setting() -> Setting:
    scenario = load_scenario(MANIFESTS)
    mesh = SimpleNamespace(gateway=SimpleNamespace(selector={"istio": "ingressgateway"}))
    return Setting(scenario, load_manifests(MANIFESTS, scenario), cast(Any, mesh), VOTING_APP)


@pytest.fixture
def cluster(setting: Setting) -> Cluster:
    """A cluster in which a namespace was left at stage 4."""
    cluster = Cluster()
    _, elsewhere = held(cast(Any, cluster), setting)
    write_down(cast(Any, cluster), setting, 4, elsewhere)
    return cluster


def left_at(setting: Setting, stage: int) -> Left:
    cluster = Cluster()
    write_down(cast(Any, cluster), setting, stage, ())
    return left_from(cluster.objects[-1][1]["data"]["namespace"])


def changed(setting: Setting, file: str, ref: str, change: Any) -> Setting:
    """Return the setting with one object of a file changed, or without it where the change says so."""
    found = []
    for manifest in setting.manifests.files[file]:
        body = copy.deepcopy(dict(manifest.body))
        if str(manifest.ref) == ref:
            if change is None:
                continue
            change(body)
        found.append(replace(manifest, body=body))
    files = {**setting.manifests.files, file: tuple(found)}
    return replace(setting, manifests=ManifestFolder(setting.manifests.root, files))


def test_in_force_is_what_the_last_file_says_in_the_order_of_their_first(setting: Setting) -> None:
    found = manifests_in_force(setting, 4)
    assert found[ObjectRef("VirtualService", "voting-app")].place.file == ROUTING
    assert next(iter(found)) == ObjectRef("Deployment", "voting-storage-1-0")


def test_what_a_stage_deletes_is_not_in_force(setting: Setting) -> None:
    deployments = {ref.name for ref in manifests_in_force(setting, 5) if ref.kind == "Deployment"}
    assert deployments == {"voting-app-2-0", "voting-analytics-2-0", "voting-storage-2-0"}


def test_the_same_manifests_change_nothing(cluster: Cluster, setting: Setting) -> None:
    left, changes = reusable(cast(Any, cluster), setting, [4])
    assert (left.stage, str(changes)) == (4, "nothing changed")


def test_what_is_taken_over_is_not_written_down_any_more(cluster: Cluster, setting: Setting) -> None:
    reusable(cast(Any, cluster), setting, [4])
    with pytest.raises(Unusable, match="no run left one"):
        reusable(cast(Any, cluster), setting, [4])


def test_a_changed_route_of_http_is_applied_alone_and_pods_stay(setting: Setting) -> None:
    def change(body: dict[str, Any]) -> None:
        body["spec"]["http"][0]["match"][0]["headers"]["cookie"]["regex"] = "featureflag=on"

    now = changed(setting, ROUTING, "VirtualService/voting-app", change)
    changes = changes_of(left_at(setting, 4), now)
    assert [str(one.ref) for one in changes.apply] == ["VirtualService/voting-app"]
    assert not changes.new_pods
    assert changes.kinds == {"VirtualService"}


def test_a_change_that_a_later_file_overrides_is_none(setting: Setting) -> None:
    file = "istio/step-1-create-voting-app-gateway.yaml"
    now = changed(setting, file, "VirtualService/voting-app", lambda body: body["spec"].update(hosts=["x"]))
    assert not changes_of(left_at(setting, 4), now).apply


@pytest.mark.parametrize(
    ("file", "ref"),
    [
        (ROUTING, "VirtualService/voting-storage"),
        (ROUTING, "DestinationRule/voting-storage"),
        ("istio/step-2-update-and-add-routing-for-all-components.yaml", "PeerAuthentication/default"),
        (LAST, "Service/voting-storage"),
    ],
)
def test_what_kept_connections_outlive_makes_pods_start_anew(setting: Setting, file: str, ref: str) -> None:
    now = changed(setting, file, ref, lambda body: body["spec"].update(exportTo=["*"]))
    changes = changes_of(left_at(setting, 4), now)
    assert [str(one.ref) for one in changes.apply] == [ref]
    assert changes.new_pods
    assert changes.kinds == {ref.partition("/")[0], "Pod"}


def test_a_route_of_tcp_that_became_one_of_http_makes_pods_start_anew(setting: Setting) -> None:
    def change(body: dict[str, Any]) -> None:
        body["spec"] = {"hosts": ["voting-storage"], "http": [{"route": []}]}

    now = changed(setting, ROUTING, "VirtualService/voting-storage", change)
    assert changes_of(left_at(setting, 4), now).new_pods


def test_an_object_that_is_gone_is_deleted(setting: Setting) -> None:
    file = "istio/step-2-update-and-add-routing-for-all-components.yaml"
    changes = changes_of(left_at(setting, 4), changed(setting, file, "PeerAuthentication/default", None))
    assert changes.delete == (ObjectRef("PeerAuthentication", "default"),)
    assert changes.new_pods


@pytest.mark.parametrize("ref", ["Secret/voting-storage-secret", "PersistentVolumeClaim/mysql-pv-claim"])
def test_what_pods_read_when_they_start_needs_a_new_namespace(setting: Setting, ref: str) -> None:
    now = changed(setting, LAST, ref, lambda body: body["metadata"].update(labels={"a": "b"}))
    with pytest.raises(Unusable, match=ref):
        changes_of(left_at(setting, 4), now)


def test_a_deployment_that_is_gone_needs_a_new_namespace(setting: Setting) -> None:
    with pytest.raises(Unusable, match="voting-app-2-0 is gone"):
        changes_of(left_at(setting, 4), changed(setting, LAST, "Deployment/voting-app-2-0", None))


def test_a_namespace_never_goes_back(cluster: Cluster, setting: Setting) -> None:
    with pytest.raises(Unusable, match="at stage 4 already, and the first to be judged is 3"):
        reusable(cast(Any, cluster), setting, [3, 4])


def test_other_labels_of_the_namespace_need_a_new_namespace(cluster: Cluster, setting: Setting) -> None:
    other = replace(setting, scenario=replace(setting.scenario, namespace_labels={"istio-injection": "no"}))
    with pytest.raises(Unusable, match="labels changed"):
        reusable(cast(Any, cluster), other, [4])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda o: o[2][1]["spec"].update(hosts=["x"]), "VirtualService voting/voting-app changed in the"),
        (lambda o: o[2][1]["metadata"].update(annotations={"a": "b"}), "VirtualService voting/voting-app"),
        (lambda o: o[0][1]["metadata"].update(labels={"istio-injection": "disabled"}), "Namespace /voting"),
        (
            lambda o: o.append(kept("AuthorizationPolicy", "by-hand", NAMESPACE)),
            "AuthorizationPolicy voting/",
        ),
        (lambda o: o.append(kept("EnvoyFilter", "by-hand", "istio-system")), "EnvoyFilter istio-system/"),
        (lambda o: o.pop(2), "VirtualService voting/voting-app"),
    ],
    ids=["spec", "annotation", "namespace", "another", "elsewhere", "deleted"],
)
def test_what_was_changed_by_hand_is_not_trusted(
    cluster: Cluster, setting: Setting, change: Any, told: str
) -> None:
    change(cluster.objects)
    with pytest.raises(Unusable) as unusable:
        reusable(cast(Any, cluster), setting, [4])
    assert told in str(unusable.value)


def test_a_pod_that_no_deployment_made_is_not_trusted(cluster: Cluster, setting: Setting) -> None:
    cluster.pods = [{"metadata": {"name": "by-hand", "labels": {"app": "voting-app"}}}]
    with pytest.raises(Unusable, match="Pod by-hand belongs to no object"):
        reusable(cast(Any, cluster), setting, [4])


def test_what_can_not_be_read_is_not_trusted(cluster: Cluster, setting: Setting) -> None:
    cluster.objects[-1][1]["data"]["namespace"] = "{}"
    with pytest.raises(Unusable, match="can't be read"):
        reusable(cast(Any, cluster), setting, [4])

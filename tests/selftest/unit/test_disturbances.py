"""A disturbance is distinguished from what the scenario, the run and the cluster's controllers do."""

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.host_reach import HostReach
from canary_conformance.cluster.kind import KindCluster
from canary_conformance.cluster.nodes import KindNode
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.mesh.base import Mesh
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.disturbances import (
    Owned,
    Unanswered,
    Vitals,
    Wanted,
    Watch,
    disturbances,
    vitals,
)
from tests.selftest.support import Programs

APP, DB = ObjectRef("ReplicaSet", "app"), ObjectRef("StatefulSet", "db")
QUIET = Vitals(
    node="running since noon",
    pods={"istio-system/istiod-1": "uid-1, 0 restarts"},
    workloads={"app-1": Owned(APP, "a1"), "app-2": Owned(APP, "a2"), "db-0": Owned(DB, "d0")},
    wanted={APP: Wanted(1, 2), DB: Wanted(1, 1)},
)


def without(*names: str) -> dict[str, Owned]:
    return {name: pod for name, pod in QUIET.workloads.items() if name not in names}


def test_nothing_changed() -> None:
    assert disturbances(QUIET, QUIET) == []


@pytest.mark.parametrize(
    ("after", "disturbance"),
    [
        (replace(QUIET, node="running since one"),
         "the node was running since noon and is running since one"),
        (replace(QUIET, wrong=("the node is not Ready: gone",)), "the node is not Ready: gone"),
        (replace(QUIET, pods={}), "pod istio-system/istiod-1 was taken away"),
        (replace(QUIET, pods={"istio-system/istiod-1": "uid-1, 1 restarts"}),
         "pod istio-system/istiod-1 was restarted"),
        (replace(QUIET, workloads=without("app-1") | {"app-3": Owned(APP, "a3")}),
         "pod app-1 was taken away"),
        (
            replace(
                QUIET, workloads={**QUIET.workloads, "db-0": Owned(DB, "d0", "TerminationByKubelet: disk")}
            ),
            "pod db-0 was disrupted: TerminationByKubelet: disk",
        ),
        (replace(QUIET, workloads={**QUIET.workloads, "db-0": Owned(DB, "d1")}),
         "pod db-0 was replaced by another of its name"),
        (replace(QUIET, answered_in=12.0),
         "the API server took 12.0 s for a few short answers, and may take 10 s"),
    ],
)  # fmt: skip
def test_what_others_did(after: Vitals, disturbance: str) -> None:
    assert disturbances(QUIET, after) == [disturbance]


@pytest.mark.parametrize(
    "wanted",
    [
        {APP: Wanted(2, 1), DB: Wanted(1, 1)},  # scaled down, or a roll-out goes on
        {DB: Wanted(1, 1)},  # deleted
    ],
)
def test_what_a_deployment_does_with_its_own_pods(wanted: Mapping[ObjectRef, Wanted]) -> None:
    assert disturbances(QUIET, replace(QUIET, workloads=without("app-1", "app-2"), wanted=wanted)) == []


def test_a_pod_too_many_is_deleted_by_its_own_replica_set() -> None:
    before = replace(QUIET, wanted={APP: Wanted(1, 1), DB: Wanted(1, 1)})
    assert disturbances(before, replace(before, workloads=without("app-2"))) == []


def test_new_pods_and_what_the_run_takes_away_disturb_nothing() -> None:
    after = replace(
        QUIET, workloads=without("db-0") | {"db-0": Owned(DB, "d1")}, pods={**QUIET.pods, "kube-system/x": ""}
    )
    assert disturbances(QUIET, after, by_us={"d0"}) == []


def test_a_pod_that_is_replaced_once_more_than_the_run_did_is_a_disturbance() -> None:
    now, later = (
        replace(QUIET, workloads={**QUIET.workloads, "db-0": Owned(DB, uid)}) for uid in ("d1", "d2")
    )
    assert disturbances(now, later, by_us={"d0"}) == ["pod db-0 was replaced by another of its name"]


def test_what_a_stateful_set_still_replaces_by_itself() -> None:
    before = replace(QUIET, wanted={**QUIET.wanted, DB: Wanted(1, 1, settled=False)})
    after = replace(QUIET, workloads={**QUIET.workloads, "db-0": Owned(DB, "d1")})
    assert disturbances(before, after) == []


class Environment:
    """An environment that tests change."""

    def __init__(self) -> None:
        self.now: Vitals | str = QUIET
        self.disks: list[str] = []
        self.watch = Watch(self.look, lambda: self.disks)

    def look(self) -> Vitals:
        if isinstance(self.now, str):
            raise Unanswered(self.now)
        return self.now


def test_what_disturbed_an_earlier_stage_is_remembered() -> None:
    seen = Environment()
    seen.watch.note()
    seen.now = replace(QUIET, node="running since one")
    seen.watch.note()
    assert seen.watch.disturbance() == "the node was running since noon and is running since one"
    with pytest.raises(EnvironmentFailed, match="since noon"):
        seen.watch.check()


def test_before_the_first_look_nothing_is_known() -> None:
    seen = Environment()
    assert seen.watch.disturbance() == ""
    seen.watch.check()


def test_a_silent_server_and_a_full_disk_are_disturbances() -> None:
    seen = Environment()
    seen.watch.note()
    seen.now, seen.disks = "the node is lost", ["the disk is full"]
    assert seen.watch.disturbance() == "the node is lost; the disk is full"
    assert seen.watch.changes() == ["the node is lost"]


def test_the_run_s_own_restart_is_expected_until_the_next_stage() -> None:
    seen = Environment()
    seen.watch.note()
    seen.watch.expect_gone(["d0"])
    seen.now = replace(QUIET, workloads=without("db-0"))
    assert seen.watch.disturbance() == ""
    seen.watch.note()
    seen.now = replace(QUIET, workloads=without("db-0", "app-1"))
    assert seen.watch.disturbance() == "pod app-1 was taken away"


class Server:
    """An API server with these objects, or none at all."""

    def __init__(self, objects: Mapping[str, list[Mapping[str, Any]]] | None) -> None:
        self.objects = objects

    def list(self, _: str, kind: str, namespace: str = "", labels: str = "") -> list[Mapping[str, Any]]:
        if self.objects is None:
            raise ConnectionRefusedError("connection refused")
        found = [one for one in self.objects[kind] if one["metadata"].get("namespace", "") in {namespace, ""}]
        return [one for one in found if labels in {"", one["metadata"].get("labels")}]


def pod(name: str, namespace: str, owner: str = "", **more: Any) -> dict[str, Any]:
    owners = [{"kind": owner.partition("/")[0], "name": owner.partition("/")[2]}] if owner else []
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "ownerReferences": owners}
    return {"metadata": metadata | more.pop("metadata", {}), "spec": {"nodeName": "n"}, "status": more}


def controller(name: str, generation: int, replicas: int = 1, **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "generation": generation}
    status["observedGeneration"] = generation
    return {"metadata": metadata, "spec": {"replicas": replicas}, "status": status}


def look(server: Server, monkeypatch: pytest.MonkeyPatch) -> Vitals:
    monkeypatch.setattr(KindNode, "state", lambda node: f"{node.cluster} runs")
    gateway = SimpleNamespace(namespace="istio-system", pod_labels="istio=ingressgateway")
    mesh = cast(Mesh, SimpleNamespace(root_namespace="istio-system", gateway=gateway))
    return vitals(KindCluster("ours", cast(Any, server), HostReach("10.0.0.1"), reused=False), mesh, "voting")


def test_a_look_at_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    disrupted = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "m",
    }
    pods = [
        pod(
            "istiod-1",
            "istio-system",
            containerStatuses=[{"restartCount": 2}],
            initContainerStatuses=[],
            metadata={"labels": "app=istiod"},
        ),
        pod("istiod-0", "istio-system", metadata={"deletionTimestamp": "now", "labels": "app=istiod"}),
        pod("ingress-0", "istio-system", metadata={"labels": "istio=ingressgateway"}),
        pod("egress-0", "istio-system", metadata={"labels": "istio=egressgateway"}),
        pod("app-1", "voting", "ReplicaSet/app"),
        pod(
            "app-2", "voting", "ReplicaSet/app", conditions=[disrupted], metadata={"deletionTimestamp": "now"}
        ),
        pod("app-3", "voting", "ReplicaSet/app", metadata={"deletionTimestamp": "now"}),
        pod("alone", "voting"),
        pod("db-0", "voting", "StatefulSet/db"),
    ]
    conditions = [
        {"type": "DiskPressure", "status": "True", "message": "no room"},
        {"type": "MemoryPressure", "status": "False"},
        {"type": "Ready", "status": "Unknown", "message": "silent"},
    ]
    found: dict[str, list[Mapping[str, Any]]] = {
        "Pod": [*pods],
        "ReplicaSet": [controller("app", 3, replicas=2)],
        "StatefulSet": [controller("db", 5, currentRevision="a", updateRevision="b")],
        "DaemonSet": [controller("log", 1, desiredNumberScheduled=4, updatedNumberScheduled=4)],
        "Node": [
            {"metadata": {"name": name}, "status": {"conditions": conditions}} for name in ("n", "others")
        ],
    }
    seen = look(Server(found), monkeypatch)
    assert seen.node == "ours runs"
    assert seen.pods == {
        "istio-system/istiod-1": "uid-istiod-1, 2 restarts",
        "istio-system/ingress-0": "uid-ingress-0, 0 restarts",
    }
    assert seen.workloads == {
        "app-1": Owned(APP, "uid-app-1"),
        "app-2": Owned(APP, "uid-app-2", "DeletionByTaintManager: m"),
        "db-0": Owned(DB, "uid-db-0"),
    }
    assert seen.wanted == {APP: Wanted(3, 2), DB: Wanted(5, 1), ObjectRef("DaemonSet", "log"): Wanted(1, 4)}
    assert [one.settled for one in seen.wanted.values()] == [True, False, True]
    assert seen.wrong == ("the node reports DiskPressure: no room", "the node is not Ready: silent")


def test_a_server_that_does_not_answer_is_reported_with_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        Unanswered, match="the node is ours runs, and the API server of cluster ours does not"
    ):
        look(Server(None), monkeypatch)


def test_full_disks_are_reported_but_for_those_of_pods(programs: Programs) -> None:
    rows = ["Avail Mounted on", "54000000 /", "0 /var/local path", "12 /var/lib/kubelet/pods/x", "- /proc"]
    lines = "\\n".join(rows)
    programs.add("docker", f"printf '{lines}\\n'")
    assert KindNode("ours").full_disks() == ["the disk is full: /var/local path of the node has 0 KiB left"]


def test_a_node_that_can_not_be_reached_has_no_full_disk(programs: Programs) -> None:
    programs.add("docker", "exit 1")
    assert KindNode("ours").full_disks() == []
    assert KindNode("ours").state() == "lost: the container engine is silent"

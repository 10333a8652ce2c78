"""A rollout is complete when kubectl calls it so, for every kind; what a pod belongs to is its controller."""

from typing import Any

import pytest

from canary_conformance.cluster.rollouts import is_settled, owner_of, rollout_left
from canary_conformance.scenario.stages import ObjectRef

DB, LOG, RS = ObjectRef("StatefulSet", "db"), ObjectRef("DaemonSet", "log"), ObjectRef("ReplicaSet", "app")
SETTLED: dict[str, Any] = {"currentRevision": "db-1", "updateRevision": "db-1"}


def item(spec: dict[str, Any] | None = None, seen: int = 3, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "x", "generation": 3},
        "spec": spec or {},
        "status": {"observedGeneration": seen, **status},
    }


def counts(ready: int, replicas: int | None = None, updated: int = 0) -> dict[str, Any]:
    total = ready if replicas is None else replicas
    return {"readyReplicas": ready, "replicas": total, "updatedReplicas": updated, **SETTLED}


@pytest.mark.parametrize(
    ("ref", "state", "left"),
    [
        (DB, None, "db: not there"),
        (DB, item(seen=2, **counts(1)), "db: not looked at yet"),
        (DB, item(**counts(1)), ""),
        (DB, item({"replicas": None}, **counts(1)), ""),
        (DB, item({"replicas": 0}, **SETTLED), ""),
        (DB, item({"replicas": 3}, **counts(2, 3)), "db: 2 of 3 ready"),
        (DB, item({"replicas": 1}, **counts(1, 2)), "db: 1 of 1 ready"),
        (DB, item(**counts(1) | {"updateRevision": "db-2"}), "db: 0 of 1 updated"),
        (DB, item({"updateStrategy": {"type": "OnDelete"}}, **counts(1) | {"updateRevision": "db-2"}), ""),
        (
            DB,
            item(
                {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
                **counts(3, updated=1) | {"updateRevision": "db-2"},
            ),
            "",
        ),
        (
            DB,
            item(
                {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}}, **counts(3, updated=1)
            ),
            "db: 1 of 2 updated",
        ),
        (LOG, item(desiredNumberScheduled=2, updatedNumberScheduled=1, numberAvailable=2),
         "log: 1 of 2 updated"),
        (LOG, item(desiredNumberScheduled=2, updatedNumberScheduled=2), "log: 0 of 2 available"),
        (LOG, item(desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2), ""),
        (RS, item({"replicas": 2}, availableReplicas=1, replicas=2), "app: 1 of 2 available"),
        (RS, item({"replicas": 2}, availableReplicas=2, replicas=2), ""),
    ],
)  # fmt: skip
def test_complete_is_what_kubectl_calls_so(ref: ObjectRef, state: dict[str, Any] | None, left: str) -> None:
    assert rollout_left(ref, state) == left


@pytest.mark.parametrize(
    ("kind", "state", "settled"),
    [
        ("ReplicaSet", item(), True),
        ("ReplicaSet", item(seen=2), False),
        ("StatefulSet", item(**SETTLED), True),
        ("StatefulSet", item(currentRevision="a", updateRevision="b"), False),
        ("DaemonSet", item(desiredNumberScheduled=2, updatedNumberScheduled=2), True),
        ("DaemonSet", item(desiredNumberScheduled=2, updatedNumberScheduled=1), False),
    ],
)
def test_what_has_old_pods_to_replace_is_not_settled(kind: str, state: dict[str, Any], settled: bool) -> None:
    assert is_settled(state, kind) is settled


def owned(kind: str, name: str, **labels: str) -> dict[str, Any]:
    owner = {"kind": kind, "name": name, "controller": True}
    return {"metadata": {"name": "p", "labels": labels, "ownerReferences": [owner]}}


@pytest.mark.parametrize(
    ("pod", "owner"),
    [
        (
            owned("ReplicaSet", "voting-app-1-0-5f9b", **{"pod-template-hash": "5f9b"}),
            "Deployment/voting-app-1-0",
        ),
        (owned("ReplicaSet", "voting-app-1-0"), "ReplicaSet/voting-app-1-0"),
        (owned("StatefulSet", "voting-storage-2-0"), "StatefulSet/voting-storage-2-0"),
        (owned("DaemonSet", "log"), "DaemonSet/log"),
        ({"metadata": {"name": "by-hand"}}, "None"),
    ],
)
def test_the_owner_of_a_pod(pod: dict[str, Any], owner: str) -> None:
    assert str(owner_of(pod)) == owner


def test_a_pod_belongs_to_its_controller_and_to_no_other_owner() -> None:
    pod = owned("StatefulSet", "db")
    pod["metadata"]["ownerReferences"].insert(0, {"kind": "Lease", "name": "x", "controller": False})
    assert owner_of(pod) == DB

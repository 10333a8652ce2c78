"""StatefulSets and DaemonSets are workloads like Deployments."""

from dataclasses import replace

import pytest

from canary_conformance.model.model import Model
from canary_conformance.model.objects.mesh_profile import DEFAULT, ClusterFacts
from canary_conformance.model.objects.state import State
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import LAST, SCENARIO
from tests.selftest.routing_support import INJECTED, NAMESPACE, deployment, documents, manifests, service


def of_kind(kind: str, name: str = "web", version: str = "1", replicas: int = 3) -> str:
    return deployment(name, version, replicas=replicas).replace("kind: Deployment", f"kind: {kind}")


def rolled(*texts: str) -> Model:
    """Return the model while the pods of the last text start."""
    state = State(NAMESPACE, INJECTED, application=VOTING_APP)
    for step, text in enumerate(texts, 1):
        for manifest in manifests(text):
            state = (state.ready() if step == len(texts) else state).apply(manifest, step)
    return Model(state)


@pytest.mark.parametrize(
    ("kind", "first", "during"), [("Deployment", 3, 3), ("StatefulSet", 3, 2), ("DaemonSet", 1, 0)]
)
def test_pods_of_each_kind_are_counted_and_replaced(kind: str, first: int, during: int) -> None:
    assert Model(rolled(of_kind(kind)).state.ready()).counted_pods() == {"web 1": first}
    assert rolled(of_kind(kind), of_kind(kind, version="2")).counted_pods().get("web 1", 0) == during


def test_a_daemon_set_has_a_pod_on_each_node() -> None:
    def pods(nodes: int | None) -> Model:
        mesh = replace(DEFAULT, cluster=ClusterFacts(nodes=nodes))
        (manifest,) = manifests(of_kind("DaemonSet"))
        return Model(State(NAMESPACE, INJECTED, application=VOTING_APP, mesh=mesh).apply(manifest).ready())

    assert pods(3).counted_pods() == {"web 1": 3}
    assert "how many nodes" in pods(None).pods()[0].doubts[0].sentence


def test_a_service_leads_to_pods_of_each_kind() -> None:
    found = rolled(documents(of_kind("StatefulSet"), service("web")))
    assert len(Model(found.state.ready()).endpoints("web")[8080]) == 3


STATEFUL = changed(
    LAST,
    "kind: Deployment\nmetadata:\n  name: voting-storage-2-0",
    "kind: StatefulSet\nmetadata:\n  name: voting-storage-2-0",
    on=changed(
        LAST,
        "  # The volume is mounted by one node at a time, and two servers must never share one data folder.\n"
        "  strategy:\n    type: Recreate\n",
        "  serviceName: voting-storage\n",
    ),
) | changed(SCENARIO, "Deployment/voting-storage-2-0", "StatefulSet/voting-storage-2-0")


def test_mysql_may_be_a_stateful_set() -> None:
    results = results_of(STATEFUL)
    assert not failed(results)
    assert not unjudged(results)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("claimName: mysql-pv-claim", "claimName: mysql", "PersistentVolumeClaim/mysql does not exist"),
        ('      version: "2.0"\n  template', '      version: "2.1"\n  template', "version=2.1"),
        ("name: voting-storage-secret\n          resources", "name: secret\n          resources",
         "Secret/secret"),
    ],
)  # fmt: skip
def test_a_stateful_set_that_is_wrong_fails_as_a_deployment_does(old: str, new: str, words: str) -> None:
    results = results_of(changed(LAST, old, new, on=STATEFUL))
    assert "R4.2" in failed(results)
    assert words in words_of(results, "R4.2")


def test_a_claim_of_a_template_is_another_claim_than_the_contracts() -> None:
    template = (
        "  volumeClaimTemplates:\n    - metadata: {name: data}\n      spec:\n"
        "        accessModes: [ReadWriteOnce]\n        resources: {requests: {storage: 1Gi}}\n"
    )
    own = changed(
        LAST, "  serviceName: voting-storage\n", f"  serviceName: voting-storage\n{template}", on=STATEFUL
    )
    own = changed(
        LAST,
        "      volumes:\n        - name: data\n          persistentVolumeClaim:\n"
        "            claimName: mysql-pv-claim\n",
        "",
        on=own,
    )
    results = results_of(own)
    assert {"R4.2", "R4.9"} <= failed(results)
    assert "data-voting-storage-2-0-0" in words_of(results, "R4.9")
    assert "does not exist" not in words_of(results, "R4.2")

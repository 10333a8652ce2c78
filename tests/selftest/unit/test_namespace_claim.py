"""The names of a run in a cluster of others: refused where they are theirs, cleared of dead runs, removed."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.run_lease import RunLease
from canary_conformance.errors import BadInput
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.stages.dead_runs import remove_dead_runs
from canary_conformance.stages.namespace_claim import claimed_namespaces, remove_claimed
from canary_conformance.stages.owned_namespaces import MADE_BY
from canary_conformance.stages.run_names import RunNames

NAMES = RunNames("a-")
OURS = {MADE_BY: NAMES.suite}
LEASE = "Lease"


class Server:
    """An API server that holds namespaces with what is in them; all that is deleted is gone at once."""

    def __init__(self, **namespaces: Mapping[str, str]) -> None:
        self.namespaces = {name.replace("_", "-"): dict(labels) for name, labels in namespaces.items()}
        self.leases: dict[str, dict[str, Any]] = {}
        self.done: list[str] = []
        self._version = 0

    def get(self, _: str, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        if kind == LEASE:
            return self.leases.get(namespace)
        labels = self.namespaces.get(name)
        return None if labels is None else {"metadata": {"name": name, "labels": labels}}

    def list(self, _: str, kind: str, *__: str | None) -> list[dict[str, Any]]:
        named = (self.get("", kind, name) for name in self.namespaces if kind == "Namespace")
        return [item for item in named if item and MADE_BY in item["metadata"]["labels"]]

    def kinds(self) -> Sequence[tuple[str, str, bool]]:
        return [("v1", "Namespace", False), ("v1", "Pod", True), ("v1", "PersistentVolume", False)]

    def allows(self, _: Mapping[str, str]) -> bool:
        return True

    def apply(self, body: Mapping[str, Any], _: str | None) -> None:
        self._made(body)

    def create(self, body: Mapping[str, Any], namespace: str | None) -> dict[str, Any]:
        if body["kind"] != LEASE:
            return self._made(body)
        if namespace in self.leases:
            raise ApiException(status=409)
        return self.replace(body, str(namespace))

    def replace(self, body: Mapping[str, Any], namespace: str) -> dict[str, Any]:
        self._version += 1
        made = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
        self.leases[namespace] = made
        return made

    def delete(self, _: str, kind: str, name: str) -> bool:
        assert kind == "Namespace"
        self.done.append(f"delete {name}")
        self.leases.pop(name, None)
        return self.namespaces.pop(name, None) is not None

    def delete_pods_and_claims(self, _: str) -> None:
        pass

    def _made(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name = body["metadata"]["name"]
        if name not in self.namespaces:
            self.done.append(f"create {name}")
        self.namespaces[name] = dict(body["metadata"]["labels"])
        return {}


def claimed(server: Server) -> Any:
    manifests = ManifestFolder(Path(), {})
    return claimed_namespaces(cast(Any, server), NAMES, "voting", manifests, secrets.token_hex(3), Progress())


def test_a_run_leaves_a_cluster_as_it_was() -> None:
    server = Server(default={})
    with claimed(server) as lease:
        assert server.namespaces["a-voting-conformance"][MADE_BY] == NAMES.suite
        assert lease.is_held()
        server.namespaces["a-voting"] = server.namespaces["a-voting-conformance-ingress"] = OURS
    assert server.namespaces == {"default": {}}


@pytest.mark.parametrize("name", ["a_voting", "a_voting_conformance", "a_voting_conformance_ingress"])
def test_a_namespace_of_others_is_refused_before_anything_is_made(name: str) -> None:
    server = Server(**{name: {"team": "a"}})
    taken = name.replace("_", "-")
    with (
        pytest.raises(BadInput, match=f"namespace {taken} exists and this suite did not make it"),
        claimed(server),
    ):
        pass
    assert server.done == []


def test_a_second_run_of_the_names_is_refused_and_changes_nothing() -> None:
    server = Server()
    with claimed(server):
        done = list(server.done)
        with (
            pytest.raises(BadInput, match="another run uses the namespace a-voting-conformance now"),
            claimed(server),
        ):
            pass
        assert server.done == done


def test_what_a_dead_run_left_is_removed_first() -> None:
    server = Server(a_voting=OURS, a_voting_conformance=OURS)
    with claimed(server):
        assert set(server.namespaces) == {"a-voting-conformance"}
        assert server.done[:2] == ["delete a-voting", "delete a-voting-conformance"]


def test_a_run_that_lost_its_names_removes_nothing() -> None:
    server = Server()
    with claimed(server):
        server.leases[NAMES.suite]["spec"]["holderIdentity"] = "another"
        done = list(server.done)
    assert server.done == done


def test_what_a_worker_left_that_was_ended_is_removed_by_the_word_of_its_run() -> None:
    server, manifests = (
        Server(a_voting=OURS, a_voting_conformance=OURS, default={}),
        ManifestFolder(Path(), {}),
    )
    worker = RunLease(cast(Any, server), NAMES.suite, "word")
    worker.acquire()
    worker.stop()
    for word, left in (("another", 3), ("word", 1)):
        remove_claimed(cast(Any, server), NAMES, "voting", manifests, word, Progress())
        assert len(server.namespaces) == left


def test_only_dead_runs_are_cleaned_away() -> None:
    dead = {MADE_BY: "b-voting-conformance"}
    server = Server(
        default={}, b_voting=dead, b_voting_conformance=dead, a_voting=OURS, a_voting_conformance=OURS
    )
    alive = RunLease(cast(Any, server), NAMES.suite, "alive")
    alive.acquire()
    lines = remove_dead_runs(cast(Any, server), Progress())
    alive.stop()
    assert set(server.namespaces) == {"default", "a-voting", "a-voting-conformance"}
    assert lines[:2] == [
        "removed namespace b-voting, left by a run that is dead",
        "removed namespace b-voting-conformance, left by a run that is dead",
    ]
    assert lines[2].startswith("left a-voting-conformance: a run uses it now (")


def test_who_may_not_list_namespaces_learns_it() -> None:
    class Closed(Server):
        def list(self, *_: object) -> list[dict[str, Any]]:
            raise ApiException(status=403)

    with pytest.raises(BadInput, match="--clean needs the right to list namespaces"):
        remove_dead_runs(cast(Any, Closed()), Progress())

"""What a store in memory had is added to what its successor was given meanwhile."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import EnvironmentFailed, StageFailed
from canary_conformance.mesh.running_components import ProxyVersion
from canary_conformance.upgrade import hand_over
from canary_conformance.upgrade.hand_over import FREEZE, THAW, additions, handed_over
from canary_conformance.upgrade.upgraded_proxies import SILENT, look_at_answering, look_at_proxies, proxy_seen


def test_counts_are_added_whether_numbers_or_fields_of_a_hash() -> None:
    assert additions({"votes": {"Cats": 2, "Dogs": 5}, "Birds": 1}) == [
        ("HINCRBY", "votes", "Cats", "2"),
        ("HINCRBY", "votes", "Dogs", "5"),
        ("INCRBY", "Birds", "1"),
    ]
    assert additions({}) == []


OLD, NEW = (PodName("voting", f"storage-{number}") for number in (1, 2))
FROZEN, TAKEN = (OLD, *FREEZE), (NEW, "INCRBY", "Cats", "2")


class Store:
    """An old and a new Redis behind their client; what each says to a command, and what each was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **says: str) -> None:
        self.asked: list[tuple[PodName | str, ...]] = []
        self._says = {"KEYS": "Cats", "TYPE": "string", "GET": "2", "INCRBY": "2", "REPLICAOF": "OK", **says}
        monkeypatch.setattr(hand_over, "run_in_pod", self._run)

    def _run(self, _: object, pod: PodName, __: str, command: Sequence[str]) -> str:
        self.asked.append((pod, *command[1:]))
        if command[1:] == list(THAW) and "THAW" in self._says:
            raise EnvironmentFailed(self._says["THAW"])
        return f"{self._says[command[1]]}\n"

    def replaced(self, failed: Exception | None = None) -> None:
        new = SimpleNamespace(pod=NEW, uid="new", ready=True)
        namespace = cast(Any, SimpleNamespace(api=None, workloads=lambda *_: [new]))
        old = SimpleNamespace(pod=OLD, app="voting-storage", version="1.0", container="redis", uid="old")
        with handed_over(namespace, cast(Any, old)):
            if failed is not None:
                raise failed


def test_what_the_old_store_had_is_added_to_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(monkeypatch)
    store.replaced()
    assert (store.asked[0], store.asked[-1]) == (FROZEN, TAKEN)
    assert (OLD, *THAW) not in store.asked


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"REPLICAOF": "ERR unknown command"}, "refused REPLICAOF 127.0.0.1 1: ERR unknown command"),
        ({"INCRBY": "READONLY You can't write"}, "refused INCRBY Cats 2: READONLY"),
        ({"INCRBY": ""}, "refused INCRBY Cats 2: "),
        ({"GET": "WRONGTYPE Operation"}, "has more than counts: invalid literal"),
    ],
)
def test_what_a_store_refuses_is_told(
    monkeypatch: pytest.MonkeyPatch, says: dict[str, str], words: str
) -> None:
    with pytest.raises(EnvironmentFailed, match=words):
        Store(monkeypatch, **says).replaced()


def test_the_old_store_takes_votes_again_where_none_took_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(monkeypatch)
    with pytest.raises(StageFailed, match="pods don't start"):
        store.replaced(StageFailed("pods don't start"))
    assert store.asked[-1] == (OLD, *THAW)


def test_an_old_store_that_stays_frozen_is_told_beside_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(monkeypatch, THAW="nothing can be run")
    with pytest.raises(StageFailed, match="pods don't start") as failed:
        store.replaced(StageFailed("pods don't start"))
    assert "must not accept votes any longer: nothing can be run" in failed.value.__notes__[0]


def test_a_proxy_that_does_not_answer_is_there_but_not_in_the_timeline() -> None:
    sidecar = {"containers": [{"name": "istio-proxy", "image": "proxy"}]}
    named = {"name": "app-1", "namespace": "voting"}
    pods = [{"metadata": named, "spec": sidecar, "status": {"phase": "Running"}}]
    namespace = SimpleNamespace(
        name="voting", mesh=SimpleNamespace(gateway=SimpleNamespace(namespace="voting"))
    )
    namespace.api = SimpleNamespace(list=lambda *_: pods)

    def ask(*_: object) -> object:
        raise ConnectionError("refused")

    proxies = SimpleNamespace(ask=ask)
    (seen,) = look_at_proxies(cast(Any, namespace), cast(Any, proxies))
    assert (seen.pod, seen.istio, seen.envoy) == ("app-1", SILENT.istio, SILENT.envoy)
    assert look_at_answering(cast(Any, namespace), cast(Any, proxies)) == []


def test_a_proxy_is_what_its_envoy_says_and_its_pods_image() -> None:
    pod = {
        "metadata": {"name": "app-1", "labels": {"app": "voting-app", "version": "1.0"}},
        "spec": {
            "containers": [{"name": "voting-app", "image": "app"}],
            "initContainers": [{"name": "istio-proxy", "image": "localhost/proxyv2:1"}],
        },
    }
    seen = proxy_seen(pod, ProxyVersion("1.31.0", "1.40.0"), now=7.0)
    assert (seen.workload, seen.runs) == (
        "voting-app 1.0",
        "Istio 1.31.0, Envoy 1.40.0, image localhost/proxyv2:1",
    )

"""A change is live when every proxy shows the newest token: those that came meanwhile too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from fixtures.cluster.api import Api
from fixtures.cluster.inside import PodName, PodPort
from fixtures.mesh.live import ROUNDS, Sentinel
from fixtures.mesh.proxies import Proxies

pytestmark = pytest.mark.selftest

ONE, TWO = PodName("voting", "one"), PodName("voting", "two")


class Mesh(Proxies):
    """An API server that keeps the newest token, and proxies that run it after so many questions each."""

    def __init__(self, late: Mapping[PodName, int]) -> None:
        super().__init__(cast(Api, self))
        self.late = dict(late)
        self.token = ""
        self.asked: list[PodName] = []
        self.listed = 0

    def apply(self, body: Mapping[str, Any], namespace: str) -> None:
        assert namespace == "suite"
        self.token = body["spec"]["http"][0]["name"]
        self.asked.clear()

    def of(self, pod: PodName) -> PodPort:
        return cast(PodPort, Proxy(self, pod))

    def wait(self, pods: Callable[[], list[PodName]], *, only_routes: bool = False) -> None:
        sentinel = Sentinel(cast(Api, self), "suite", {"istio": "ingressgateway"}, self)
        sentinel.wait_until_live(pods, only_routes=only_routes)


class Proxy:
    """The admin port of a proxy."""

    def __init__(self, mesh: Mesh, pod: PodName) -> None:
        self._mesh, self._pod = mesh, pod

    def get(self, path: str) -> bytes:
        assert path.startswith("/config_dump")
        if self._pod not in self._mesh.late:
            raise ConnectionError(f"{self._pod} is gone")
        self._mesh.asked.append(self._pod)
        told = self._mesh.asked.count(self._pod) > self._mesh.late[self._pod]
        return self._mesh.token.encode() if told else b"live-before"


def test_each_proxy_is_asked_until_it_has_the_token_and_no_longer() -> None:
    mesh = Mesh({ONE: 0, TWO: 2})
    mesh.wait(lambda: [ONE, TWO])
    assert sorted(mesh.asked) == [ONE, TWO, TWO, TWO]
    assert mesh.token.endswith(f"-{ROUNDS}")


def test_one_token_tells_of_routes_which_come_by_its_own_watch() -> None:
    mesh = Mesh({ONE: 0})
    mesh.wait(lambda: [ONE], only_routes=True)
    assert mesh.token.endswith("-1")


def test_a_pod_that_came_meanwhile_is_asked_too() -> None:
    mesh, listed = Mesh({ONE: 1, TWO: 0}), iter([[ONE], [ONE, TWO]])
    mesh.wait(lambda: next(listed, [ONE, TWO]))
    assert sorted(mesh.asked) == [ONE, ONE, TWO]


def test_a_pod_that_went_is_not_waited_for() -> None:
    mesh, listed = Mesh({ONE: 0}), iter([[ONE, TWO]])
    mesh.wait(lambda: next(listed, [ONE]))
    assert set(mesh.asked) == {ONE}

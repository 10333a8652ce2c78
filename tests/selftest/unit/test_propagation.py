"""A change is live when every proxy shows the newest tokens: those that came meanwhile too."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName, PodPort
from canary_conformance.errors import NotJudged
from canary_conformance.mesh import propagation as module
from canary_conformance.mesh.propagation import KINDS_WITH_TOKEN, ROUNDS, Sentinel
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.timeouts import LIMITS

ONE, TWO = PodName("voting", "one"), PodName("voting", "two")


class Mesh(Proxies):
    """An API server that keeps the newest tokens, and proxies that run them after so many questions each.

    overtaken: a kind whose token no proxy ever gets.
    """

    def __init__(self, late: Mapping[PodName, int], overtaken: str = "") -> None:
        super().__init__(cast(Api, self))
        self.late = dict(late)
        self.overtaken = overtaken
        self.tokens: dict[str, str] = {}
        self.read: list[PodName] = []
        self.listed = 0

    def apply(self, body: Mapping[str, Any], namespace: str) -> None:
        assert namespace == "suite"
        kind, spec = body["kind"], body["spec"]
        if kind == "DestinationRule":
            assert spec["host"] == "sentinel.suite.internal"
            self.tokens[kind] = spec["trafficPolicy"]["loadBalancer"]["consistentHash"]["httpHeaderName"]
        else:
            self.tokens[kind] = spec["http"][0]["name"]
        self.read.clear()

    def of(self, pod: PodName) -> PodPort:
        return cast(PodPort, Proxy(self, pod))

    def wait(
        self,
        pods: Callable[[], list[PodName]],
        written: Collection[str] | None = None,
        kinds: frozenset[str] = KINDS_WITH_TOKEN,
    ) -> None:
        sentinel = Sentinel(cast(Api, self), "suite", {"istio": "ingressgateway"}, self, kinds)
        sentinel.wait_until_live(pods, written)

    @property
    def rounds(self) -> int:
        """How often all tokens were written."""
        numbers = {int(token.split("-")[2]) for token in self.tokens.values()}
        assert len(numbers) == 1, self.tokens
        return numbers.pop()


class Proxy:
    """The admin port of a proxy."""

    def __init__(self, mesh: Mesh, pod: PodName) -> None:
        self._mesh, self._pod = mesh, pod

    def get(self, path: str) -> bytes:
        assert path.startswith("/config_dump")
        if self._pod not in self._mesh.late:
            raise ConnectionError(f"{self._pod} is gone")
        self._mesh.read.append(self._pod)
        has = self._mesh.read.count(self._pod) > self._mesh.late[self._pod]
        known = [token for kind, token in self._mesh.tokens.items() if kind != self._mesh.overtaken]
        return " ".join(known).encode() if has else b"live-before"


def test_each_proxy_is_read_until_it_has_the_token_and_no_longer() -> None:
    mesh = Mesh({ONE: 0, TWO: 2})
    mesh.wait(lambda: [ONE, TWO])
    assert sorted(mesh.read) == [ONE, TWO, TWO, TWO]
    assert mesh.rounds == ROUNDS


@pytest.mark.parametrize("written", [["VirtualService"], ["DestinationRule", "VirtualService"], []])
def test_first_tokens_tell_of_the_kinds_that_have_one(written: list[str]) -> None:
    mesh = Mesh({ONE: 0})
    mesh.wait(lambda: [ONE], written)
    assert mesh.rounds == 1


@pytest.mark.parametrize("written", [None, ["Service"], ["VirtualService", "PeerAuthentication"]])
def test_second_tokens_tell_of_all_other_kinds(written: list[str] | None) -> None:
    mesh = Mesh({ONE: 0})
    mesh.wait(lambda: [ONE], written)
    assert mesh.rounds == ROUNDS


@pytest.mark.parametrize("kind", ["DestinationRule", "VirtualService"])
def test_a_change_is_not_live_by_the_token_of_another_kind(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMITS", replace(LIMITS, change_live=0.15))
    with pytest.raises(NotJudged, match="proxies without it"):
        Mesh({ONE: 0}, overtaken=kind).wait(lambda: [ONE], [kind])


def test_a_rule_of_the_suite_that_proxies_may_not_use_has_no_token() -> None:
    mesh, kinds = Mesh({ONE: 0}, overtaken="DestinationRule"), frozenset({"VirtualService"})
    mesh.wait(lambda: [ONE], ["DestinationRule"], kinds)
    assert mesh.rounds == ROUNDS
    assert list(mesh.tokens) == ["VirtualService"]


def test_a_pod_that_came_meanwhile_is_read_too() -> None:
    mesh, listed = Mesh({ONE: 1, TWO: 0}), iter([[ONE], [ONE, TWO]])
    mesh.wait(lambda: next(listed, [ONE, TWO]))
    assert sorted(mesh.read) == [ONE, ONE, TWO]


def test_a_pod_that_went_is_not_waited_for() -> None:
    mesh, listed = Mesh({ONE: 0}), iter([[ONE, TWO]])
    mesh.wait(lambda: next(listed, [ONE]))
    assert set(mesh.read) == {ONE}


def test_only_the_gateway_stays_with_the_suite_where_its_namespace_is_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LIMITS", replace(LIMITS, change_live=0.15))
    applied: dict[str, tuple[str, str]] = {}
    gateways: list[str] = []

    class Server:
        def apply(self, body: Mapping[str, Any], namespace: str) -> None:
            applied[body["kind"]] = namespace, body["metadata"]["name"]
            gateways.extend(body["spec"].get("gateways", ()))

    mesh = Mesh({ONE: 0})
    sentinel = Sentinel(cast(Api, Server()), "suite", {"istio": "ingressgateway"}, mesh, home="voting")
    sentinel.create()
    assert applied == {"Gateway": ("suite", "sentinel"), "ServiceEntry": ("voting", "suite-sentinel")}
    with pytest.raises(NotJudged):
        sentinel.wait_until_live(lambda: [ONE])
    assert applied["VirtualService"] == applied["DestinationRule"] == ("voting", "suite-sentinel")
    assert gateways == ["suite/sentinel", "mesh"]

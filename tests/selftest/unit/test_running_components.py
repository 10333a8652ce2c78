"""What runs is reported by the parts themselves, as the real ones were seen to report it."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.mesh import running_components
from canary_conformance.mesh.running_components import (
    ControlPlane,
    ProxyVersion,
    ProxyVersions,
    answering_control_plane,
    check_runs,
    control_plane,
    proxy_versions,
    refused_by_proxies,
)
from tests.selftest.support import FakeClock

SEEN = ControlPlane("v1.34.4", ("v1.34.4",), ("1.31.0-eed52ebb66ad-Clean",))
GATEWAY, APP = PodName("istio-system", "gateway"), PodName("voting", "app")
WANTED = {"kubernetes": "1.34.4", "istio": "1.31.0"}


def server_info(envoy: str, istio: str = "1.31.0") -> dict[str, object]:
    """As an Envoy answers; all else is left out."""
    version = f"9e5580933739775e8bce696a57a2e1bc99368f23/{envoy}/Clean/RELEASE/BoringSSL"
    return {"version": version, "node": {"metadata": {"ISTIO_VERSION": istio}}}


class Proxies:
    """Proxies that answer, and note which were read."""

    def __init__(self, answers: Mapping[PodName, dict[str, object]]) -> None:
        self.answers = answers
        self.pods: list[PodName] = []

    def ask(self, pods: list[PodName], path: str) -> Mapping[PodName, dict[str, object]]:
        assert path == "/server_info"
        self.pods += pods
        return {pod: self.answers[pod] for pod in pods}


def test_a_proxy_reports_its_envoy_and_its_istio() -> None:
    proxies = Proxies({APP: server_info("1.38.3")})
    assert proxy_versions(cast(Any, proxies), [APP]) == {APP: ProxyVersion("1.31.0", "1.38.3")}


def test_every_proxy_is_read_once_and_counted_by_what_it_runs() -> None:
    proxies = Proxies({APP: server_info("1.38.3"), GATEWAY: server_info("1.40.0")})
    versions = ProxyVersions(cast(Any, proxies))
    versions.look([GATEWAY])
    versions.look([GATEWAY, APP])
    assert proxies.pods == [GATEWAY, APP]
    assert str(versions) == ("1 of Istio 1.31.0 on Envoy 1.38.3; 1 of Istio 1.31.0 on Envoy 1.40.0")


def test_the_control_plane_is_named_with_commit_and_compared_without() -> None:
    assert str(SEEN) == "API server v1.34.4, kubelet v1.34.4, istiod 1.31.0-eed52ebb66ad-Clean"
    assert SEEN.istio == ("1.31.0",)
    assert ControlPlane("", (), ("1.32.0-rc.1-0123456789ab-Clean",)).istio == ("1.32.0-rc.1",)
    check_runs(SEEN, **WANTED)


@pytest.mark.parametrize(
    "seen",
    [
        ControlPlane("v1.34.3", SEEN.kubelets, SEEN.istiods),
        ControlPlane(SEEN.api_server, ("v1.33.1", "v1.34.4"), SEEN.istiods),
        ControlPlane(SEEN.api_server, SEEN.kubelets, ("1.30.0-0123456789ab-Clean", *SEEN.istiods)),
        ControlPlane(SEEN.api_server, SEEN.kubelets, ()),
    ],
)
def test_other_versions_than_wanted_fail_the_environment(seen: ControlPlane) -> None:
    with pytest.raises(EnvironmentFailed, match=r"Kubernetes v1\.34\.4 with Istio 1\.31\.0 was to run"):
        check_runs(seen, **WANTED)


class Server:
    """An API server with one node and a control plane of two pods, one of them on its way out."""

    client = None

    def __init__(self, log: str = "") -> None:
        self._log = log

    def log(self, *_: object, seconds: int) -> str:
        return f"{self._log}{seconds}"

    def raw(self, path: str) -> str:
        assert path == "/version"
        return '{"gitVersion": "v1.34.4"}'

    def list(self, _: str, kind: str, *__: object, **___: object) -> list[dict[str, object]]:
        if kind == "Node":
            return [{"status": {"nodeInfo": {"kubeletVersion": "v1.34.4"}}}]
        going: dict[str, object] = {"name": "istiod-old", "deletionTimestamp": "now"}
        status = {"phase": "Running"}
        return [{"metadata": {"name": "istiod-1"}, "status": status}, {"metadata": going, "status": status}]


def test_the_versions_of_server_kubelets_and_istiods_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[PodName, str]] = []

    def ask(_: object, pod: PodName, path: str) -> str:
        asked.append((pod, path))
        return "1.31.0-eed52ebb66ad-Clean"

    monkeypatch.setattr(running_components, "ask_istiod", ask)
    assert control_plane(cast(Any, Server()), "istio-system") == SEEN
    assert asked == [(PodName("istio-system", "istiod-1"), "/version")]


def test_a_control_plane_that_starts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([ConnectionError("refused"), OSError("no such pod")])

    def ask(*_: object) -> str:
        if (silent := next(failures, None)) is not None:
            raise silent
        return "1.31.0-eed52ebb66ad-Clean"

    monkeypatch.setattr(running_components, "ask_istiod", ask)
    clock = FakeClock()
    assert answering_control_plane(cast(Any, Server()), "istio-system", clock) == SEEN


def test_a_control_plane_that_stays_silent_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> str:
        raise ConnectionError("refused")

    monkeypatch.setattr(running_components, "ask_istiod", ask)
    with pytest.raises(EnvironmentFailed, match=r"not within 60 s.*does not report its version: refused"):
        answering_control_plane(cast(Any, Server()), "istio-system", FakeClock())


def test_what_proxies_refused_is_returned_once_in_envoys_own_words() -> None:
    line = "2026-11-25T04:00:00Z\twarn\tdelta\tADS:LDS: ACK ERROR app-1.voting-7 {}\n"
    lines = "".join(line.format(f"Internal:Error adding listener: {what}") for what in ("one", "two", "one"))
    log = f"info\tads\tADS: new connection\n{lines}"
    found = refused_by_proxies(cast(Any, Server(log)), "istio-system", within=3.2)
    assert found == ["LDS Internal:Error adding listener: one", "LDS Internal:Error adding listener: two"]
    assert not refused_by_proxies(cast(Any, Server()), "istio-system", within=1)

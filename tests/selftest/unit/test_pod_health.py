"""A liveness probe that is made from inside says what the kubelet would do, and nothing of what it can't."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.pod_access import OtherAnswer, PodName
from canary_conformance.stages import pod_health as liveness
from canary_conformance.stages.pod_health import LivenessProbe, failing_liveness_probes, liveness_probes

NOW = datetime(2026, 11, 25, 10, 0, 30, tzinfo=UTC)
POD = PodName("voting", "app-1")
DECLARED: dict[str, Any] = {"httpGet": {"path": "/livez", "port": 15020}, "failureThreshold": 6}


def pod(probe: dict[str, Any] | None, *, running: bool = True) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "app", "ports": [{"name": "http", "containerPort": 8080}]}
    state = {"running": {"startedAt": "2026-11-25T10:00:20Z"}} if running else {"waiting": {}}
    return {
        "metadata": {"namespace": "voting", "name": "app-1"},
        "spec": {"containers": [container | ({"livenessProbe": probe} if probe else {}), {"name": "other"}]},
        "status": {"containerStatuses": [{"name": "app", "state": state}]},
    }


def found(probe: dict[str, Any] | None, *, running: bool = True) -> list[LivenessProbe]:
    return list(liveness_probes(pod(probe, running=running), NOW))


def test_a_probe_is_found_with_what_it_leaves_out() -> None:
    assert found(DECLARED) == [LivenessProbe(POD, "app", 15020, "/livez", 6)]
    assert found({"httpGet": {"port": "http"}}) == [LivenessProbe(POD, "app", 8080, "/", 3)]


@pytest.mark.parametrize(
    "probe",
    [
        None,
        {"tcpSocket": {"port": 6379}},
        {"httpGet": {"port": 8443, "scheme": "HTTPS"}},
        {"httpGet": {"port": 80, "host": "elsewhere"}},
        DECLARED | {"initialDelaySeconds": 11},
    ],
)
def test_what_can_t_be_made_now_is_left_to_the_kubelet(probe: dict[str, Any] | None) -> None:
    assert found(probe) == []


def test_a_container_that_doesn_t_run_has_no_probe_that_is_due() -> None:
    assert found(DECLARED, running=False) == []


def test_a_port_that_no_container_names_has_no_number() -> None:
    (probe,) = found({"httpGet": {"port": "web"}})
    assert probe.port == 0


def failing(monkeypatch: pytest.MonkeyPatch, answer: Callable[[int], None]) -> tuple[dict[str, str], int]:
    """Return what is said of a pod whose port answers its first, second, ... question so, and how many."""
    asked: list[str] = []

    class Port:
        def __init__(self, *_: object) -> None:
            pass

        def get(self, path: str) -> None:
            asked.append(path)
            answer(len(asked))

        def close(self) -> None:
            pass

    monkeypatch.setattr(liveness, "PodPort", Port)
    one = pod(DECLARED)
    namespace = SimpleNamespace(
        api=SimpleNamespace(list=lambda *_: [one]),
        name="voting",
        workloads=lambda *_: [SimpleNamespace(pod=POD)],
    )
    return dict(failing_liveness_probes(cast(Any, namespace))), len(asked)


def test_a_probe_that_passes_at_once_or_in_time_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(monkeypatch, lambda _: None) == ({}, 1)

    def late(count: int) -> None:
        if count < 6:
            raise OtherAnswer(POD, "/livez", 503)

    assert failing(monkeypatch, late) == ({}, 6)


def test_a_redirect_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def redirect(_: int) -> None:
        raise OtherAnswer(POD, "/livez", 302)

    assert failing(monkeypatch, redirect) == ({}, 1)


def test_a_probe_that_fails_as_often_as_it_may_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_: int) -> None:
        raise OtherAnswer(POD, "/livez", 404)

    assert failing(monkeypatch, wrong) == ({"app-1 app": "GET /livez answered 404"}, 6)

    def silent(_: int) -> None:
        raise ConnectionError("refused")

    assert failing(monkeypatch, silent) == ({"app-1 app": "GET /livez: refused"}, 6)

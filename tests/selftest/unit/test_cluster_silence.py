"""A server that accepts a connection and stays silent is given up within the limit, whatever the request."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from kubernetes.client import Configuration
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster import api as api_module
from canary_conformance.cluster import pod_access
from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import is_undecided
from canary_conformance.cluster.pod_access import PodName, PodPort, run_in_pod
from canary_conformance.errors import EnvironmentFailed, NotJudged
from canary_conformance.timeouts import Timeouts

LIMIT = 0.1
PATIENCE = 5.0


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that listens and never answers."""
    for module in (api_module, pod_access):
        monkeypatch.setattr(module, "LIMITS", Timeouts(api_call=LIMIT, exec_in_pod=LIMIT))
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def in_time() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < PATIENCE


def silent_api(address: str) -> Api:
    return cast(Api, SimpleNamespace(client=SimpleNamespace(configuration=Configuration(host=address))))


@pytest.mark.usefixtures("in_time")
def test_a_silent_api_server_fails_the_environment(silent: str, tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "ours",
        "clusters": [{"name": "ours", "cluster": {"server": silent}}],
        "contexts": [{"name": "ours", "context": {"cluster": "ours", "user": "us"}}],
        "users": [{"name": "us", "user": {}}],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    with pytest.raises(EnvironmentFailed, match="can't be used"):
        Api(tmp_path / "kubeconfig")


@pytest.mark.usefixtures("in_time")
def test_a_command_that_can_not_be_started_is_not_judged(silent: str) -> None:
    with pytest.raises(NotJudged, match=r"nothing can be run in app of pod p\.n"):
        run_in_pod(silent_api(silent), PodName("n", "p"), "app", ["true"])


@pytest.mark.usefixtures("in_time")
def test_a_port_of_a_pod_that_is_never_opened_is_no_answer(silent: str) -> None:
    with pytest.raises(OSError, match=r"port 15000 of pod p\.n"):
        PodPort(silent_api(silent), PodName("n", "p"), 15000).get("/")


def statused(status: int, message: str) -> Any:
    error = ApiException(status, "reason")
    error.body = f'{{"message": "{message}"}}'
    return error


@pytest.mark.parametrize(
    ("status", "message", "undecided"),
    [
        (400, "unknown field", False),
        (422, "invalid value", False),
        (500, "failed to create typed patch object", False),
        (500, "Internal error occurred: failed calling webhook validation.istio.io", True),
        (500, "failed calling webhook rev.validation.istio.io: failed to call webhook", True),
        (500, "failed calling webhook of-the-manifests.example.com: no endpoints", False),
        (503, "unavailable", True),
        (429, "too many requests", True),
    ],
)
def test_a_refusal_is_distinguished_from_a_server_that_can_not_decide(
    status: int, message: str, undecided: bool
) -> None:
    assert is_undecided(statused(status, message)) is undecided

"""--check-cluster ends with the exit code that a run there would end with, and runs no test."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.selftest.api_server import ApiServer, write_kubeconfig
from tests.selftest.mesh_objects import kubernetes_node
from tests.selftest.suite_commands import BAD_INPUT, Ended, Suite
from tests.selftest.support import Programs

ENVIRONMENT = 3


@pytest.fixture
def suite(programs: Programs, tmp_path: Path) -> Suite:
    return Suite(tmp_path / "repository", programs)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer(kubernetes_node()) as server:
        yield server


def check(suite: Suite, kubeconfig: Path, *more: str) -> Ended:
    ended = suite("--check-cluster", "--kubeconfig", kubeconfig, *more)
    assert "Traceback" not in ended.output
    return ended


def test_a_cluster_without_istio_is_bad_input_with_its_table(
    suite: Suite, server: ApiServer, tmp_path: Path
) -> None:
    server.refused.add(("patch", "virtualservices"))
    ended = check(suite, server.kubeconfig(tmp_path), "--context", "theirs")
    assert ended.code == BAD_INPUT
    assert "Istio's revisions  none" in ended.output
    assert "cluster theirs has no Istio that injects sidecars" in ended.output
    assert "no right to patch virtualservices.networking.istio.io in the run's own namespaces" in ended.output
    assert {one.method for one in server.requests if "review" not in one.path} == {"GET"}


def test_an_expired_login_is_bad_input(suite: Suite, server: ApiServer, tmp_path: Path) -> None:
    server.status = 401
    ended = check(suite, server.kubeconfig(tmp_path), "--context", "theirs")
    assert ended.code == BAD_INPUT
    assert "does not accept the login of context theirs" in ended.output


def test_a_server_that_does_not_answer_fails_the_environment(suite: Suite, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server = f"http://127.0.0.1:{closed.getsockname()[1]}"
    ended = check(suite, write_kubeconfig(tmp_path / "config", server), "--context", "theirs")
    assert ended.code == ENVIRONMENT
    assert f"the API server {server} of context theirs can't be reached" in ended.output

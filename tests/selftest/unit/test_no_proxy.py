"""A proxy of the user's environment is for the outside: nothing takes it for the way to the cluster."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from canary_conformance.cluster import api as api_module
from canary_conformance.cluster import pod_access
from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.pod_access import PodName, PodPort
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.mesh.istioctl import run_istioctl
from canary_conformance.stages.closed_ingress import knock
from canary_conformance.timeouts import Timeouts
from canary_conformance.traffic.voter import Voter
from tests.selftest.support import Programs


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A server on loopback, where the environment has proxies for every scheme, and loopback no exception."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy)
        monkeypatch.setenv(name.upper(), proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "example.test")
    for module in (api_module, pod_access):
        monkeypatch.setattr(module, "LIMITS", Timeouts(api_call=0.2, exec_in_pod=0.2))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        yield listening


def url_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def asked_of(server: socket.socket) -> str:
    """Return the first line of the request that came."""
    connection, _ = server.accept()
    with connection:
        return connection.recv(4096).decode().splitlines()[0]


def kubeconfig(server: socket.socket, folder: Path) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "ours",
        "clusters": [{"name": "ours", "cluster": {"server": url_of(server)}}],
        "contexts": [{"name": "ours", "context": {"cluster": "ours", "user": "us"}}],
        "users": [{"name": "us", "user": {}}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def test_the_api_server_is_called_directly(server: socket.socket, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed):
        Api(kubeconfig(server, tmp_path))
    assert asked_of(server).startswith("GET /")


def asked_of_pod(server: socket.socket, host: str, proxy: str = "") -> str:
    """Return what came of a request to a pod's port."""
    configuration = SimpleNamespace(
        host=host,
        verify_ssl=False,
        proxy=proxy,
        proxy_headers=None,
        no_proxy="example.test",
        get_api_key_with_prefix=lambda *_: None,
        ssl_ca_cert=None,
        assert_hostname=None,
        tls_server_name=None,
        cert_file=None,
        key_file=None,
    )
    api = cast(Api, SimpleNamespace(client=SimpleNamespace(configuration=cast(Any, configuration))))
    with contextlib.suppress(Exception):
        PodPort(api, PodName("n", "p"), 15000).get("/stats")
    return asked_of(server)


def test_a_pod_is_reached_directly(server: socket.socket) -> None:
    assert asked_of_pod(server, url_of(server)).startswith("GET /api/v1/namespaces/n/pods/p/portforward")


def test_a_pod_is_reached_by_the_kubeconfigs_own_proxy(server: socket.socket) -> None:
    assert asked_of_pod(server, "http://api.test:80", url_of(server)) == "CONNECT api.test:80 HTTP/1.1"


def test_istioctl_is_given_no_proxy(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.test")
    program = programs.add("istioctl", 'echo "$NO_PROXY $no_proxy"')
    cluster = cast(Cluster, SimpleNamespace(api=SimpleNamespace(folder=tmp_path, arguments=[])))
    assert run_istioctl(cluster, program, "version").strip() == "* *"


def test_voters_and_knocks_come_directly(server: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canary_conformance.stages.closed_ingress.LIMITS", Timeouts(request=0.2))
    Voter(url_of(server)).with_patience(0.2).open_page()
    assert asked_of(server) == "GET / HTTP/1.1"
    knock(url_of(server))
    assert asked_of(server) == "GET / HTTP/1.1"

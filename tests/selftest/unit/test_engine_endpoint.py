"""Where the container engine listens: ports that it maps are reached at the same host."""

import socket
from typing import Any

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.images import engine_endpoint
from canary_conformance.images.engine_endpoint import endpoint, engine_host, listening_address
from tests.selftest.support import Programs


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("unix:///var/run/docker.sock", None),
        ("unix:///home/u/.colima/default/docker.sock", None),
        ("npipe:////./pipe/docker_engine", None),
        ("tcp://127.0.0.1:2375", None),
        ("tcp://[::1]:2375", None),
        ("tcp://localhost:2375", None),
        ("", None),
        ("tcp://docker:2376", "docker"),
        ("tcp://192.0.2.7:2376", "192.0.2.7"),
        ("ssh://me@build.example.test:2222", "build.example.test"),
    ],
)
def test_the_engines_host_is_that_of_its_address(address: str, host: str | None) -> None:
    assert engine_host(address) == host


def test_the_clients_context_names_the_engine(programs: Programs) -> None:
    programs.add("docker", "echo ssh://me@build.example.test")
    assert endpoint() == "ssh://me@build.example.test"
    programs.add("docker", "exit 1")
    assert endpoint() == ""


def test_an_engine_elsewhere_listens_at_its_hosts_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("2001:db8::7", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.7", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert listening_address("docker") == "192.0.2.7"
    del found[1]
    assert listening_address("docker") == "2001:db8::7"


def test_a_host_that_does_not_resolve_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(BadInput, match="the host of the container engine, docker, does not resolve"):
        listening_address("docker")


@pytest.mark.parametrize(
    ("has", "listens"), [({"127.0.0.1", "::1"}, "127.0.0.1"), ({"::1"}, "::1"), (set(), "127.0.0.1")]
)
def test_an_engine_here_listens_on_the_loopback_that_there_is(
    monkeypatch: pytest.MonkeyPatch, has: set[str], listens: str
) -> None:
    monkeypatch.setattr(engine_endpoint, "_is_here", has.__contains__)
    assert listening_address(None) == listens


def test_this_machine_has_a_loopback() -> None:
    assert engine_endpoint._is_here("127.0.0.1") or engine_endpoint._is_here("::1")
    assert not engine_endpoint._is_here("192.0.2.1")

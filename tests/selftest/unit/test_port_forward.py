"""A port-forward passes each connection on in both directions, and resets one that the pod refuses."""

import contextlib
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster import port_forward as module
from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import DATA, ERROR, PodName
from canary_conformance.cluster.port_forward import PortForward

PORT = b"\x90\x1f"


class Session:
    """One end of an open port: what the pod answers to is upper case; "refuse" is an error of its own."""

    def __init__(self) -> None:
        ours, self._pods = socket.socketpair()
        self.sock = SimpleNamespace(sock=ours, shutdown=self._end)
        self._waiting = {DATA: PORT, ERROR: PORT}
        self._open = True

    def write_channel(self, _: int, data: bytes) -> None:
        channel = ERROR if data == b"refuse" else DATA
        self._waiting[channel] = self._waiting.get(channel, b"") + data.upper()
        self._open = data != b"end"
        self._pods.send(b"x")

    def read_channel(self, channel: int, timeout: float) -> bytes:
        assert timeout == 0
        return self._waiting.pop(channel, b"")

    def is_open(self) -> bool:
        return self._open

    def _end(self) -> None:
        self.sock.sock.close()
        self._pods.close()


@pytest.fixture
def forward(monkeypatch: pytest.MonkeyPatch) -> Iterator[PortForward]:
    monkeypatch.setattr(module, "open_port", lambda *_: Session())
    with contextlib.closing(PortForward(cast(Api, None), PodName("n", "p"), 8080)) as forward:
        yield forward


def connect(forward: PortForward) -> socket.socket:
    return socket.create_connection(("127.0.0.1", forward.number), timeout=5)


def test_bytes_are_passed_on_in_both_directions(forward: PortForward) -> None:
    with connect(forward) as one, connect(forward) as other:
        for sent in (b"get", b"post"):
            one.sendall(sent)
            assert one.recv(100) == sent.upper()
        other.sendall(b"other")
        assert other.recv(100) == b"OTHER"


def test_what_the_pod_sends_last_comes_before_the_end(forward: PortForward) -> None:
    with connect(forward) as client:
        client.sendall(b"end")
        assert client.recv(100) == b"END"
        assert client.recv(100) == b""


def test_a_connection_that_the_pod_refuses_is_reset(forward: PortForward) -> None:
    with connect(forward) as client:
        client.sendall(b"refuse")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_a_connection_that_the_api_server_refuses_is_reset(
    forward: PortForward, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise ApiException(403)

    monkeypatch.setattr(module, "open_port", refuse)
    with pytest.raises(ConnectionResetError), connect(forward) as client:
        client.recv(100)


def test_a_closed_one_takes_no_more_connections(forward: PortForward) -> None:
    forward.close()
    with pytest.raises(ConnectionRefusedError):
        connect(forward)

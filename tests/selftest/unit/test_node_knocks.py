"""A request for a page that is made in the node ends as its connection did."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from canary_conformance.cluster import network_exposure
from canary_conformance.cluster.base import Address
from canary_conformance.cluster.network_exposure import knock_in_node
from canary_conformance.errors import NotJudged
from canary_conformance.processes import find_program
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.timeouts import Timeouts
from tests.selftest.support import Programs

LOOPBACK = "127.0.0.1"
needs_bash = pytest.mark.skipif(
    find_program("bash") is None or find_program("timeout") is None, reason="no bash, or no timeout"
)


def answer(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n")


def close(connection: socket.socket) -> None:
    connection.recv(1000)


def reset(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def server(ends: Callable[[socket.socket], None]) -> Iterator[Address]:
    with socket.create_server((LOOPBACK, 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                ends(connection)

        # A daemon: where nobody connects, the test fails instead of waiting for it.
        threading.Thread(target=serve, daemon=True).start()
        yield Address(*listening.getsockname())


@pytest.fixture
def node(programs: Programs) -> Programs:
    """A node that is this machine: what is executed in it is executed here."""
    programs.add("docker", '[ "$1 $2" = "exec ours" ] || exit 1; shift 2; exec "$@"')
    return programs


def knocked(address: Address) -> Reply:
    (reply,) = knock_in_node("ours", [address])
    return reply


@needs_bash
@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("ends", "kind"), [(answer, ReplyKind.ANSWERED), (close, ReplyKind.CLOSED), (reset, ReplyKind.RESET)]
)
def test_how_a_server_ends_a_connection_is_seen(
    ends: Callable[[socket.socket], None], kind: ReplyKind
) -> None:
    with server(ends) as address:
        reply = knocked(address)
    assert reply.kind is kind
    assert reply.received.startswith(b"HTTP/1.1 404" if kind is ReplyKind.ANSWERED else b"")


@needs_bash
@pytest.mark.usefixtures("node")
def test_a_port_that_nobody_listens_at_is_refused() -> None:
    with socket.create_server((LOOPBACK, 0)) as listening:
        address = Address(*listening.getsockname())
    assert knocked(address).kind is ReplyKind.REFUSED


@needs_bash
@pytest.mark.usefixtures("node")
def test_a_server_that_accepts_and_is_silent_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_exposure, "LIMITS", Timeouts(request=0.2))
    with socket.create_server((LOOPBACK, 0)) as listening:
        assert knocked(Address(*listening.getsockname())).kind is ReplyKind.TIMED_OUT


def test_what_can_not_be_run_is_not_judged(node: Programs) -> None:
    node.add("docker", "echo 'No such container: ours' >&2; exit 1")
    with pytest.raises(NotJudged, match=r"nothing can be tried in the node: (.*\n)*.*No such container"):
        knocked(Address(LOOPBACK, 1))

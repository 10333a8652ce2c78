"""A link from a cut-off network to this machine, where the engine listens as one on another host would."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS
from tools.no_route.cut_off_network import CutOff
from tools.no_route.loopback_relay import serving

SOCKET = "/var/run/docker.sock"
# RFC 5737, of another block than the cut-off network's own address.
_HERE, _THERE, _LENGTH = "203.0.113.1", "203.0.113.2", 30


@contextlib.contextmanager
def linked_engine(network: CutOff) -> Iterator[str]:
    """Yield the engine's address as the network has it, "tcp://203.0.113.1:40123".

    The engine's address is this machine's end of the link, so that ports are mapped there. Raises
    CommandFailed.
    """
    link = f"no-route-{network.holder}"[:15]
    _ip("link", "add", link, "type", "veth", "peer", "name", "engine", "netns", str(network.holder))
    try:
        _ip("address", "add", f"{_HERE}/{_LENGTH}", "dev", link)
        _ip("link", "set", link, "up")
        network.run("ip", "address", "add", f"{_THERE}/{_LENGTH}", "dev", "engine")
        network.run("ip", "link", "set", "engine", "up")
        listening = socket.create_server((_HERE, 0), backlog=128)
        with serving(listening, _to_engine):
            yield f"tcp://{_HERE}:{listening.getsockname()[1]}"
    finally:
        _ip("link", "delete", link)


def _to_engine(_: socket.socket) -> socket.socket:
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(SOCKET)
    return engine


def _ip(*words: str) -> None:
    run(["ip", *words], limit=LIMITS.command)

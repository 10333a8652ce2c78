"""A relay from one network namespace's loopback to this one's, as Docker Desktop forwards mapped ports.

It accepts each connection before it knows whether anything listens behind it, and closes it where nothing
does: so a port that nobody listens at looks open for a moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from canary_conformance.errors import EnvironmentFailed

Lead = Callable[[socket.socket], socket.socket]
"""Connects to where an accepted connection leads. Raises OSError where nothing answers there."""
LOOPBACK = "127.0.0.1"
# The port in the other namespace to which its connections to loopback are redirected.
PORT = 15001
# linux/netfilter_ipv4.h: where a redirected connection wanted to go.
SO_ORIGINAL_DST = 80
_CLONE_NEWNET = 0x40000000
_MOST_AT_ONCE = 1 << 16


@contextlib.contextmanager
def relaying(namespace: Path) -> Iterator[None]:
    """Relay connections in a network namespace to the same port of this one's loopback, until the end.

    Args:
        namespace: The file of the namespace, "/proc/PID/ns/net".

    Raises:
        EnvironmentFailed: The namespace can't be entered.
    """
    with serving(_listening_in(namespace), _wanted):
        yield


@contextlib.contextmanager
def serving(listening: socket.socket, lead: Lead) -> Iterator[None]:
    """Pass on each connection to a listening socket, in threads, and take no more of them at the end."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=_relay, args=(client, lead), daemon=True).start()

    threading.Thread(target=accept, name="relay", daemon=True).start()
    try:
        yield
    finally:
        # A blocked accept() ends by this alone.
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _listening_in(namespace: Path) -> socket.socket:
    """Return a socket that listens in another network namespace: a socket stays where it was made."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open(namespace, os.O_RDONLY)
    try:
        _enter(other)
        try:
            return socket.create_server((LOOPBACK, PORT), backlog=128)
        finally:
            _enter(own)
    finally:
        os.close(own)
        os.close(other)


def _enter(namespace: int) -> None:
    """Move this thread into a network namespace, by setns(2); Python has it from 3.12 on."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(namespace, _CLONE_NEWNET) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise EnvironmentFailed(f"a network namespace can't be entered: {reason}")


def _wanted(client: socket.socket) -> socket.socket:
    """Connect to the port of this namespace that a redirected connection wanted to go to."""
    address = client.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    return socket.create_connection((LOOPBACK, struct.unpack("!2xH12x", address)[0]))


def _relay(client: socket.socket, lead: Lead) -> None:
    """Pass on all that comes on two connections to the other one, until both have ended."""
    with client, contextlib.suppress(OSError), lead(client) as server:
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Pass on all that comes, and how it ends: in order, or broken off."""
    try:
        while part := source.recv(_MOST_AT_ONCE):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

"""A relay from one network namespace's loopback to this one's, as Docker Desktop forwards mapped ports.

It accepts each connection before it knows whether anything listens behind it, and closes it where nothing
does: so a port that nobody listens at looks open for a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import queue
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.timeouts import LIMITS

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = "127.0.0.1"
# The port in the other namespace to which its connections to loopback are redirected.
PORT = 15001
# linux/netfilter_ipv4.h: where a redirected connection wanted to go.
SO_ORIGINAL_DST = 80
_CLONE_NEWNET = 0x40000000
_MOST_AT_ONCE = 1 << 16
# A loop holds its tasks weakly (Python: asyncio.create_task).
_OPEN: set[asyncio.Task[object] | None] = set()


@contextlib.contextmanager
def relaying(namespace: Path) -> Iterator[None]:
    """Relay connections in a network namespace to the same port of this one's loopback, until the end.

    Args:
        namespace: The file of the namespace, "/proc/PID/ns/net".

    Raises:
        EnvironmentFailed: The namespace can't be entered.
    """
    with serving(_listening_in(namespace), _relay):
        yield


@contextlib.contextmanager
def serving(listening: socket.socket, answer: Answer) -> Iterator[None]:
    """Answer each connection to a listening socket in a thread, until the end, when open ones break off."""
    started: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def serve() -> None:
        server, ending = await asyncio.start_server(answer, sock=listening), asyncio.Event()
        started.put((asyncio.get_running_loop(), ending))
        await ending.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="relay", daemon=True)
    thread.start()
    loop, ending = started.get(timeout=LIMITS.command)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(LIMITS.traffic_stop)


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


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    wanted: bytes = writer.get_extra_info("socket").getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    port = struct.unpack("!2xH12x", wanted)[0]
    try:
        there, back = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        writer.close()
        return
    await pass_both_ways(reader, writer, there, back)


async def pass_both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    back: asyncio.StreamWriter,
) -> None:
    """Pass on all that comes on two connections to the other one, until both have ended."""
    task = asyncio.current_task()
    _OPEN.add(task)
    try:
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
    finally:
        writer.close()
        back.close()
        _OPEN.discard(task)


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on all that comes, and how it ends: in order, or broken off."""
    try:
        while part := await source.read(_MOST_AT_ONCE):
            target.write(part)
            await target.drain()
        target.write_eof()
    except OSError:
        target.transport.abort()

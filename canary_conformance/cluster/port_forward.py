"""A port of this machine that leads to a port of a pod through the API server (kubectl: "port-forward").

For where nothing else leads into the cluster: each connection is one websocket, in a thread of its own.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading

from kubernetes.stream.ws_client import WSClient
from websocket import WebSocketException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import (
    DATA,
    UNANSWERED,
    PodName,
    PortChannels,
    end_session,
    open_port,
)

BACKLOG = 128
CHUNK = 65536
# Milliseconds after which it is looked whether the API server has closed a connection.
LOOK = 1000
# A socket that is closed with this is reset, which is how its other end learns of a refusal.
RESET = struct.pack("ii", 1, 0)


class PortForward:
    """Listens on loopback, and passes each connection on to a port of a pod until it is closed."""

    def __init__(self, api: Api, pod: PodName, port: int) -> None:
        """Listen from now on."""
        self.pod = pod
        self._api = api
        self.target = port
        self._server = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self.number = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # A blocked accept() ends by this alone.
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                session = open_port(self._api, self.pod, self.target)
            except (*UNANSWERED, WebSocketException):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return
            try:
                _pass_on(client, session)
            except OSError:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            finally:
                end_session(session)


def _pass_on(client: socket.socket, session: WSClient) -> None:
    """Pass bytes on in both directions until one end closes. Raises OSError."""
    channels, poll = PortChannels(session), select.poll()
    poll.register(client, select.POLLIN)
    poll.register(session.sock.sock, select.POLLIN)
    while True:
        ready = {number for number, _ in poll.poll(LOOK)}
        if client.fileno() in ready:
            sent = client.recv(CHUNK)
            if not sent:
                return
            session.write_channel(DATA, sent)
        while received := channels.read(0):
            client.sendall(received)
        if not session.is_open():
            return

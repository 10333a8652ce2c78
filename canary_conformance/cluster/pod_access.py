"""Two ways into a pod, both through the API server: a command in a container, a port on the pod's loopback.

Neither needs a shell, a program or a route to the pod. Both are one websocket with channels (Kubernetes:
pods/exec and pods/portforward), read in the caller's own thread: the client library's port-forward has a
thread of its own that leaves its socket open when the pod goes away.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from kubernetes.client.exceptions import ApiException
from kubernetes.stream import ws_client
from kubernetes.stream.ws_client import WSClient
from urllib3.exceptions import HTTPError
from websocket import WebSocket

from canary_conformance.cluster.api import Api
from canary_conformance.errors import NotJudged
from canary_conformance.timeouts import LIMITS

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The security context of a container (Kubernetes: "Pod Security Standards", Restricted)."""


UNANSWERED = (OSError, HTTPError, ApiException)
"""What the API's client and the sockets raise where nothing answers."""

DATA, ERROR = 0, 1
STDOUT, STDERR = 1, 2


class _Limited(WebSocket):
    """Gives up where the server accepts the connection and stays silent: WSClient has no limit for that.

    The only proxy that it takes is the kubeconfig's: the environment's is for the outside.
    """

    def connect(self, url: str, **options: Any) -> None:
        """Connect, each answer within LIMITS.exec_in_pod seconds."""
        if "http_proxy_host" not in options:
            # The library looks for exceptions only where it is given a proxy.
            options |= {"http_proxy_host": "none", "http_no_proxy": ["*"]}
        options = {"timeout": LIMITS.exec_in_pod, **options}
        super().connect(url, **options)  # type: ignore[no-untyped-call]


# The library has no option for it.
ws_client.WebSocket = _Limited


@dataclass(frozen=True, slots=True, order=True)
class PodName:
    """A pod by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}.{self.namespace}"


def run_in_pod(api: Api, pod: PodName, container: str, command: Sequence[str]) -> str:
    """Run a command in a running container and return its standard output.

    Raises NotJudged when it can't be run or ends with an error; the message holds what it wrote.
    """
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    try:
        session = _session(api, pod, "exec", [*query, *(("command", word) for word in command)])
    except Exception as error:
        raise NotJudged(f"nothing can be run in {container} of pod {pod}: {error}") from error
    with contextlib.ExitStack() as ending:
        ending.callback(end_session, session)
        session.run_forever(timeout=LIMITS.exec_in_pod)
        output, errors = (session.read_channel(one).decode(errors="replace") for one in (STDOUT, STDERR))
        try:
            exit_code = session.returncode
        except ValueError as error:
            # The library takes every failure for a command's own; this one never came to run.
            raise NotJudged(f"nothing can be run in {container} of pod {pod}: {error}") from error
        if exit_code != 0:
            ended = "did not end in time" if exit_code is None else f"ended with {exit_code}"
            raise NotJudged(f"{command[0]} in {container} of pod {pod} {ended}: {errors or output}")
    return str(output)


class OtherAnswer(ConnectionError):
    """A pod answered with another status than 200."""

    def __init__(self, pod: PodName, path: str, status: int) -> None:
        super().__init__(f"{path} of pod {pod} answered {status}")
        self.status = status


class PodPort:
    """An HTTP port on a pod's loopback, kept open between requests and opened again when it broke."""

    def __init__(self, api: Api, pod: PodName, port: int) -> None:
        """Name the port; nothing is opened yet."""
        self.pod = pod
        self._api = api
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> bytes:
        """Return the body of `GET path`. Raises OSError when the pod can't be reached, OtherAnswer."""
        kept = self._connection is not None
        try:
            return self._get(path)
        except OSError:
            # A kept connection may have been dropped while it was idle; a fresh one that breaks is an
            # answer.
            self.close()
            if not kept:
                raise
            return self._get(path)

    def get_json(self, path: str) -> Any:
        """Return the parsed body of `GET path`. Raises OSError."""
        return json.loads(self.get(path))

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _get(self, path: str) -> bytes:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("localhost")
                self._connection.sock = _PodSocket(self._api, self.pod, self._port)
            self._connection.request("GET", path)
            response = self._connection.getresponse()
            body = response.read()
        except OSError:
            raise
        except Exception as error:
            raise ConnectionError(f"port {self._port} of pod {self.pod}: {error}") from error
        if response.status != 200:
            raise OtherAnswer(self.pod, path, response.status)
        return body


class _PodSocket:
    """What http.client needs of a socket, over one websocket."""

    def __init__(self, api: Api, pod: PodName, port: int) -> None:
        self._session = open_port(api, pod, port)
        self._reader = _Reader(self._session)

    def sendall(self, data: bytes) -> None:
        self._session.write_channel(DATA, bytes(data))

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(self._reader)

    def close(self) -> None:
        end_session(self._session)


class PortChannels:
    """The channels of an open port; the first two bytes of each name the port and are no data."""

    def __init__(self, session: WSClient) -> None:
        """Read nothing yet."""
        self._session = session
        self._to_skip = {DATA: 2, ERROR: 2}

    def read(self, timeout: float) -> bytes:
        """Return what came within these seconds. Raises ConnectionResetError with the pod's own reason."""
        if error := self._read(ERROR, 0):
            raise ConnectionResetError(error.decode(errors="replace"))
        return self._read(DATA, timeout)

    def _read(self, channel: int, timeout: float) -> bytes:
        received: bytes = self._session.read_channel(channel, timeout=timeout)
        skipped = min(self._to_skip[channel], len(received))
        self._to_skip[channel] -= skipped
        return received[skipped:]


class _Reader(io.RawIOBase):
    """The bytes of the data channel."""

    def __init__(self, session: WSClient) -> None:
        self._session = session
        self._pending = b""
        self._channels = PortChannels(session)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        deadline = time.monotonic() + LIMITS.exec_in_pod
        while not self._pending:
            left = deadline - time.monotonic()
            self._pending = self._channels.read(max(left, 0))
            if not self._pending and (left <= 0 or not self._session.is_open()):
                return 0
        count = min(len(buffer), len(self._pending))
        buffer[:count], self._pending = self._pending[:count], self._pending[count:]
        return count

    def close(self) -> None:
        """Stay open: http.client closes the file of each response, but the connection goes on."""


def open_port(api: Api, pod: PodName, port: int) -> WSClient:
    """Open a connection to a port on a pod's loopback. Raises as WSClient does."""
    return _session(api, pod, "portforward", [("ports", str(port))])


def end_session(session: WSClient) -> None:
    """Close a session's socket at once; its own close() leaves it open when the server closed first."""
    if session.sock is not None:
        session.sock.shutdown()


def _session(api: Api, pod: PodName, what: str, query: Sequence[tuple[str, str]]) -> WSClient:
    configuration = api.client.configuration
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/{what}?{urlencode(query)}"
    token = configuration.get_api_key_with_prefix("BearerToken", "authorization")
    headers = {"authorization": token} if token else {}
    url = configuration.host.replace("http", "ws", 1) + path
    return WSClient(configuration, url, headers, capture_all=False, binary=True)

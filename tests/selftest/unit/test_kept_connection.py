"""A voter's connection is kept, given up for a new one when the server has left, and ends with the voter."""

import contextlib
import gc
import socket
import threading
from typing import Self

import pytest
import requests

from canary_conformance.traffic.kept_connection import KeptConnection
from canary_conformance.traffic.voter import Voter
from canary_conformance.voting.feature_flag import FLAG
from tests.selftest.support import SeenRequest, Site

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"
LIMIT = 10.0
GET = requests.Request("GET", "http://voting.test/").prepare()


class Scripted:
    """A server that answers the requests of each connection by a script, and leaves when it ends."""

    def __init__(self, *scripts: tuple[bytes, ...]) -> None:
        self._scripts = scripts
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.ended = [threading.Event() for _ in scripts]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _serve(self) -> None:
        for script, ended in zip(self._scripts, self.ended, strict=True):
            connection, _ = self._listening.accept()
            with connection:
                for answer in script:
                    connection.recv(65536)
                    connection.sendall(answer)
                if not script[-1]:
                    connection.recv(65536)
            ended.set()


def test_a_server_that_left_is_asked_on_a_new_connection() -> None:
    with Scripted((ANSWER,), (ANSWER,)) as server:
        connection = KeptConnection(server.address, "")
        for ended in server.ended:
            assert connection.send(GET, timeout=LIMIT).text == "page"
            ended.wait(LIMIT)
        connection.close()


def test_requests_share_a_connection() -> None:
    with Scripted((ANSWER, ANSWER, ANSWER)) as server:
        connection = KeptConnection(server.address, "")
        assert [connection.send(GET, timeout=LIMIT).content for _ in range(3)] == [b"page"] * 3


def test_each_request_has_a_limit_of_its_own() -> None:
    with Scripted((ANSWER, b"")) as server:
        connection = KeptConnection(server.address, "")
        connection.send(GET, timeout=LIMIT)
        with pytest.raises(requests.Timeout, match=r"no answer within 0\.1 s"):
            connection.send(GET, timeout=0.1)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npag", "IncompleteRead"),
        (b"+PONG\r\n", "BadStatusLine"),
    ],
)
def test_what_is_no_whole_answer_is_none(answer: bytes, told: str) -> None:
    with Scripted((answer,)) as server, pytest.raises(requests.ConnectionError, match=told):
        KeptConnection(server.address, "").send(GET, timeout=LIMIT)


def test_after_a_failure_the_next_request_has_a_new_connection() -> None:
    with Scripted((b"+PONG\r\n",), (ANSWER,)) as server:
        connection = KeptConnection(server.address, "")
        with pytest.raises(requests.ConnectionError):
            connection.send(GET, timeout=LIMIT)
        assert connection.send(GET, timeout=LIMIT).text == "page"
        connection.close()


def test_a_connection_ends_with_its_voter() -> None:
    with Scripted((ANSWER, b"")) as server:
        voter = Voter(f"http://{server.address}/")
        voter.open_page()
        del voter
        gc.collect()
        assert server.ended[0].wait(LIMIT)


def test_whoever_a_vote_leads_to_does_not_get_the_cookie() -> None:
    class Elsewhere(Site):
        def answer(self, _: SeenRequest) -> tuple[int, str, dict[str, str]]:
            return 302, "", {"Location": other.url}

    with Site() as other, Elsewhere() as site:
        (page,) = Voter(site.url, flag=FLAG).with_flag().vote("Cats")
    assert page.whole
    assert [request.cookie for request in site.requests] == [FLAG]
    assert [request.cookie for request in other.requests] == [None]


class Trickling:
    """A server whose answer comes a byte at a time, each in time, and would take ten seconds."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._left = threading.Event()
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not self._left.wait(0.01):
                connection.sendall(b"p")


def test_an_answer_that_trickles_is_no_answer_in_time() -> None:
    with Trickling() as server, pytest.raises(requests.Timeout, match="no answer within"):
        KeptConnection(server.address, "").send(GET, timeout=0.1)

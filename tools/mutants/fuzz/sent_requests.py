"""Requests sent as they are written, side by side over kept connections, and what came back of each."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.page import read_page
from canary_conformance.voting.contract import NEW, OLD
from tools.mutants.fuzz.random_requests import Sent
from tools.mutants.fuzz.traced_routes import ROUTE, SUBSET

_SIDE_BY_SIDE = 16
# Envoy adds it to what an upstream answered, and to none of its own answers.
_UPSTREAM = "x-envoy-upstream-service-time"
_STORES = {"redis": OLD.page, "mysql": NEW.page}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class CameBack:
    """An answer: its status, the route and subset that it names, and the version that its page shows.

    Attributes:
        status: None where no answer came; `error` is why.
        upstream: whether a pod answered, and not the gateway itself.
        page: "voting-app 2.0", "" where the answer is no page.
    """

    status: int | None
    upstream: bool = False
    route: str = ""
    subset: str = ""
    page: str = ""
    error: str = ""

    def __str__(self) -> str:
        if self.status is None:
            return f"no answer ({self.error})"
        by = "a pod" if self.upstream else "the gateway"
        named = ", ".join(text for text in (self.route, self.subset, self.page) if text)
        return f"{self.status} from {by}{f' by {named}' if named else ''}"


def send_all(address: str, requests: Sequence[Sent]) -> list[CameBack]:
    """Send each request once to host:port, and return the answers in the same order."""
    own = threading.local()
    with contextlib.ExitStack() as opened, ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:

        def send(sent: Sent) -> CameBack:
            if not hasattr(own, "connection"):
                own.connection = http.client.HTTPConnection(address, timeout=LIMITS.request)
                opened.callback(own.connection.close)
            return _came_back(own.connection, address, sent)

        return list(pool.map(send, requests, chunksize=1))


def _came_back(connection: http.client.HTTPConnection, address: str, sent: Sent) -> CameBack:
    try:
        connection.putrequest(sent.method, sent.path, skip_host=True, skip_accept_encoding=True)
        named = {name for name, _ in sent.headers}
        for name, text in (*([] if "host" in named else [("host", address)]), *sent.headers):
            connection.putheader(name, text.encode())
        if sent.method in _WITH_BODY:
            connection.putheader("content-length", "0")
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return CameBack(None, error=f"{type(error).__name__}: {error}")
    page = _STORES.get(read_page(body.decode(errors="replace")).store, "") if answer.status == 200 else ""
    header = {name: answer.headers.get(name, "") for name in (_UPSTREAM, ROUTE, SUBSET)}
    return CameBack(answer.status, bool(header[_UPSTREAM]), header[ROUTE], header[SUBSET], page)

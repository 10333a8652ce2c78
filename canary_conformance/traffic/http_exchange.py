"""One request over HTTP, sent once, and the page that answers it."""

from __future__ import annotations

import time

import requests

from canary_conformance.scenario.observations import Page, Sent
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.page import page_of, page_without_answer

_OF_EVERY_CLIENT = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "user-agent"}
)


def send(
    session: requests.Session,
    request: requests.PreparedRequest,
    limit: float | None = None,
    *,
    follow: bool = True,
) -> Page:
    """Send a request once and read the page; follow: go where a redirect leads.

    limit: seconds for each answer (LIMITS.request).
    A transport failure is a page with an error.
    """
    return exchange(session, request, limit, follow=follow)[0]


def exchange(
    session: requests.Session,
    request: requests.PreparedRequest,
    limit: float | None = None,
    *,
    follow: bool = True,
) -> tuple[Page, requests.Response | None]:
    """Send a request as send() does; return the page and the answer it was read from, None without one."""
    path, sent = request.path_url, _sent(request)
    started = time.monotonic()
    try:
        answer = session.send(request, timeout=limit or LIMITS.request, allow_redirects=follow)
    except requests.RequestException as error:
        reason = f"{type(error).__name__}: {error}"
        carried = str(session.headers.get("Cookie", ""))
        took = time.monotonic() - started
        late = isinstance(error, requests.Timeout)
        failed = page_without_answer(
            reason, cookie=carried, sent_at=started, took=took, path=path, timed_out=late, sent=sent
        )
        return failed, None
    page = page_of(
        answer.text,
        status=answer.status_code,
        cookie=answer.request.headers.get("Cookie", ""),
        sent_at=started,
        took=time.monotonic() - started,
        path=path,
        sent=sent,
    )
    return page, answer


def _sent(request: requests.PreparedRequest) -> Sent:
    """Return a request as a reader sends it again, without what every client sends."""
    headers = [(name.lower(), str(value)) for name, value in request.headers.items()]
    own = tuple(one for one in headers if one[0] not in _OF_EVERY_CLIENT)
    body = request.body.decode(errors="replace") if isinstance(request.body, bytes) else request.body or ""
    return Sent(request.method or "GET", request.path_url, own, str(body))


def plain_session() -> requests.Session:
    """Return a session with an empty jar."""
    session = requests.Session()
    # Proxies and netrc of the user are for the outside; the gateway is on this machine.
    session.trust_env = False
    return session

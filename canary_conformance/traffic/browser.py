"""A browser without a script engine: a cookie jar, and the page's own controls. Source: R4.6."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from bs4 import BeautifulSoup

from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.traffic.control_requests import ControlRequest, NothingToPress, request_for
from canary_conformance.traffic.controls import contract_path
from canary_conformance.traffic.http_exchange import exchange, plain_session
from canary_conformance.traffic.page import page_without_answer, parse_html

SET, CLEAR = "set", "clear"


class Browser:
    """A voter with a cookie jar: what the page sets, the next request carries."""

    def __init__(self, url: str, session: requests.Session) -> None:
        """Use a session of its own, see browser()."""
        self.url = url
        self._session = session
        self._shown: tuple[BeautifulSoup, str] | None = None

    @property
    def cookies(self) -> dict[str, str]:
        """The jar's cookies by name."""
        return {cookie.name: cookie.value or "" for cookie in self._session.cookies}

    def open_page(self, times: int = 1) -> Sample[Page]:
        """Open the page so many times, one by one."""
        return self._sample(tuple(self._open() for _ in range(times)))

    def set_flag(self) -> Sample[Page]:
        """Press the page's own control that sets the feature flag; the answer is the page it leads to.

        Where the page has none, the answer is a failed page that says so. A page is opened first, where none
        is shown.
        """
        return self._press(SET)

    def clear_flag(self) -> Sample[Page]:
        """Press the page's own control that clears the feature flag, as set_flag() does."""
        return self._press(CLEAR)

    def _press(self, word: str) -> Sample[Page]:
        if self._shown is None:
            self._open()
        try:
            request = self._request(word)
        except NothingToPress as nothing:
            failed = page_without_answer(
                str(nothing), cookie="", sent_at=time.monotonic(), took=0.0, path=contract_path(word)
            )
            return self._sample((failed,))
        page = self._send(requests.Request(request.method, request.url, **_payload(request)))
        return self._sample((page,), f" after {word!r} was pressed ({request.way})")

    def _request(self, word: str) -> ControlRequest:
        if self._shown is None:
            raise NothingToPress("no page was shown on which anything could be pressed")
        shown, url = self._shown
        return request_for(word, shown, url)

    def _open(self) -> Page:
        return self._send(requests.Request("GET", self.url.rstrip("/") + "/"))

    def _send(self, request: requests.Request) -> Page:
        page, answer = exchange(self._session, self._session.prepare_request(request))
        self._shown = (parse_html(answer.text), answer.url) if answer is not None else None
        return page

    def _sample(self, pages: tuple[Page, ...], pressed: str = "") -> Sample[Page]:
        cookies = self.cookies or "none"
        return Sample(pages, f"{len(pages)} pages of a browser with the cookies {cookies}{pressed}")


@contextmanager
def browser(url: str) -> Iterator[Browser]:
    """Yield a browser with an empty jar."""
    with plain_session() as session:
        yield Browser(url, session)


def _payload(request: ControlRequest) -> dict[str, list[tuple[str, str]]]:
    """Return the fields where the method has them: in a POST's body, in a GET's address."""
    fields = list(request.fields)
    if not fields:
        return {}
    return {"data" if request.method == "POST" else "params": fields}

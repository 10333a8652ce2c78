"""A voter outside the cluster: opens the page at the ingress gateway, votes, and may carry the flag.

A voter keeps connections, as browsers do: the gateway chooses a route and a pod for each request, not for
each connection, so nothing is hidden by it. Cookies are sent as raw headers.
"""

from __future__ import annotations

import collections
import copy
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests

from canary_conformance.errors import RequirementFailed
from canary_conformance.progress import Progress
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.kept_connection import KeptConnection
from canary_conformance.traffic.page import page_of, page_without_answer
from canary_conformance.waiting import NotInTime

# Two cores limit a sample, and a good part of what a page costs them is waking up threads and processes: with
# many pages at once each of them finds more to do.
SIDE_BY_SIDE = 32
# As many pages in a row without any answer are no matter of routes, and worth a look at the environment.
UNANSWERED = 16


def do_nothing() -> None:
    """Do nothing: for voters that nobody watches over."""


class Voter:
    """Opens pages at one address.

    Always with the same raw cookie header (none by default) and extra headers.
    """

    def __init__(
        self,
        url: str,
        cookie: str = "",
        headers: dict[str, str] | None = None,
        flag: str = "",
        progress: Progress | None = None,
        when_unanswered: Callable[[], None] = do_nothing,
    ) -> None:
        """Name the page's address and what is sent.

        Args:
            url: The page's address.
            cookie: The raw Cookie header, "" for none.
            headers: Other headers.
            flag: The raw Cookie header that carries the feature flag: see with_flag().
            progress: What reports how far long samples are.
            when_unanswered: Is called where a sample has had no answer at all UNANSWERED times in a row, and
                may raise for what the environment did. The sample ends there, as RequirementFailed of the
                requirement that it was for: the rest of a thousand pages would each wait for LIMITS.request.
        """
        self.url = url
        self.cookie = cookie
        self._flag = flag
        self._progress = progress or Progress()
        self._when_unanswered = when_unanswered
        self._headers = dict(headers or {})
        self._own = threading.local()
        self._limit = LIMITS.request

    def with_patience(self, seconds: float) -> Voter:
        """Return a voter like this one who waits so long for a page."""
        patient = self._another()
        patient._limit = seconds
        return patient

    def with_cookie(self, cookie: str) -> Voter:
        """Return a voter like this one who sends this raw Cookie header."""
        other = self._another()
        other.cookie = cookie
        return other

    def with_flag(self) -> Voter:
        """Return a voter who carries the feature flag."""
        return self.with_cookie(self._flag)

    def aside(self) -> Voter:
        """Return a voter like this one who reports to nobody how far it is: phases are of one thread."""
        other = self._another()
        other._progress = Progress()
        return other

    def open_page(self, times: int = 1) -> Sample[Page]:
        """Open the page so many times, many side by side, each once: no failed request is repeated."""
        if times == 1:
            return self._sample((self._open(),))
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool, self._counted(times) as open_next:
            opened = [pool.submit(open_next) for _ in range(min(times, SIDE_BY_SIDE))]
            pages = [page for some in opened for page in some.result()]
        return self._sample(tuple(sorted(pages, key=lambda page: page.sent_at)))

    def open_page_one_by_one(self, times: int) -> Sample[Page]:
        """Open the page so many times, each when the one before is whole: idle pods are then a fair coin."""
        with self._counted(times) as open_next:
            return self._sample(tuple(open_next()))

    def vote(self, choice: str, times: int = 1) -> Sample[Page]:
        """Vote (Cats, Dogs or reset), one by one; each answer is the page that the vote leads to."""
        return self._sample(tuple(self._vote(choice) for _ in range(times)))

    def cast(self, choice: str) -> Page:
        """Vote and follow nowhere: the answer to the vote itself, 302 where it was counted."""
        return self._vote(choice, follow=False)

    def reset(self) -> Sample[Page]:
        """Clear the votes of the store that this voter's version uses."""
        return self.vote("reset")

    def _another(self) -> Voter:
        """Return a voter like this one, with connections of its own."""
        other = copy.copy(self)
        other._own = threading.local()
        return other

    def _open(self) -> Page:
        session = self._session()
        # Every page of a voter is asked for in the same words: making them anew is a third of a page's cost.
        asked: requests.PreparedRequest | None = getattr(self._own, "asked", None)
        if asked is None:
            asked = self._own.asked = session.prepare_request(requests.Request("GET", self._page()))
        return send(session, asked, self._limit)

    def _vote(self, choice: str, *, follow: bool = True) -> Page:
        session = self._session()
        request = requests.Request("POST", self._page(), data={"vote": choice})
        return send(session, session.prepare_request(request), self._limit, follow=follow)

    def _page(self) -> str:
        return self.url.rstrip("/") + "/"

    @contextmanager
    def _counted(self, times: int) -> Iterator[Callable[[], list[Page]]]:
        """Yield what opens the page until it was opened so many times in all, in whichever threads.

        Where one of them fails, or the block does, nobody takes one of the turns that are left.
        """
        turns, opened = iter(range(times)), itertools.count(1)
        unanswered = 0

        def open_next() -> list[Page]:
            nonlocal unanswered
            pages = []
            with _to_the_end_of(turns):
                # A thread that takes turns costs less than one that is handed each page.
                for _ in turns:
                    pages.append(self._open())
                    self._progress.detail(f"{next(opened)} of {times} pages")
                    unanswered = 0 if pages[-1].status else unanswered + 1
                    if unanswered >= UNANSWERED:
                        unanswered = 0
                        self._when_unanswered()
                        raise self._not_answered(pages[-1]) from self._too_late(pages[-1])
            return pages

        with self._progress.phase("opening pages", quiet=True, kept=False), _to_the_end_of(turns):
            yield open_next

    def _not_answered(self, last: Page) -> RequirementFailed:
        reason = f"{UNANSWERED} pages in a row had no answer, each within {self._limit:g} s"
        return RequirementFailed(f"{reason}, {self._carries()}; the last one: {last.error}")

    def _too_late(self, last: Page) -> NotInTime | None:
        """Return what ran out where a page was waited for; a refused connection is no matter of time."""
        window = (last.sent_at, last.sent_at + last.took)
        return NotInTime("a page", self._limit, None, window=window) if last.took >= self._limit else None

    def _carries(self) -> str:
        return f'with the cookie "{self.cookie}"' if self.cookie else "without a cookie"

    def _session(self) -> requests.Session:
        """Return this thread's session; requests does not promise that threads can share one."""
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = plain_session()
            cookie = {"Cookie": self.cookie} if self.cookie else {}
            session.headers.update({"Accept-Encoding": "identity", **self._headers, **cookie})
            session.mount(self._page(), KeptConnection(urlsplit(self.url).netloc, self.cookie))
            self._own.session = session
        return session

    def _sample(self, pages: tuple[Page, ...]) -> Sample[Page]:
        return Sample(pages, f"{len(pages)} pages {self._carries()}")


@contextmanager
def _to_the_end_of(turns: Iterator[int]) -> Iterator[None]:
    """Leave no turn over, however the block ends."""
    try:
        yield
    finally:
        collections.deque(turns, maxlen=0)


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
    path = request.path_url
    started = time.monotonic()
    try:
        answer = session.send(request, timeout=limit or LIMITS.request, allow_redirects=follow)
    except requests.RequestException as error:
        reason = f"{type(error).__name__}: {error}"
        sent = str(session.headers.get("Cookie", ""))
        took = time.monotonic() - started
        late = isinstance(error, requests.Timeout)
        failed = page_without_answer(
            reason, cookie=sent, sent_at=started, took=took, path=path, timed_out=late
        )
        return failed, None
    page = page_of(
        answer.text,
        status=answer.status_code,
        cookie=answer.request.headers.get("Cookie", ""),
        sent_at=started,
        took=time.monotonic() - started,
        path=path,
    )
    return page, answer


def plain_session() -> requests.Session:
    """Return a session with an empty jar."""
    session = requests.Session()
    # Proxies and netrc of the user are for the outside; the gateway is on this machine.
    session.trust_env = False
    return session

"""A voter outside the cluster: opens the page at the ingress gateway, votes, and may carry the flag.

A voter keeps connections, as browsers do: the gateway chooses a route and a pod for each request, not for
each connection, so nothing is hidden by it. Cookies are sent as raw headers.
"""

from __future__ import annotations

import collections
import copy
import itertools
import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import requests

from canary_conformance.errors import NotJudged, RequirementFailed
from canary_conformance.progress import Progress
from canary_conformance.scenario.observations import Ballot, Page, Sample
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.http_exchange import plain_session, send
from canary_conformance.traffic.kept_connection import KeptConnection
from canary_conformance.waiting import NotInTime

# Two cores limit a sample, and a good part of what a page costs them is waking up threads and processes: with
# many pages at once each of them finds more to do.
SIDE_BY_SIDE = 32
# As many pages in a row without any answer are no matter of routes, and worth a look at the environment.
UNANSWERED = 16
PAGES, VOTES = "pages", "votes"

# What was sent (a vote, "" for a page) and its answer.
Turn = tuple[str, Page]


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
        silences: MutableMapping[tuple[str, str], str] | None = None,
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
            silences: By Cookie header and what was sent (pages, votes), how a sample had no answer at all.
                Voters that share it take no second such sample: see expect_answers().
        """
        self.url = url
        self.cookie = cookie
        self._flag = flag
        self._progress = progress or Progress()
        self._when_unanswered = when_unanswered
        self._silences = {} if silences is None else silences
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
        self.expect_answers(PAGES)
        turns = _side_by_side(self._counted([""] * times, lambda _: self._open()), times)
        return self._sample(tuple(page for _, page in turns))

    def open_page_one_by_one(self, times: int) -> Sample[Page]:
        """Open the page so many times, each when the one before is whole: idle pods are then a fair coin."""
        self.expect_answers(PAGES)
        with self._counted([""] * times, lambda _: self._open()) as open_next:
            return self._sample(tuple(page for _, page in open_next()))

    def vote(self, choice: str, times: int = 1) -> Sample[Page]:
        """Vote (Cats, Dogs or reset), one by one; each answer is the page that the vote leads to."""
        self.expect_answers(VOTES, PAGES)
        return self._sample(tuple(self._vote(choice) for _ in range(times)))

    def cast(self, choice: str) -> Ballot:
        """Vote and follow nowhere: the answer is that to the vote itself, 302 where it was counted."""
        return Ballot(choice, self._vote(choice, follow=False))

    def cast_each(self, choices: Sequence[str]) -> Sample[Ballot]:
        """Cast these votes, many side by side, each once: none is repeated, whatever its answer."""
        self.expect_answers(VOTES)
        casting = self._counted(choices, lambda choice: self.cast(choice).answer, VOTES)
        ballots = tuple(Ballot(choice, page) for choice, page in _side_by_side(casting, len(choices)))
        return Sample(ballots, f"{len(ballots)} votes {self._carries()}")

    def reset(self) -> Sample[Page]:
        """Clear the votes of the store that this voter's version uses."""
        return self.vote("reset")

    def expect_answers(self, *kinds: str) -> None:
        """Expect that pages or votes with this cookie are answered at all: nobody asks in vain a second time.

        Raises:
            NotJudged: A sample of such pages, or votes, had no answer, by which a requirement failed.
        """
        for kind in kinds:
            if silence := self._silences.get((self.cookie, kind)):
                raise NotJudged(f"not asked, since voters get no answer: {silence}")

    def _another(self) -> Voter:
        """Return a voter like this one, with connections of its own."""
        other = copy.copy(self)
        other._own = threading.local()
        return other

    def _open(self) -> Page:
        return send(self._session(), self._prepared(""), self._limit)

    def _vote(self, choice: str, *, follow: bool = True) -> Page:
        return send(self._session(), self._prepared(choice), self._limit, follow=follow)

    def _prepared(self, choice: str) -> requests.PreparedRequest:
        """Return the request for a vote, "" for the page.

        A voter's requests are all in the same words: making them anew is a third of what a page costs.
        """
        session = self._session()
        prepared: dict[str, requests.PreparedRequest] = self._own.__dict__.setdefault("prepared", {})
        if choice not in prepared:
            vote = requests.Request("POST", self._page(), data={"vote": choice})
            made = vote if choice else requests.Request("GET", self._page())
            prepared[choice] = session.prepare_request(made)
        return prepared[choice]

    def _page(self) -> str:
        return self.url.rstrip("/") + "/"

    @contextmanager
    def _counted(
        self, sent: Sequence[str], send_one: Callable[[str], Page], counted: str = PAGES
    ) -> Iterator[Callable[[], list[Turn]]]:
        """Yield what sends each of these once in all, in whichever threads, and returns the answers.

        Where one of them fails, or the block does, nobody takes one of the turns that are left.
        """
        turns, ended = iter(sent), itertools.count(1)
        unanswered = 0

        def send_next() -> list[Turn]:
            nonlocal unanswered
            answered = []
            with _to_the_end_of(turns):
                # A thread that takes turns costs less than one that is handed each page.
                for one in turns:
                    page = send_one(one)
                    answered.append((one, page))
                    self._progress.detail(f"{next(ended)} of {len(sent)} {counted}")
                    unanswered = 0 if page.status else unanswered + 1
                    if unanswered >= UNANSWERED:
                        unanswered = 0
                        self._when_unanswered()
                        failed = self._not_answered(page, counted)
                        self._silences.setdefault((self.cookie, counted), failed.reason)
                        raise failed from self._too_late(page)
            return answered

        doing = {PAGES: "opening pages", VOTES: "casting votes"}[counted]
        with self._progress.phase(doing, quiet=True, kept=False), _to_the_end_of(turns):
            yield send_next

    def _not_answered(self, last: Page, counted: str) -> RequirementFailed:
        reason = f"{UNANSWERED} {counted} in a row had no answer, each within {self._limit:g} s"
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


def _side_by_side(sending: AbstractContextManager[Callable[[], list[Turn]]], times: int) -> list[Turn]:
    """Return what was sent by as many threads as may be, in the order in which it was sent."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool, sending as send_next:
        threads = [pool.submit(send_next) for _ in range(min(times, SIDE_BY_SIDE))]
        turns = [turn for thread in threads for turn in thread.result()]
    return sorted(turns, key=lambda turn: turn[1].sent_at)


@contextmanager
def _to_the_end_of(turns: Iterator[str]) -> Iterator[None]:
    """Leave no turn over, however the block ends."""
    try:
        yield
    finally:
        collections.deque(turns, maxlen=0)

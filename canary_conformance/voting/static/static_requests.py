"""Single requests at the ingress, and what becomes of them: the page's buttons, votes, copies of requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import INGRESS, INGRESS_PORT, Answer, Ending, Request
from canary_conformance.scenario.observations import Sent, with_cookie
from canary_conformance.scenario.places import Finding
from canary_conformance.voting import chains
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.model_questions import ADDRESS, call, page, spoken

COOKIE = "cookie"
_CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
BROWSER = {"user-agent": _CHROMIUM, "accept": "text/html", "accept-language": "en-US,en;q=0.9"}
"""Headers that the browser of R4.6 sends."""

PATHS = ("/", "/featureflag/set", "/featureflag/clear")
METHODS = ("GET", "POST", "HEAD")
"""What the application's contract has, the likeliest first (SCENARIO.md, "The application")."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request at the ingress, but for its cookie; str is its difference from GET / in short."""

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    host: str = ADDRESS

    @property
    def of_contract(self) -> bool:
        """Whether the application has this path and method, and voters call its address."""
        return (self.path.partition("?")[0], self.method, self.host) in _OF_CONTRACT

    def sent(self, cookie: str | None) -> Sent:
        """Return the request with this Cookie header, None for none, as a voter sends it."""
        host = {"host": self.host} if self.host != ADDRESS else {}
        carried = {**self.headers, **host, **({COOKIE: cookie} if cookie is not None else {})}
        return Sent(self.method, self.path, tuple(carried.items()))

    def __str__(self) -> str:
        sent = {**self.headers, **({"host": self.host} if self.host != ADDRESS else {})}
        headers = ", ".join(f"{name}: {readable(value)}" for name, value in sent.items())
        return f"{self.method} {self.path}" + (f" with {headers}" if headers else "")


VOTE = Asked("POST")
BALLOTS = {cookie: replace(with_cookie(cookie, "POST"), body="vote=Cats") for cookie in ("", FLAG)}
"""A vote without the flag and one with it, by the cookie."""
_OF_CONTRACT = frozenset((path, method, ADDRESS) for path in PATHS for method in METHODS)


def readable(text: str) -> str:
    """Return a value as it can be shown in a line: tabs and what is no ASCII escaped."""
    return text.encode("unicode_escape").decode()


def answer(model: Model, asked: Asked, cookie: str) -> Answer:
    """Return what becomes of a request at the ingress. Raises NotSpoken."""
    headers = {**asked.headers, **({COOKIE: cookie} if cookie else {})}
    return spoken(model.answer(Request(INGRESS, asked.host, INGRESS_PORT, headers, asked.path, asked.method)))


# Set is pressed on a page without the flag, clear on one with it.
_PRESSED = (("/featureflag/set", ""), ("/featureflag/clear", FLAG))
PRESSED = tuple(with_cookie(cookie, "POST", path) for path, cookie in _PRESSED)


def lost_cookies(model: Model) -> list[Finding]:
    """Return each operation on headers by which set or clear changes nothing in a browser.

    Raises NotSpoken where a route changes a header in a way that a browser may take either way.
    """
    outcomes = [
        (path, cookie, outcome)
        for path, cookie in _PRESSED
        for outcome in page(model, cookie, path=path, method="POST").outcomes
    ]
    found = [
        Finding(rule.place, f"{rule.sentence}, so POST {path} does not change the flag")
        for path, _, outcome in outcomes
        if (rule := outcome.loses_cookie) and rule.place
    ]
    for _, cookie, outcome in outcomes:
        # The page shows its reader's flag, and what changes it (SCENARIO.md, "The application").
        rule = outcome.hides_flag if cookie else outcome.shows_flag
        if rule and rule.place:
            state = "clear for a voter with" if cookie else "set for a voter without"
            found.append(Finding(rule.place, f"{rule.sentence}, so the page shows it as {state} the flag"))
    for _, _, outcome in outcomes:
        if outcome.unclear and not found:
            unclear = outcome.unclear
            raise NotSpoken(str(unclear), unclear.place)
    return found


def copies_to(model: Model, workload: str) -> list[Finding]:
    """Return each route by which a copy of a request gets to a workload (R3.2: one that is to get none).

    Looked at are the pages of voters and the calls of every pod to analytics. Raises NotSpoken.
    """
    found: dict[Finding, None] = {}
    for answer in _answers(model):
        for outcome in answer.copies:
            if outcome.ending is Ending.UNKNOWN:
                raise NotSpoken(f"the model does not predict where a copy ends: {outcome.reason}")
            first = next((rule for rule in outcome.rules if rule.place), None)
            if first and first.place and workload in {name for name, _ in outcome.by_pod()}:
                found[Finding(first.place, f"{first.sentence}, which {workload} gets")] = None
    return list(found)


def _answers(model: Model) -> Iterator[Answer]:
    for method in ("GET", "POST"):
        yield page(model, method=method)
    for name in dict.fromkeys(str(one) for one in model.pods() if one.ready):
        answer = call(model, name, chains.ANALYTICS)
        if answer is not None:
            yield answer

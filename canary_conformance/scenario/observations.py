"""What is observed from outside: pages, raw connections, and the record of a change made under traffic.

All values are frozen: an observation is taken once and judged afterwards. All times are seconds of one
monotonic clock per run (`sent_at`, `started_at`, `applied_at`, `live_at` can be compared); durations are
seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar, overload

from canary_conformance.scenario.stages import ObjectRef, Verb

T_co = TypeVar("T_co", covariant=True)

_VERSION_BY_STORE = {"redis": "1.0", "mysql": "2.0"}


@dataclass(frozen=True, slots=True)
class Opening:
    """How a client opens: what it sends, and whether it first listens for the word of a server that greets.

    Such a server (MySQL) resets a client that talks over it, so a client that may meet one listens first.
    """

    send: bytes
    listens: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent, so that a reader can send it again: a request at the ingress gateway.

    What a pod sends is a `command` instead, whole as a shell takes it.
    """

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    command: str = ""


def with_cookie(cookie: str, method: str = "GET", path: str = "/") -> Sent:
    """Return a request with a raw Cookie header, "" for none."""
    return Sent(method, path, (("cookie", cookie),) if cookie else ())


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a request for a page, or the reason why there was none.

    The texts are those of the app's contract without the blanks around them, "" where the page lacks them:
    `host`, `store` and `flag` from `#footer`, `results` from `#results`, `buttons` in the page's order.
    `error` is "" unless the transport failed; then, and only then, `status` is None. `cookie` is the raw
    header that was sent, "" for none. `excerpt` is the start of the body, for reports. `timed_out` is whether
    the transport gave up at its limit. `sent` is the request where it is more than a GET with that cookie.
    Raises ValueError when status and error contradict each other.
    """

    status: int | None
    host: str
    store: str
    flag: str
    results: str
    buttons: tuple[str, ...]
    error: str
    cookie: str
    sent_at: float
    took: float
    excerpt: str
    path: str = "/"
    timed_out: bool = False
    sent: Sent | None = None

    def __post_init__(self) -> None:
        if (self.status is None) != bool(self.error):
            raise ValueError(f"a page has a status or an error: status {self.status}, error {self.error!r}")

    @property
    def whole(self) -> bool:
        """Whether the page is 200 and names its host, its store and a result; else it is a failed page."""
        return self.status == 200 and bool(self.host and self.store and self.results)

    @property
    def version(self) -> str:
        """The app version that served the page, as the store names it in its footer: "1.0", "2.0" or ""."""
        return _VERSION_BY_STORE.get(self.store, "")

    @property
    def ended_at(self) -> float:
        """When the answer, or the failure, was complete."""
        return self.sent_at + self.took


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote that was cast, and the answer to it: 302 says that it was counted."""

    choice: str
    answer: Page

    @property
    def counted(self) -> bool:
        """Whether the app said that the vote was counted."""
        return self.answer.status == 302

    def __str__(self) -> str:
        outcome = self.answer.error or f"answered {self.answer.status}"
        return f"vote for {self.choice}, {outcome} after {self.answer.took:.2f} s"


@dataclass(frozen=True, slots=True)
class Sample(Sequence[T_co]):
    """Observations taken once and together, and what they are: "1375 pages without a cookie, stage 4".

    It is a sequence of its observations. An empty one can be built, and is never enough to judge by.
    """

    observations: tuple[T_co, ...]
    describe: str

    def __len__(self) -> int:
        return len(self.observations)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.observations)

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        return self.observations[index]


@dataclass(frozen=True, slots=True)
class Call:
    """A raw connection to make: from a source (a pod's name, or the caller's own) to a port."""

    source: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.source} -> {self.host}:{self.port}"


class ReplyKind(StrEnum):
    """How a raw connection ended."""

    ANSWERED = "answered"  # bytes came back
    RESET = "reset"  # RST after the connect
    CLOSED = "closed"  # orderly end without a byte
    REFUSED = "refused"  # RST instead of a connect: nothing listens
    TIMED_OUT = "timed_out"
    UNRESOLVED = "unresolved"  # the host's name has no address
    UNCHANGED = "as before the scenario"  # whatever others' gateway or load balancer answers by itself
    UNTRIED = "untried"  # the suite can't make it here; `detail` says why
    FAILED = "failed"  # anything else; `detail` says what


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of a Call: how it ended, the first bytes received, what the system said, its duration.

    `sent` is how the call is made again, None where that is not known. `late` is when it was waited for
    (monotonic seconds), None where it did not run into its limit.
    """

    kind: ReplyKind
    received: bytes
    detail: str
    took: float
    sent: Sent | None = None
    late: tuple[float, float] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AppliedObject:
    """One object of a step and what became of it; str is "Deployment/voting-app-1-0 created".

    `live_at` is when every proxy had it, None where nobody waited for that.
    """

    ref: ObjectRef
    verb: Verb
    live_at: float | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.ref} {self.verb}"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it was made: the last API call ended at `applied_at`, every proxy ran it at `live_at`."""

    step: str
    applied: tuple[AppliedObject, ...]
    started_at: float
    applied_at: float
    live_at: float


@dataclass(frozen=True, slots=True)
class Transition:
    """The transition into a stage: its steps in order, and the continuous voters' pages by voter.

    It also holds what cannot be seen any more once the stage is entered: the API server's warnings, how
    knocks at each way in ended before the first Gateway, the plaintext calls that were answered before the
    lock, the pages of 2.0 before everyone is led to it. `ballots` are the continuous voters' votes, `before`
    and `after` the page of each right before its first vote and after its last. `stalls` are the times in
    which the run's own process stood still, so that it could see nothing.
    """

    stage: int
    steps: tuple[StepRecord, ...]
    pages: Mapping[str, tuple[Page, ...]] = field(hash=False)
    warnings: tuple[str, ...] = ()
    knocks: Mapping[str, Reply] = field(default_factory=dict, hash=False)
    plaintext: Mapping[Call, Reply] = field(default_factory=dict, hash=False)
    votes: Sample[Page] = field(default_factory=lambda: Sample((), "no pages"))
    ballots: Mapping[str, tuple[Ballot, ...]] = field(default_factory=dict, hash=False)
    before: Mapping[str, Page] = field(default_factory=dict, hash=False)
    after: Mapping[str, Page] = field(default_factory=dict, hash=False)
    stalls: tuple[tuple[float, float], ...] = ()

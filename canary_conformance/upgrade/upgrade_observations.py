"""What is seen of a move: values, taken once and judged afterwards.

All times are seconds of the run's monotonic clock, as those of pages are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from canary_conformance.images.versions import MeshVersion
from canary_conformance.scenario.observations import Ballot, Call, Page, Reply, ReplyKind, Sample
from canary_conformance.verdicts.wording import quote
from canary_conformance.voting.page_results import Counts


@dataclass(frozen=True, slots=True)
class MeshCall:
    """A new connection from a workload of the mesh ("voting-app 1.0") to its store ("voting-storage 1.0").

    It was made at some moment from `at` to `until`.
    """

    source: str
    store: str
    pod: str
    at: float
    until: float
    reply: Reply

    def __str__(self) -> str:
        return f"{self.source} ({self.pod}) -> {self.store}: {self.reply.kind} {self.reply.detail}".strip()


@dataclass(frozen=True, slots=True)
class Attempt:
    """Plaintext calls to every port of every pod at one moment, by a pod without a sidecar.

    control: how its call to the ingress gateway ended, which takes plaintext.
    """

    at: float
    took: float
    control: Reply
    replies: Mapping[Call, Reply]

    @property
    def counts(self) -> bool:
        """Whether the pod could call at all."""
        return self.control.kind is ReplyKind.ANSWERED


@dataclass(frozen=True, slots=True)
class ProxySeen:
    """A proxy: what its running Envoy said that it is, its pod's image, when it was seen first and last."""

    pod: str
    workload: str
    envoy: str
    istio: str
    image: str
    first: float
    last: float

    @property
    def runs(self) -> str:
        """What it runs."""
        return f"Istio {self.istio}, Envoy {self.envoy}, image {self.image}"


@dataclass(frozen=True, slots=True)
class StepMade:
    """A step of a move. replaces: the store whose only pod it replaces ("voting-storage 2.0"), else ""."""

    name: str
    started: float
    ended: float
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """What there is at the end of a move.

    proxies: what each runs, by pod; control_planes: their images; revisions: those that anything of Istio's
    belongs to, and what; out_of_step: what istioctl says of proxies that lack something.
    """

    proxies: Mapping[str, ProxySeen]
    control_planes: tuple[str, ...]
    revisions: Mapping[str, Sequence[str]]
    out_of_step: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A mesh's move from one version to another, and everything that was seen of it.

    image and revision: those of the target's proxies. stopped: why it did not come to its end, "" where it
    did. pages: of each continuous voter; versions: the app version that each of them is to see. ballots: the
    votes cast in each store, with the counts before and after. calls: by their source. attempts are empty
    where nothing is locked.
    """

    source: MeshVersion
    target: MeshVersion
    image: str
    revision: str
    began: float
    ended: float
    stopped: str
    steps: tuple[StepMade, ...]
    versions: Mapping[str, str]
    pages: Mapping[str, tuple[Page, ...]]
    ballots: Mapping[str, tuple[Ballot, ...]]
    counts_before: Mapping[str, Counts]
    counts_after: Mapping[str, Counts]
    calls: Mapping[str, tuple[MeshCall, ...]]
    attempts: tuple[Attempt, ...]
    timeline: tuple[ProxySeen, ...]
    end: End

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"

    def failures(self) -> list[tuple[float, str]]:
        """Return each request that failed, in order: when it was sent, and what came of it."""
        pages = [(voter, page) for voter, seen in self.pages.items() for page in seen if not page.whole]
        refused = [one for seen in self.ballots.values() for one in seen if not one.counted]
        unanswered = [(page.sent_at, f"{voter}: {quote(page)}") for voter, page in pages]
        return sorted(
            [*unanswered, *((one.answer.sent_at, f"{one}: {quote(one.answer)}") for one in refused)]
        )

    def pages_of(self, voter: str) -> Sample[Page]:
        """Return every page of a continuous voter."""
        pages = self.pages.get(voter, ())
        return Sample(pages, f"{len(pages)} pages of the {voter} from {self}")

    def ballots_in(self, store: str) -> Sample[Ballot]:
        """Return every vote that was cast in a store."""
        ballots = self.ballots.get(store, ())
        return Sample(ballots, f"{len(ballots)} votes cast in {store} from {self}")


def sightings(looks: Iterable[ProxySeen]) -> tuple[ProxySeen, ...]:
    """Return each proxy once, from its first look to its last, in the order in which they came."""
    found: dict[tuple[str, str], ProxySeen] = {}
    for one in looks:
        key = (one.pod, one.runs)
        first = found[key].first if key in found else one.first
        found[key] = ProxySeen(one.pod, one.workload, one.envoy, one.istio, one.image, first, one.last)
    return tuple(sorted(found.values(), key=lambda seen: (seen.first, seen.pod)))

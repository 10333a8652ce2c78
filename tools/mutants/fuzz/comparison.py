"""What came back of random requests beside what the model holds possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import (
    INGRESS,
    INGRESS_PORT,
    Answer,
    Ending,
    Outcome,
    Request,
    explain,
)
from canary_conformance.voting.observed_outcomes import Seen, SeenKind
from tools.mutants.fuzz.random_requests import Sent
from tools.mutants.fuzz.sent_requests import CameBack

_ROUTES = "VirtualService/"


@dataclass(frozen=True, slots=True)
class Difference:
    """A request that the mesh answered otherwise than the model holds possible; str is the finding."""

    sent: Sent
    model: str
    mesh: str

    def __str__(self) -> str:
        model = "\n    ".join(self.model.splitlines())
        return f"{self.sent}\n  the model: {model}\n  the mesh: {self.mesh}"


def differences(
    model: Model, address: str, requests: Sequence[Sent], answers: Sequence[CameBack]
) -> tuple[int, list[Difference]]:
    """Return how many requests were compared, and those that differ.

    Not compared is what the model does not support. address: what requests call that name no host.
    """
    pairs = list(zip(requests, answers, strict=True))
    compared = [
        (sent, came, answer)
        for sent, came in pairs
        if Ending.UNKNOWN not in (answer := model.answer(as_request(sent, address))).endings
    ]
    return len(compared), [
        Difference(sent, explain(answer), str(came))
        for sent, came, answer in compared
        if not _possible(came, answer)
    ]


def as_request(sent: Sent, address: str) -> Request:
    """Return a request as the model takes it."""
    headers = dict(sent.headers)
    host = headers.pop("host", address)
    return Request(INGRESS, host, INGRESS_PORT, headers, sent.path, sent.method)


def _possible(came: CameBack, answer: Answer) -> bool:
    return any(outcome.probability and _fits(came, outcome) for outcome in answer.outcomes)


def _fits(came: CameBack, outcome: Outcome) -> bool:
    if not _seen(came).fits(outcome):
        return False
    said = [rule.sentence for rule in outcome.rules if rule.sentence.startswith(_ROUTES)]
    route = next(_names(said), "")
    # What a gateway answers by itself, but for redirects, passes no route's headers on.
    if came.route != route and (came.upstream or came.route or outcome.ending is Ending.REDIRECT):
        return False
    return not (came.upstream and came.subset) or any(
        f" subset {came.subset}" in sentence for sentence in said
    )


def _names(sentences: Sequence[str]) -> Iterator[str]:
    return (sentence.partition(":")[0] for sentence in sentences if " http[" in sentence.partition(":")[0])


def _seen(came: CameBack) -> Seen:
    if came.upstream:
        return Seen(SeenKind.ANSWERED, frozenset({came.page} if came.page else ()), came.status)
    if came.status is None:
        return Seen(SeenKind.NOTHING, detail=came.error)
    return Seen(SeenKind.STATUS, status=came.status)

"""Copies that routes make of requests, whose answers nobody waits for (mirror, mirrors)."""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import Answer, Ending
from canary_conformance.scenario.places import Finding
from canary_conformance.voting import chains
from canary_conformance.voting.static.model_questions import call, page


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

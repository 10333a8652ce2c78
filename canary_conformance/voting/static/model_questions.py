"""Questions to the model in the tests' words: a voter at the page, a pod that calls a Service, who answers.

The answer to each is a short text that equals the expected one or is wrong: "voting-app 1.0" when
that workload serves every request, shares when several do ("voting-app 1.0 (99 %) or voting-app 2.0 (1 %)"),
and how the request ends when nobody serves it ("503", "reset").
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model, Workload
from canary_conformance.model.objects.questions import (
    INGRESS,
    OUTSIDE,
    Answer,
    Ending,
    Request,
    Rule,
    Source,
    Speech,
)
from canary_conformance.model.routing.answer_causes import not_ready
from canary_conformance.model.routing.outcomes import nothing
from canary_conformance.voting import chains

# A voter asks for an address, not for a name (R1.5), so only routes for every host may be found.
ADDRESS = "192.0.2.1"
REFUSALS = frozenset({Ending.RESET, Ending.UNAVAILABLE})
REFUSED = chains.REFUSED
# Between those who answer one kind of request.
OR = " or "


def page(
    model: Model,
    cookie: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    path: str = "/",
    method: str = "GET",
) -> Answer:
    """Return what becomes of a voter's request at the ingress gateway. Raises NotSpoken."""
    sent = {**(headers or {}), **({"cookie": cookie} if cookie else {})}
    return spoken(model.answer(Request(INGRESS, ADDRESS, 80, sent, path, method)))


def call(model: Model, source: str, destination: tuple[str, int]) -> Answer:
    """Return what becomes of a new connection from a workload ("voting-app 1.0", "outside") to a Service.

    Raises NotSpoken.
    """
    try:
        request = call_of(model, source, destination)
    except LookupError as unknown:
        return nothing(Ending.NOT_SENT, f"no pod sends it: {unknown}")
    return spoken(model.answer(request))


def call_of(model: Model, source: str, destination: tuple[str, int]) -> Request:
    """Return a new connection from a workload ("voting-app 1.0", "outside"). Raises LookupError."""
    service, port = destination
    asking = source_of(model, source)
    # The full name, as the pod outside of the mesh lives in another namespace.
    host = f"{service}.{model.state.namespace}.svc.cluster.local" if "." not in service else service
    speaks = Speech.HTTP if service.startswith(chains.ANALYTICS[0]) else Speech.TCP
    return Request(asking, host, port, path="/analytics", speaks=speaks)


def not_sent(workload: Workload) -> Answer:
    """Return the answer to what a workload without ready pods would send: why it has none."""
    rules = tuple(Rule(one.place, one.sentence) for one in not_ready(workload))
    why = f": {rules[0].sentence}" if rules else ""
    return nothing(Ending.NOT_SENT, f"{workload} has no ready pod{why}", rules)


def spoken(answer: Answer) -> Answer:
    """Return the answer; raises NotSpoken where it hangs on what the model does not support."""
    for outcome in answer.outcomes:
        if outcome.ending is Ending.UNKNOWN and outcome.probability:
            raise NotSpoken(f"the model does not support this: {outcome.reason}")
    return answer


def source_of(model: Model, workload: str) -> Source:
    """Return where a workload's requests come from. Raises LookupError."""
    if workload == chains.OUTSIDE:
        return OUTSIDE
    app, _, version = workload.partition(" ")
    return model.source(app, version)


def who(answer: Answer | None) -> str:
    """Return who answers, in one short text; every refusal of a connection is "refused".

    Raises NotSpoken where it is uncertain which pods get how many requests.
    """
    if answer is None:
        return str(Ending.NOT_SENT)
    if answer.outcomes and answer.endings <= REFUSALS:
        return REFUSED
    shares: dict[str, Fraction] = {}
    for outcome in answer.outcomes:
        for name, share in outcome.by_pod() or [(str(outcome.ending), outcome.probability)]:
            shares[name] = shares.get(name, Fraction(0)) + share
    parts = {name: share for name, share in sorted(shares.items()) if share}
    if len(parts) == 1:
        return next(iter(parts))
    hashed = [one for one in answer.outcomes if one.hashed and len(set(one.pods)) > 1]
    for outcome in hashed:
        if not outcome.one_pod:
            raise NotSpoken(f"the model does not predict the shares: {outcome.hashed}")
    if hashed:
        return f"{OR.join(parts)} (always the same pod)"
    most_first = sorted(parts.items(), key=lambda part: -part[1])
    return OR.join(f"{name} ({_exact(share)})" for name, share in most_first)


def _exact(share: Fraction) -> str:
    """Return a share as it is read, never rounded: texts are compared, and equal ones are equal shares."""
    percent = f"{float(100 * share):.4g}"
    return f"{percent} %" if Fraction(percent) == 100 * share else str(share)

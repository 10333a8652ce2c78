"""What the manifests hold responsible for a wrong answer: a line, and a sentence about it.

The first is the one to change. An answer names the rules that decided it; where no pod is ready, what keeps
the pods from starting comes before the route that leads to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from canary_conformance.model.model import Model
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Answer, Outcome, Rule, Wire
from canary_conformance.model.pods.peer_authentication import PEER_AUTHENTICATION
from canary_conformance.model.routing.answer_causes import not_ready
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.voting.chains import REFUSED
from canary_conformance.voting.static.model_questions import REFUSALS
from canary_conformance.voting.static.static_objects import without_injection

_ROUTES = "VirtualService"
_SCALED = ("Deployment", "StatefulSet")
NO_PROXY = "has no sidecar"
"""What an outcome gives as its reason where the client sends mutual TLS to a pod without a proxy."""


def of_answers(wrong: Iterable[tuple[Answer | None, str]], model: Model | None = None) -> tuple[Finding, ...]:
    """Return the causes of wrong answers, each line once.

    Args:
        wrong: each answer with the one that is right ("voting-app 1.0", "refused").
        model: what the answers are of, to find a route that should have matched.
    """
    pairs = [(answer, right) for answer, right in wrong if answer]
    # A route to the right pods that does not match comes before the one that does, whatever fails by both.
    missed = (cause for answer, right in pairs if model for cause in _missed(answer, right, model))
    decided = (cause for answer, right in pairs for cause in _decided(answer, right))
    return by_line((*missed, *decided))


def of_workloads(model: Model, names: Iterable[str]) -> tuple[Finding, ...]:
    """Return why workloads ("voting-app 1.0") have no ready pods, or not as many as they should."""
    wanted = frozenset(names)
    return by_line(finding for one in model.pods() if str(one) in wanted for finding in not_ready(one))


def of_endpoints(model: Model, service: str, names: Iterable[str]) -> tuple[Finding, ...]:
    """Return why workloads are not behind a Service: they are not ready, or it does not lead to them."""
    dangling = (one for one in model.references() if one.sentence.startswith(f"Service/{service}"))
    return by_line((*of_workloads(model, names), *dangling))


def without_proxies(model: Model) -> tuple[Finding, ...]:
    """Return why the namespace injects no proxies (R1.1), where some of its pods have none."""
    bare = any(not one.sidecar for one in model.pods())
    return tuple(without_injection(model)) if bare else ()


def of_replicas(model: Model, expected: Mapping[str, int]) -> Iterator[Finding]:
    """Yield each Deployment and StatefulSet that makes another number of pods than expected, at its replicas.

    Workloads that several of them make together are left out: none of them is wrong by itself.
    """
    makers = Counter(str(one) for one in model.pods())
    for one in model.pods():
        wanted = expected.get(str(one), one.replicas)
        if one.replicas == wanted or makers[str(one)] > 1:
            continue
        for maker in (body for kind in _SCALED for body in model.state.of(kind)):
            part = Part.whole(maker.manifest).at("spec", "replicas")
            if maker.key.name == one.deployment and part.number(1) == one.replicas:
                pods = f"{one.replicas} pod{'' if one.replicas == 1 else 's'} of {one}"
                yield Finding(part.place, f"{maker.key} makes {pods}, {wanted} required")


def by_line(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings without those of a line that an earlier one is about."""
    first: dict[Place, Finding] = {}
    for finding in found:
        first.setdefault(finding.place, finding)
    return tuple(first.values())


def of_object(model: Model, kind: str, name: str, sentence: str) -> Iterator[Finding]:
    """Yield a sentence about an object at its line; nothing where it does not exist."""
    for one in model.state.of(kind):
        if one.key.name == name:
            yield Finding(Part.whole(one.manifest)["spec"].place, f"{one.key}: {sentence}")


def _missed(answer: Answer, right: str, model: Model) -> Iterator[Finding]:
    """Yield what keeps a wrong answer from the right one: no proxy, other hosts, a match that fails."""
    for outcome in answer.outcomes:
        if _is(outcome, right):
            continue
        if outcome.wire is Wire.PLAIN or NO_PROXY in outcome.reason:
            yield from without_proxies(model)
        yield from _bare_pods(model, outcome, right)
        if outcome.suspect:
            continue
        yield from _routes_of_other_hosts(model, outcome)
        decided = (rule.place for rule in outcome.rules if rule.place)
        if not answer.share_of(right) and not any(model.leads_to(place, right) for place in decided):
            yield from _findings(
                rule for rule in answer.passed_over if rule.place and model.leads_to(rule.place, right)
            )


def _bare_pods(model: Model, outcome: Outcome, right: str) -> Iterator[Finding]:
    """Yield the pods without a proxy that answer plaintext, or that send it to where it is refused."""
    bare = [one for one in model.pods() if not one.sidecar]
    if right == REFUSED:
        served = {name for name, _ in outcome.by_pod()} if outcome.wire is Wire.PLAIN else set()
        bare = [one for one in bare if str(one) in served]
    elif "refuses plaintext" not in outcome.reason or any(
        "TLS mode" in one.sentence for one in outcome.rules
    ):
        bare = []
    yield from (Finding(one.place, f"the pods of {one} get no proxy") for one in bare)


def _decided(answer: Answer, right: str) -> Iterator[Finding]:
    """Yield what decided each wrong outcome of an answer."""
    yield from _findings(_said(outcome, right) for outcome in answer.outcomes if not _is(outcome, right))


def _routes_of_other_hosts(model: Model, outcome: Outcome) -> Iterator[Finding]:
    """Yield each VirtualService that routes to the service that answers, and is written for other hosts.

    Nothing where a VirtualService decided. Source: Istio, "Virtual Service" (hosts).
    """
    if any(rule.sentence.startswith(f"{_ROUTES}/") for rule in outcome.rules):
        return
    answering = {name.rpartition(" ")[0] for name, _ in outcome.by_pod()}
    for one in model.state.of(_ROUTES):
        spec = Part.whole(one.manifest)["spec"]
        parts = list(spec["hosts"].items())
        hosts = [part.text() for part in parts]
        routes = (route for kind in ("http", "tcp", "tls") for route in spec[kind].items())
        ends = (end["destination"]["host"].text() for route in routes for end in route["route"].items())
        meant = answering & {end.partition(".")[0] for end in ends}
        if (
            parts
            and meant - {host.partition(".")[0] for host in hosts}
            and not any("*" in host for host in hosts)
        ):
            written = f"but is written for the hosts {', '.join(hosts)}"
            yield Finding(parts[0].place, f"{one.key} routes to {', '.join(sorted(meant))}, {written}")


def _is(outcome: Outcome, right: str) -> bool:
    """Return whether an outcome is the right one; a component without a version is any of its versions."""
    served = {name for name, _ in outcome.by_pod()}
    if right == REFUSED:
        return outcome.ending in REFUSALS
    if not served:
        return str(outcome.ending) == right
    return all(name == right or name.rpartition(" ")[0] == right for name in served)


def _said(outcome: Outcome, right: str) -> Rule:
    """Return the rule that is responsible for a wrong outcome, with the outcome's reason."""
    policies = [rule for rule in outcome.rules if rule.sentence.startswith(f"{PEER_AUTHENTICATION}/")]
    policy = next(reversed(policies or outcome.rules), None)
    if right == REFUSED and outcome.wire is Wire.PLAIN and policy and policy.place:
        who = policy.sentence if policies else f"no PeerAuthentication decides about {policy.sentence}"
        return Rule(policy.place, f"{who}, so plaintext is accepted")
    rule = outcome.cause or Rule(None, outcome.reason)
    known = not outcome.reason or rule.sentence in outcome.reason or outcome.reason in rule.sentence
    return rule if known or outcome.suspect else Rule(rule.place, f"{outcome.reason}: {rule.sentence}")


def _findings(rules: Iterable[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.place:
            yield Finding(rule.place, rule.sentence)

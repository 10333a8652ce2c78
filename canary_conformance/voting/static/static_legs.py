"""The table of mutual TLS as the model has it, and the plaintext calls that a locked mesh refuses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from canary_conformance.model.model import Leg, Model
from canary_conformance.model.objects.questions import Answer
from canary_conformance.model.pods.peer_authentication import PEER_AUTHENTICATION, policies
from canary_conformance.model.routing.destination_rules import cells_by_host, destination_rules
from canary_conformance.model.routing.expected_legs import NOTHING_TO_COMPARE, required_policy, required_row
from canary_conformance.scenario.places import Finding
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.manifest_causes import (
    of_answers,
    of_object,
    of_workloads,
    without_proxies,
)
from canary_conformance.voting.static.model_questions import page, spoken

_MUTUAL, _NONE = "mTLS", "-"
_LAST_CELL = 4  # of a whole row: status, server, client, policy, rule


def table(model: Model) -> dict[str, str]:
    """Return each leg with the rest of its row: status, server, client, policy, rule. Raises NotSpoken."""
    rows: dict[str, str] = {}
    for leg in model.legs():
        # Ends that don't fit are shown, whatever becomes of a request that meets them.
        if leg.status != "CONFLICT":
            spoken(leg.answer)
        rows[_named(leg)] = leg.cells
    return rows


def causes_of_legs(model: Model, wrong: Iterable[str], expected: Collection[str]) -> Iterator[Finding]:
    """Yield what is responsible for each wrong leg: what keeps its pods back, or its policy and rule."""
    known = {_named(leg): leg for leg in model.legs()}
    yield from without_proxies(model)
    for name in wrong:
        leg = known.get(name)
        client, _, server = name.partition(" -> ")
        service = server.partition(":")[0]
        if leg is None:
            yield from of_workloads(model, [client])
        elif name not in expected:
            for one in model.pods():
                if str(one) == client:
                    yield Finding(one.place, f"{one.deployment} makes pods of {one}, which should not run")
        elif leg.status == "UNKNOWN":
            # A route of the ingress that only the flag takes may be the one that leads nowhere.
            asked = [leg.answer, page(model, FLAG)] if leg.source.gateway else [leg.answer]
            yield from of_answers([(answer, service) for answer in asked], model)
        else:
            yield from _of_row(model, leg, service)


def _of_row(model: Model, leg: Leg, service: str) -> Iterator[Finding]:
    own = f"{service}/{model.state.namespace}"
    if leg.client != _MUTUAL or leg.destination_rule != own:
        what = f"the client of {service}:{leg.port} sends {leg.client}, not mTLS"
        if leg.client == _MUTUAL:
            what = f"it does not set the client TLS of {service}:{leg.port}"
        yield from of_object(model, "DestinationRule", service, what)
    if leg.server != _MUTUAL or leg.authn_policy != _policy_of(model, leg):
        policy = leg.authn_policy.partition("/")[0]
        if leg.server == _MUTUAL:
            what = (
                f"{service}:{leg.port} accepts mutual TLS alone by this policy, while no `default` is STRICT"
            )
            yield from of_object(model, PEER_AUTHENTICATION, policy, f"{what} for all pods of the namespace")
            return
        what = f"{PEER_AUTHENTICATION}/{policy}: {service}:{leg.port} accepts {_modes(leg.server)}"
        rules = [rule for outcome in leg.answer.outcomes for rule in outcome.rules]
        decided = next((one.place for one in rules if one.sentence.startswith(what.partition(":")[0])), None)
        if decided:
            yield Finding(decided, what)
        else:
            yield from of_object(model, PEER_AUTHENTICATION, policy, what.partition(": ")[2])


def not_mutual(model: Model, right: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each leg whose row is not the right one, in words.

    Args:
        model: The moment to ask.
        right: The row that is required of each wrong leg ("OK mTLS mTLS ..."), "" for one that must not be.
    """
    known = {_named(leg): leg for leg in model.legs()}
    return {name: _in_words(known.get(name), row) for name, row in right.items()}


def _in_words(leg: Leg | None, required: str) -> str:
    if leg is None:
        return "no ready pod sends or serves it"
    if not required:
        return "this leg must not exist"
    if leg.cells == NOTHING_TO_COMPARE:
        return "no route, no ready pod or no proxy"
    parts = [f"the server accepts {_modes(leg.server)}"] if leg.server not in {_MUTUAL, _NONE} else []
    parts += [f"the client sends {_modes(leg.client)}"] if leg.client not in {_MUTUAL, _NONE} else []
    parts += ["the two ends do not fit"] if leg.status == "CONFLICT" else []
    parts += ["a destination of its routes has no ready pod"] if leg.status == "UNKNOWN" else []
    if not parts and required.count(" ") >= _LAST_CELL:
        parts = list(_other_objects(leg, required.split(maxsplit=3)[3]))
    return " and ".join(parts) or f"{leg.cells} instead of {required}"


def _other_objects(leg: Leg, required: str) -> Iterator[str]:
    """Yield which objects cause a leg's mutual TLS instead of those required."""
    if required.startswith(f"{leg.authn_policy} "):
        rule = required.removeprefix(f"{leg.authn_policy} ")
    else:
        # A required policy other than the leg's own is `default`, a name without blanks.
        policy, _, rule = required.partition(" ")
        yield f"{_object('PeerAuthentication', leg.authn_policy)} decides for the server; {policy} has to"
    if leg.destination_rule != rule:
        yield f"{_object('DestinationRule', leg.destination_rule)} sets the client's TLS; {rule} has to"


def _object(kind: str, name: str) -> str:
    return f"no {kind}" if name == _NONE else f"{kind} {name}"


def _modes(cell: str) -> str:
    """Return a cell of the table in words: "mTLS/HTTP" is mutual TLS and plaintext."""
    words = {"mTLS": "mutual TLS", "HTTP": "plaintext"}
    return " and ".join(words.get(mode, mode) for mode in cell.split("/"))


def required_table(model: Model, legs: Sequence[str]) -> dict[str, str]:
    """Return the table that is required: each leg OK and mutual, by policy `default` and a rule of its host.

    See required_policy for policies beside `default`. Istio merges the DestinationRules of one host, so that
    any of them may set the TLS mode.
    """
    namespace = model.state.namespace
    rules = cells_by_host(
        ((rule.host, rule.name) for rule in destination_rules(model.state) if rule.namespace == namespace),
        namespace,
    )
    named = {_named(leg): _policy_of(model, leg) for leg in model.legs()}
    default = f"default/{namespace}"
    return {leg: required_row(rules, _service(leg), namespace, named.get(leg, default)) for leg in legs}


def plain_calls(model: Model, *, listening: bool = False) -> dict[str, Answer | None]:
    """Return what becomes of a plaintext connection from outside the mesh to each port of each workload.

    A port counts that a pod declares, listens at by contract, or serves a Service at: Kubernetes lets a
    container listen at ports that it doesn't declare. The keys are "voting-app 1.0:8080". Raises NotSpoken.

    Args:
        model: The moment to ask.
        listening: Leave out the ports at which nothing listens by the contract.
    """
    return {
        f"{workload}:{port}": spoken(model.answer_at_pod(str(workload), port))
        for workload in model.pods()
        if workload.ready
        for port in model.open_ports(workload)
        if not listening or workload.listens_at(port)
    }


def _policy_of(model: Model, leg: Leg) -> str:
    namespace = model.state.namespace
    everywhere = policies(model.state).in_force(namespace, {}, 0)
    return required_policy(leg.authn_policy, everywhere, namespace)


def _named(leg: Leg) -> str:
    return f"{leg.source.name} -> {leg.host.partition('.')[0]}:{leg.port}"


def _service(leg: str) -> str:
    return leg.rpartition(" -> ")[2].partition(":")[0]

"""Whether NetworkPolicies let in every call that the application's pods get.

What all of them together let in arrives, whether or not the cluster's CNI plugin enforces them; probes come
from the pods' own node, which is always let in. Source: Kubernetes, "Network Policies".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from canary_conformance.model.objects.host_names import full_name
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import POD_MAKERS, State
from canary_conformance.model.routing.services import services

_NAME_OF_NAMESPACE = "kubernetes.io/metadata.name"


class _Caller(NamedTuple):
    namespace: str
    labels: Mapping[str, str]


def lets_every_call_in(state: State) -> bool:
    """Return whether the policies let the ingress gateway and the components in where they have to call."""
    return all(_is_let_in(state, caller, pods, port) for caller, pods, port in _calls(state))


def _calls(state: State) -> Iterator[tuple[_Caller, Part, int]]:
    """Yield each caller with a template of pods that it calls, and their port."""
    templates = [
        Part.whole(one.manifest).at("spec", "template") for kind in POD_MAKERS for one in state.of(kind)
    ]
    calls = [(_Caller(one.namespace, one.labels), state.application.entry) for one in state.mesh.gateways]
    for labels in map(_labels, templates):
        for callee in state.application.callees(labels.get("app", ""), labels.get("version", "")):
            calls.append((_Caller(state.namespace, labels), callee))
    known = services(state)
    for caller, callee in calls:
        service = known.get(full_name(callee.service, state.namespace))
        port = service.port(callee.port) if service else None
        for pods in templates if service and port else ():
            number = _number(pods, port.target) if port else None
            if service and number is not None and service.selector.items() <= _labels(pods).items():
                yield caller, pods, number


def _is_let_in(state: State, caller: _Caller, pods: Part, port: int) -> bool:
    isolating = [
        spec
        for one in state.of("NetworkPolicy")
        if "Ingress" in ((spec := Part.whole(one.manifest)["spec"])["policyTypes"].texts() or ("Ingress",))
        and _selects(spec["podSelector"], _labels(pods), whole=True)
    ]
    rules = [rule for spec in isolating for rule in spec["ingress"].items()]
    return not isolating or any(_lets_in(state, rule, caller, pods, port) for rule in rules)


def _lets_in(state: State, rule: Part, caller: _Caller, pods: Part, port: int) -> bool:
    peers, ports = rule["from"].items(), rule["ports"].items()
    from_here = not peers or any(_is_peer(state, peer, caller) for peer in peers)
    return from_here and (not ports or any(_is_port(one, pods, port) for one in ports))


def _is_peer(state: State, peer: Part, caller: _Caller) -> bool:
    if peer["ipBlock"]:
        return False
    own = caller.namespace == state.namespace
    labels = {**(state.namespace_labels if own else {}), _NAME_OF_NAMESPACE: caller.namespace}
    place = peer["namespaceSelector"]
    here = own if place.value is None else _selects(place, labels)
    return here and _selects(peer["podSelector"], caller.labels)


def _is_port(one: Part, pods: Part, port: int) -> bool:
    first = one["port"].value
    if one["protocol"].text("TCP") != "TCP":
        return False
    if first is None:
        return True
    number = _number(pods, first)
    return number is not None and number <= port <= (one["endPort"].number() or number)


def _number(pods: Part, port: int | str) -> int | None:
    if isinstance(port, int):
        return port
    declared = [
        one for container in pods.at("spec")["containers"].items() for one in container["ports"].items()
    ]
    return next((one["containerPort"].number() for one in declared if one["name"].text() == port), None)


def _labels(template: Part) -> dict[str, str]:
    return template.at("metadata", "labels").labels()


def _selects(selector: Part, labels: Mapping[str, str], *, whole: bool = False) -> bool:
    """Return whether labels certainly fit; `whole`: there are no others, so that what is absent is known."""
    if not selector["matchLabels"].labels().items() <= labels.items():
        return False
    for one in selector["matchExpressions"].items():
        key, operator = one["key"].text(), one["operator"].text()
        listed = labels.get(key) in one["values"].texts()
        fits = {"In": listed, "Exists": key in labels}.get(operator)
        if fits is None:
            unlisted = key not in labels if operator == "DoesNotExist" else not listed
            fits = unlisted and (whole or key in labels)
        if not fits:
            return False
    return True

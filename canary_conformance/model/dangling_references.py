"""What names something that isn't there: a host, port, subset, gateway, Secret, claim, or pods.

It holds at one moment: a stage may well name what a later one brings. A subset without pods is no finding: it
may be meant to be empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.model.objects.host_names import MESH, covers, is_wild
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.pods.peer_authentication import PEER_AUTHENTICATION
from canary_conformance.model.routing.answers import Answers
from canary_conformance.model.routing.virtual_services import Destination, VirtualService
from canary_conformance.scenario.places import Finding


def references(answers: Answers) -> tuple[Finding, ...]:
    """Return every name of a state that leads nowhere, in the order of the places."""
    found = {
        *_virtual_services(answers),
        *_destination_rules(answers),
        *_gateways(answers),
        *_services(answers),
        *_policies(answers),
        *(finding for workload in answers.clusters.workloads for finding in workload.blocked),
    }
    return tuple(sorted(found))


def _virtual_services(answers: Answers) -> Iterator[Finding]:
    gateways = {gateway.name for gateway in answers.routes.gateways}
    taken: dict[str, VirtualService] = {}
    every = answers.routes.virtual_services
    for one in every:
        # One that the model can't understand may delegate.
        if not one.hosts and not one.delegated and not any(other.problems for other in every):
            yield Finding(one.place, f"{one}: it has no host, and no route delegates to it")
        yield from (Finding(rule.place, rule.sentence) for rule in one.lost if rule.place)
        for gateway in sorted(one.gateways - {MESH} - gateways):
            yield Finding(one.place, f"{one}: Gateway {gateway} does not exist")
        for host in one.hosts if MESH in one.gateways else ():
            if not _is_known(answers, host):
                yield Finding(one.place, f"{one}: Service {host} does not exist")
            first = taken.setdefault(host, one)
            if first is not one:
                yield Finding(one.place, f"{one}: host {host} is {first}'s already, and only one counts")
        for route in (*one.http, *one.tcp):
            for destination in route.destinations:
                yield from _destination(answers, one, destination)


def _destination(answers: Answers, owner: VirtualService, destination: Destination) -> Iterator[Finding]:
    service = answers.clusters.services.get(destination.host)
    if service is None:
        if not _is_known(answers, destination.host):
            yield Finding(destination.place, f"{owner}: Service {destination.host} does not exist")
        return
    if destination.port is not None and service.port(destination.port) is None:
        sentence = f"{owner}: Service/{service.name} has no port {destination.port}"
        yield Finding(destination.place, sentence)
    if destination.port is None and len(service.ports) > 1:
        sentence = f"{owner}: Service/{service.name} has several ports, and the route names none"
        yield Finding(destination.place, sentence)
    if destination.subset:
        rule = answers.clusters.rule_for(service, owner.namespace)
        what = f"subset {destination.subset} of {service.name}"
        if rule is None:
            yield Finding(destination.place, f"{owner}: no DestinationRule defines {what}")
        elif destination.subset not in rule.subsets:
            yield Finding(destination.place, f"{owner}: {rule} does not define {what}")


def _destination_rules(answers: Answers) -> Iterator[Finding]:
    for rule in answers.clusters.rules:
        if not _is_known(answers, rule.host):
            missing = f"Service {rule.host} does not exist"
            wild = f"host {rule.host} matches no Service"
            yield Finding(rule.place, f"{rule}: {wild if is_wild(rule.host) else missing}")


def _is_known(answers: Answers, host: str) -> bool:
    """Return whether a host is that of a Service or a ServiceEntry, which Istio adds to its own registry."""
    if any(covers(host, service) for service in answers.clusters.services):
        return True
    entries = (Part.whole(one.manifest).at("spec", "hosts") for one in answers.state.of("ServiceEntry"))
    return any(covers(known, host) or covers(host, known) for one in entries for known in one.texts())


def _gateways(answers: Answers) -> Iterator[Finding]:
    for gateway in answers.routes.gateways:
        if not answers.state.mesh.is_gateway(gateway.selector):
            yield Finding(gateway.selector_place, f"{gateway}: its selector selects no gateway's pods")


def _services(answers: Answers) -> Iterator[Finding]:
    asked = _asked_ports(answers)
    for service in answers.clusters.services.values():
        chosen = [one for one in answers.clusters.workloads if service.selects(one)]
        if not chosen and service.selector:
            yield Finding(service.place, f"Service/{service.name}: its selector selects no pods")
        for port in service.ports if chosen else ():
            # Of a Service that routes lead to, a port that none of them asks for may have lost its pods.
            if port.number not in asked.get(service.host, {port.number}):
                continue
            backends = service.backends(port, answers.clusters.workloads)
            if isinstance(port.target, str) and all(one.port_called(port.target) is None for one in chosen):
                sentence = f"Service/{service.name}: none of its pods has a port called {port.target}"
                yield Finding(port.place, sentence)
            elif backends and not any(one.workload.listens_at(one.port) for one in backends):
                sentence = f"Service/{service.name}: none of its pods listens at {port.target}"
                yield Finding(port.place, sentence)


def _asked_ports(answers: Answers) -> dict[str, set[int]]:
    """Return the ports that routes ask for, by the Service's full name."""
    asked: dict[str, set[int]] = {}
    for one in answers.routes.virtual_services:
        for route in (*one.http, *one.tcp):
            for destination in route.destinations:
                service = answers.clusters.services.get(destination.host)
                every = [port.number for port in service.ports] if service else []
                ports = every if destination.port is None else [destination.port]
                asked.setdefault(destination.host, set()).update(ports)
    return asked


def _policies(answers: Answers) -> Iterator[Finding]:
    for one in answers.state.of(PEER_AUTHENTICATION):
        selector = Part.whole(one.manifest).at("spec", "selector", "matchLabels")
        wanted = selector.labels()
        chosen = (w.labels for w in answers.clusters.workloads if w.namespace == one.key.namespace)
        if wanted and not any(wanted.items() <= labels.items() for labels in chosen):
            yield Finding(selector.place, f"{one.key}: its selector selects no pods")

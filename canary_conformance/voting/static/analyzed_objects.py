"""What `istioctl analyze` reports of objects that hinder no request, so that R5.2 fails by them alone.

Sources: Istio, "Analyzer Messages": a rule that is never reached (IST0130) or a match that is there twice
(IST0131), two Gateways that open one port for one host (IST0145), a port of no declared protocol (IST0118),
TLS to a server that nothing verifies (IST0128, IST0129).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from canary_conformance.model.model import Model
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import State
from canary_conformance.model.routing.gateways import Gateway, gateways
from canary_conformance.model.routing.services import Protocol, services
from canary_conformance.scenario.places import Finding

_LISTS = ("http", "tcp", "tls")


def analyzed(model: Model) -> list[Finding]:
    """Return what `istioctl analyze` reports at one moment, each finding with its code (R5.2)."""
    every = (_unreached_rules, _gateways_alike, _undeclared_ports, _unverified_servers)
    return [finding for analyzer in every for finding in analyzer(model.state)]


def _unreached_rules(state: State) -> Iterator[Finding]:
    for one in state.of("VirtualService"):
        spec = Part.whole(one.manifest)["spec"]
        for rules in (spec[name].items() for name in _LISTS):
            yield from _after_others(rules, str(one.key))


def _after_others(rules: list[Part], owner: str) -> Iterator[Finding]:
    """Yield each rule behind one without a match, and each match that an earlier rule has, word for word."""
    everything = False
    known: set[str] = set()
    for rule in rules:
        matches = rule["match"].items()
        if everything:
            sentence = f"{owner}: {rule.name} is never reached behind a rule without a match (IST0130)"
            yield Finding(rule.place, sentence)
        everything = everything or not matches
        for match in matches:
            text = json.dumps(match.value, sort_keys=True, default=str)
            if text in known:
                yield Finding(match.place, f"{owner}: {match.name} is there in an earlier rule (IST0131)")
            known.add(text)


def _gateways_alike(state: State) -> Iterator[Finding]:
    every = gateways(state)
    for at, one in enumerate(every):
        for other in every[:at]:
            for server in one.servers:
                if shared := _shared(one, other, server.port, server.hosts):
                    sentence = f"{one}: it opens port {server.port} for {shared}, as {other} does (IST0145)"
                    yield Finding(server.place, sentence)


def _shared(one: Gateway, other: Gateway, port: int, hosts: tuple[str, ...]) -> str:
    """Return the hosts that two Gateways open at a port of the same proxies, "" for none."""
    mine, others = one.selector.items(), other.selector.items()
    if not (mine <= others or others <= mine):
        return ""
    taken = {host for server in other.servers if server.port == port for host in server.hosts}
    return ", ".join(host for host in hosts if host in taken)


def _undeclared_ports(state: State) -> Iterator[Finding]:
    for service in services(state).values():
        for port in service.ports:
            if port.protocol is Protocol.SNIFFED:
                called = f"name {port.name!r}" if port.name else "absent name"
                sentence = f"port {port.number} declares no protocol by its {called} (IST0118)"
                yield Finding(port.place, f"Service/{service.name}: {sentence}")


def _unverified_servers(state: State) -> Iterator[Finding]:
    """Yield each rule for a host or port, not for a subset, whose TLS names no file of CA certificates."""
    for one in state.of("DestinationRule"):
        policy = Part.whole(one.manifest).at("spec", "trafficPolicy")
        of_ports = [(port["tls"], "IST0129") for port in policy["portLevelSettings"].items()]
        for tls, code in ((policy["tls"], "IST0128"), *of_ports):
            if tls["mode"].value in ("SIMPLE", "MUTUAL") and not tls["caCertificates"].text():
                sentence = f"{one.key}: mode {tls['mode'].value} without caCertificates ({code})"
                yield Finding(tls.place, sentence)

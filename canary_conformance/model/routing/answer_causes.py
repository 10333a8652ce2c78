"""Why a request does not end as its author meant: the line that is responsible, in plain words.

A route or rule can be there and not count: shown to other namespaces only (exportTo), written for a host that
is no Service, bound to a Gateway that does not exist. Sources: Istio, "Virtual Service" (hosts, gateways,
exportTo), "Destination Rule" (host, exportTo), "Gateway" (selector).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from canary_conformance.model.objects.host_names import (
    MESH,
    covers,
    is_shown_to,
    is_wild,
    meant_host,
    no_service,
)
from canary_conformance.model.objects.questions import Lack, Rule, Source
from canary_conformance.model.pods.workloads import Workload
from canary_conformance.model.routing.destination_rules import DestinationRule
from canary_conformance.model.routing.gateways import Gateway
from canary_conformance.model.routing.services import Service, ServicePort
from canary_conformance.model.routing.virtual_services import Destination, VirtualService
from canary_conformance.scenario.places import Finding


def hidden_rule(
    rules: Iterable[DestinationRule], service: Service, services: Iterable[str], namespace: str
) -> Rule | None:
    """Return why a DestinationRule that is meant for a Service does not count for a namespace's proxies."""
    names = tuple(services)
    for rule in rules:
        if covers(rule.host, service.host) and not is_shown_to(rule.export_to, rule.namespace, namespace):
            where = _only(rule.export_to, rule.namespace)
            who = _who(namespace, service.namespace)
            return Rule(rule.export_place, f"{rule} is exported to {where} only (exportTo), {who}")
        if meant_host(rule.host, names) == service.host:
            return Rule(rule.host_place, f"{rule}: {no_service(rule.host, names)}")
    return None


def unused_route(
    routes: Iterable[VirtualService], service: Service, services: Iterable[str], namespace: str
) -> Rule | None:
    """Return why a VirtualService that is meant for a Service does not count for a namespace's sidecars."""
    names = tuple(services)
    for owner in routes:
        exact = any(host == service.host for host in owner.hosts)
        if exact and MESH not in owner.gateways:
            bound = ", ".join(sorted(owner.gateways))
            sentence = f"{owner} is bound to Gateway {bound} only, and not to the mesh"
            return Rule(owner.gateways_place, f"{sentence}: no sidecar has its routes")
        if exact and not owner.is_for(MESH, namespace):
            where = _only(owner.export_to, owner.namespace)
            who = _who(namespace, service.namespace)
            return Rule(owner.export_place, f"{owner} is exported to {where} only (exportTo), {who}")
        for host, place in zip(owner.hosts, owner.host_places, strict=True):
            if MESH in owner.gateways and meant_host(host, names) == service.host:
                return Rule(place, f"{owner}: {no_service(host, names)}")
    return None


def no_gateway(gateways: Iterable[Gateway], labels: Mapping[str, str], port: int) -> Rule | None:
    """Return why no Gateway opens a port at pods with these labels."""
    found = tuple(gateways)
    for gateway in found:
        if not gateway.opens_at(labels):
            wrong = {name: value for name, value in gateway.selector.items() if labels.get(name) != value}
            selected = ", ".join(f"{name}={value}" for name, value in wrong.items())
            own = ", ".join(f"{name}={labels[name]}" if name in labels else f"no {name}" for name in wrong)
            sentence = f"{gateway} selects pods labelled {selected}, and the ingress gateway's have {own}"
            return Rule(gateway.selector_place, sentence)
    for gateway in found:
        if gateway.servers:
            opened = ", ".join(str(server.port) for server in gateway.servers)
            return Rule(gateway.servers[0].place, f"{gateway} opens port {opened} and not {port}")
    return None


def no_route(
    routes: Iterable[VirtualService], gateways: Sequence[Gateway], host: str, source: Source
) -> Rule | None:
    """Return why no VirtualService takes a host at the Gateways that open the ingress."""
    every = tuple(routes)
    known = {gateway.name: gateway for gateway in gateways}
    for owner in every:
        bound = sorted(owner.gateways & set(known))
        for_host = any(covers(one, host) for one in owner.hosts)
        if bound and for_host and not owner.is_for(bound[0], source.namespace):
            where = _only(owner.export_to, owner.namespace)
            runs = f"and the {source.name} runs in {source.namespace}"
            return Rule(owner.export_place, f"{owner} is exported to {where} only (exportTo), {runs}")
        strange = sorted(owner.gateways - set(known) - {MESH})
        if for_host and strange:
            sentence = f"{owner} is bound to Gateway {strange[0]}, which does not exist"
            return Rule(owner.gateways_place, sentence)
        if for_host and not bound and any(is_wild(one) for one in owner.hosts):
            return Rule(owner.place, f"{owner} is bound to no Gateway, so that only sidecars have its routes")
        if bound and owner.hosts and not for_host:
            hosts = ", ".join(owner.hosts)
            return Rule(
                owner.host_places[0], f"{owner} is for host {hosts}, and voters call the ingress address"
            )
    for gateway in gateways:
        for server in gateway.servers:
            if not any(covers(one.rpartition("/")[2], host) for one in server.hosts):
                hosts = ", ".join(server.hosts)
                return Rule(
                    server.place, f"{gateway} takes host {hosts}, and voters call the ingress address"
                )
    return None


def unknown_subset(
    owner: VirtualService, destination: Destination, service: Service, rule: DestinationRule | None
) -> tuple[Rule, Lack]:
    """Return that a route names a subset that no visible DestinationRule defines."""
    named = f"routes to subset {destination.subset}"
    if rule is None:
        why = f"of {service.name}, which no DestinationRule defines"
    else:
        known = ", ".join(sorted(rule.subsets)) or "none"
        why = f", which {rule} ({rule.place}) does not define; its subsets: {known}"
    place = destination.name_place
    sentence = f"{owner} {named} {why}".replace(" ,", ",")
    return Rule(place, sentence), Lack(f"{owner} ({place}) {named}", place, service.host, destination.subset)


def unknown_host(
    owner: VirtualService, destination: Destination, services: Iterable[str]
) -> tuple[Rule, Lack]:
    """Return that a route names a host that is no Service."""
    place = destination.name_place if not destination.subset else destination.place
    sentence = f"{owner} routes to {no_service(destination.host, services, joint=', which is')}"
    lack = Lack(f"{owner} ({place}) routes to {destination.host}", place, destination.host, "")
    return Rule(place, sentence), lack


def nobody_behind(
    service: Service,
    port: ServicePort,
    labels: Mapping[str, str],
    subset: Rule | None,
    workloads: Iterable[Workload],
) -> Rule | None:
    """Return why no ready pod is behind a Service or a subset of it: the pods' own trouble, or the labels.

    Args:
        service: the Service.
        port: its port that is called.
        labels: those of the subset, empty for the whole Service.
        subset: the line of the subset, None for the whole Service.
        workloads: those of the state.
    """
    every = tuple(workloads)
    chosen = [one for one in every if service.selects(one)]
    fitting = [one for one in chosen if labels.items() <= one.labels.items()]
    for one in fitting:
        if one.blocked:
            return Rule(one.blocked[0].place, one.blocked[0].sentence)
    if fitting:
        one = fitting[0]
        if not one.ready:
            why = _not_ready(one, f"Deployment/{one.deployment}")
            return Rule(why.place, why.sentence)
        leads = f"Service/{service.name} port {port.number} leads to the pods' port {port.target}"
        return Rule(port.place, f"{leads}, which none of them declares")
    if chosen and subset is not None:
        return Rule(subset.place, f"{subset.sentence} selects no pod of Service/{service.name}")
    wanted = ", ".join(f"{name}={value}" for name, value in service.selector.items()) or "nothing"
    return (
        None
        if chosen
        else Rule(service.place, f"Service/{service.name} selects {wanted}, which no pod carries")
    )


def not_ready(workload: Workload) -> tuple[Finding, ...]:
    """Return why a workload has no ready pods; none where it has some and nothing keeps others back."""
    if workload.ready or workload.blocked:
        return workload.blocked
    return (_not_ready(workload, str(workload)),)


def _not_ready(workload: Workload, name: str) -> Finding:
    if workload.replicas and workload.unawaited:
        return Finding(
            workload.unawaited.place, f"{name} has no ready pod yet: {workload.unawaited.sentence}"
        )
    what = "has no ready pod yet" if workload.replicas else "has 0 replicas"
    return Finding(workload.place, f"{name} {what}")


def _only(export_to: Sequence[str], home: str) -> str:
    if set(export_to) <= {".", home}:
        return f"its own namespace {home}"
    return f"namespace {', '.join(export_to)}"


def _who(namespace: str, service_namespace: str) -> str:
    client = "client" if namespace == service_namespace else "ingress gateway"
    return f"and the {client} runs in {namespace}"

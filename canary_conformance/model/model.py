"""What the objects in force mean together: ask it who answers a request.

Nothing here raises for what a manifest holds. What the model does not support, or can't understand, ends in
Ending.UNKNOWN with the place: such an answer is never to be judged as fine. Two things it doesn't foretell: a
proxy's retries, which may turn a pod's refusal into another pod's answer, and how long an answer takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from canary_conformance.model.dangling_references import references
from canary_conformance.model.objects.host_names import full_name
from canary_conformance.model.objects.questions import OUTSIDE, Answer, Ending, Request, Source
from canary_conformance.model.objects.state import State
from canary_conformance.model.pods.container_environment import EnvVar
from canary_conformance.model.pods.workloads import Workload
from canary_conformance.model.routing.answers import Answers
from canary_conformance.model.routing.authorization import Call, asked_words, authorization_policies
from canary_conformance.model.routing.connection_ends import source_of
from canary_conformance.model.routing.expected_legs import Leg, legs
from canary_conformance.model.routing.outcomes import nothing
from canary_conformance.model.routing.routes import Entry
from canary_conformance.model.routing.services import Backend
from canary_conformance.scenario.places import Finding, Place

__all__ = ["Endpoint", "EnvVar", "Leg", "Model", "Workload"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A ready pod behind a Service: its workload's name ("voting-app 1.0") and the pod's port."""

    workload: str
    port: int


class Model:
    """The meaning of one state, worked out as far as it is asked for."""

    def __init__(self, state: State) -> None:
        self.state = state

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.state)

    def answer(self, request: Request) -> Answer:
        """Return everything that can become of a request, each with its probability."""
        return self._answers.answer(request)

    def answer_at_pod(self, workload: str, port: int) -> Answer:
        """Return what becomes of a plaintext connection to a port of a workload's pods, past any Service.

        workload: "voting-app 1.0". For R3.5, which calls every pod by its address from outside the mesh.
        """
        found = [one for one in self.pods() if str(one) == workload and one.ready]
        if not found:
            reason = f"{workload} has no ready pod"
            return nothing(Ending.NO_LISTENER, reason)
        call = Call(OUTSIDE.namespace, OUTSIDE.account, http=self._answers.clusters.is_http(found[0], port))
        return Answer(self._answers.clusters.plaintext([Backend(one, port) for one in found], call))

    def routes_at_ingress(self, port: int) -> Mapping[str, tuple[Entry, ...]]:
        """Return the routes of the ingress gateway at a port in their order, by the domain they are for."""
        return {domain: chain.entries for domain, chain in self._answers.chains_at_ingress(port).items()}

    def routes_of_call(self, request: Request) -> tuple[Entry, ...]:
        """Return the routes that the caller's sidecar has for an HTTP request, in their order."""
        chain = self._answers.chain_of_call(request)
        return chain.entries if chain else ()

    def asked_by_policies(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the methods and the paths that policies ask for, in Istio's words ("/a*")."""
        policies = authorization_policies(self.state)
        return asked_words(policies, "methods"), asked_words(policies, "paths")

    def pods(self) -> tuple[Workload, ...]:
        """Return every workload in the order of creation."""
        return self._answers.clusters.workloads

    def workload(self, app: str, version: str) -> Workload | None:
        """Return the workload whose pods have these labels, one with ready pods first; None for none."""
        found = [one for one in self.pods() if (one.app, one.version) == (app, version)]
        return next((one for one in found if one.ready), found[0] if found else None)

    def counted_pods(self) -> Mapping[str, int]:
        """Return how many ready pods each workload has, by its name; those without any are left out."""
        counted: dict[str, int] = {}
        for one in self.pods():
            if one.ready:
                counted[str(one)] = counted.get(str(one), 0) + one.ready
        return counted

    def endpoints(self, service: str) -> Mapping[int, tuple[Endpoint, ...]]:
        """Return, by the Service's port, the ready pods behind it; empty for a Service that isn't there."""
        found = self._answers.clusters.services.get(full_name(service, self.state.namespace))
        if found is None:
            return {}
        return {
            port.number: tuple(
                Endpoint(str(one.workload), one.port)
                for one in found.backends(port, self.pods())
                for _ in range(one.workload.ready)
            )
            for port in found.ports
        }

    def open_ports(self, workload: Workload) -> tuple[int, ...]:
        """Return the ports of a workload's pods: declared, listened at by contract, or behind a Service."""
        behind = (
            backend.port
            for service in self._answers.clusters.services.values()
            for port in service.ports
            for backend in service.backends(port, (workload,))
        )
        return tuple(sorted({*workload.open_ports, *behind}))

    def source(self, app: str, version: str) -> Source:
        """Return a pod of a workload as the source of requests; raises LookupError when there is none."""
        found = self.workload(app, version)
        if found is None:
            raise LookupError(f"no workload is labelled app={app}, version={version}")
        return source_of(found)

    def leads_to(self, match: Place, workload: str) -> bool:
        """Return whether the route of a match (its line) leads to ready pods of a workload, if it matched."""
        clusters = self._answers.clusters
        return any(
            str(backend.workload) == workload
            for owner in self._answers.routes.virtual_services
            for route in (*owner.http, *owner.tcp)
            if any(one.place == match for one in route.matches)
            for to in route.destinations
            if to.port is not None
            for backend in clusters.cluster(to.host, to.subset, to.port, self.state.namespace).backends
        )

    def legs(self) -> tuple[Leg, ...]:
        """Return a row for each client, service and port of SCENARIO.md's table that has ready pods."""
        return legs(self._answers)

    def references(self) -> tuple[Finding, ...]:
        """Return what names something that isn't there: host, port, subset, gateway, Secret, claim, pods."""
        return references(self._answers)

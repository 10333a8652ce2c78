"""Services under other names that lead to the stores or to analytics, past the routes of their own Services.

A route is for a host: what is called by another Service's name takes none of them (R3.3, R4.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import Ending, Request
from canary_conformance.model.routing.services import Service, services
from canary_conformance.scenario.places import Finding
from canary_conformance.voting.chains import ANALYTICS, REDIS, REFUSED, WHO_MAY_REACH_WHOM
from canary_conformance.voting.contract import STORAGE
from canary_conformance.voting.static.model_questions import source_of, spoken, who

_DESTINATIONS = {STORAGE: REDIS, ANALYTICS[0]: ANALYTICS}


def strays_by_other_names(model: Model, sources: Iterable[str]) -> list[Finding]:
    """Return each Service by whose name a source reaches what it may not (SCENARIO.md, who may reach whom).

    Args:
        model: what is in force.
        sources: the workloads that call ("voting-analytics 1.0").

    Raises:
        NotSpoken: the model does not know.
    """
    found = []
    for source in sources:
        for service, port, component in _other_ways(model):
            # A source without a row of its own may reach none of them.
            may = WHO_MAY_REACH_WHOM.get((source, _DESTINATIONS[component]), REFUSED)
            seen = _reached(model, source, service, port)
            if seen not in {"", may, REFUSED, str(Ending.NO_LISTENER)}:
                sentence = f"Service/{service.name} leads {source} to {seen} at port {port}"
                found.append(Finding(service.place, f"{sentence}, past the routes of {component}"))
    return found


def _other_ways(model: Model) -> Iterator[tuple[Service, int, str]]:
    """Yield each Service, not of a component's own name, whose port leads to pods of a component."""
    for service in services(model.state).values():
        if service.name in _DESTINATIONS:
            continue
        for port in service.ports:
            apps = {one.workload.app for one in service.backends(port, model.pods())}
            for component in apps & set(_DESTINATIONS):
                yield service, port.number, component


def _reached(model: Model, source: str, service: Service, port: int) -> str:
    try:
        asking = source_of(model, source)
    except LookupError:
        return ""
    return who(spoken(model.answer(Request(asking, service.host, port, path="/analytics"))))

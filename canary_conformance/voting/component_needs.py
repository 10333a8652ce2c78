"""What a component needs before it can answer, and where by the contract and its settings it looks for that.

Source: the application's contract ("Configuration by environment").
"""

from __future__ import annotations

from dataclasses import dataclass

from canary_conformance.scenario.application import is_port
from canary_conformance.scenario.observations import Opening
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.traffic.first_bytes import http_get
from canary_conformance.voting.chains import MYSQL, REDIS
from canary_conformance.voting.contract import (
    ANALYTICS,
    APP,
    NEW,
    OLD,
    PAGE_PORT,
    PATHS,
    STORAGE,
    STORE_PORTS,
)
from canary_conformance.voting.voting_app import VOTING_APP

Destination = tuple[str, int]
PREFIXES = {(ANALYTICS, PAGE_PORT): "ANALYTICS", REDIS: "REDIS", MYSQL: "MYSQL"}
"""The prefixes of the variables that configure where a component finds what it needs."""


@dataclass(frozen=True, slots=True)
class Need:
    """A Service that a component asks before it can answer, with its port: the contract's own.

    asked: the host and port at which the component looks for it. elsewhere: whether that is no name of the
    contract's own Service at its own port. peers: who may answer, those of the component's major version.
    """

    service: str
    port: int
    asked: Destination
    elsewhere: bool
    peers: frozenset[str]

    def __str__(self) -> str:
        host, port = self.asked
        return f"{host}:{port}"

    def opening(self) -> Opening:
        """Return how a connection to what is needed is opened, wherever it is looked for."""
        if self.service == ANALYTICS:
            return Opening(http_get(*self.asked, PATHS[ANALYTICS]), listens=False)
        return VOTING_APP.opening(self.service, self.asked[0], self.port)


def needs(one: Workload) -> list[Need]:
    """Return what a component needs; what its pod does not show of its settings is the contract's."""
    if one.app not in {APP, ANALYTICS} or one.version not in STORE_PORTS:
        return []
    store = _need(one, (STORAGE, STORE_PORTS[one.version]))
    return [store, _need(one, (ANALYTICS, PAGE_PORT))] if one.app == APP else [store]


def set_port(one: Workload) -> list[int]:
    """Return the port at which a component listens by its settings, none where they name none."""
    return [int(port) for port in [one.settings.get("PORT") or ""] if is_port(port)]


def _need(one: Workload, destination: Destination) -> Need:
    service, port = destination
    host = one.settings.get(f"{PREFIXES[destination]}_HOST", service)
    number = one.settings.get(f"{PREFIXES[destination]}_PORT", str(port))
    asked = (host, int(number)) if host and number and is_port(number) else destination
    home = f"{service}.{one.pod.namespace}"
    own = asked[0] in {service, home, f"{home}.svc", f"{home}.svc.cluster.local"}
    return Need(service, port, asked, not own or asked[1] != port, _peers(one, destination))


def _peers(one: Workload, need: Destination) -> frozenset[str]:
    if need == MYSQL:
        return frozenset({NEW.store})
    if need == REDIS:
        return frozenset({OLD.store})
    major = one.version.partition(".")[0]
    return frozenset(f"{need[0]} {version}" for version in STORE_PORTS if version.partition(".")[0] == major)

"""The table that `istioctl authn tls-check` printed, rebuilt from the proxies on both ends of a leg.

A row is one client's way to one port of a service. STATUS compares, endpoint by endpoint, what the client's
clusters do with what the server's proxy accepts there: OK when every pair fits, CONFLICT when one doesn't,
UNKNOWN when no route, no endpoint or no proxy is there to compare. OK alone isn't mutual TLS: plaintext to a
permissive server fits too. AUTHN POLICY and DESTINATION RULE name the objects that cause the two sides: no
rule for a client that does mutual TLS by itself, whatever else a rule sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from canary_conformance.mesh.tls.envoy_config import EnvoyConfig
from canary_conformance.mesh.tls.tls_modes import (
    NONE,
    ClientCluster,
    Mode,
    ServerTls,
    client_tls,
    modes_text,
    server_tls,
)
from canary_conformance.model.pods.peer_authentication import policy_in_force


class TlsStatus(StrEnum):
    """Whether the two ends of a leg fit together."""

    OK = "OK"
    CONFLICT = "CONFLICT"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class TlsLeg:
    """One client's way to a service: the client's name, the service's full name and the Service's port."""

    client: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.client} -> {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class TlsRow:
    """One row. `server` and `client` hold every mode found ("mTLS", "mTLS/HTTP", "HTTP"), "-" for none.

    `notes` say which cluster and endpoint the status is about, one sentence each; none for OK.
    """

    leg: TlsLeg
    status: TlsStatus
    server: str
    client: str
    authn_policy: str
    destination_rule: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServingPod:
    """A pod that serves.

    Attributes:
        pod: Its name.
        namespace: Its namespace.
        address: Its IP address.
        labels: Its labels.
        config: What its proxy runs, None where it has no sidecar.
    """

    pod: str
    namespace: str
    address: str
    labels: Mapping[str, str] = field(hash=False)
    config: EnvoyConfig | None = field(hash=False)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One endpoint of one cluster: what the client does towards it, what the pod there accepts, and why."""

    where: str
    client: Mode | None
    server: ServerTls | None
    policy: str

    @property
    def status(self) -> TlsStatus:
        if self.client is None or self.server is None:
            return TlsStatus.UNKNOWN
        return TlsStatus.OK if self.client in self.server.accepts else TlsStatus.CONFLICT

    @property
    def note(self) -> str:
        return f"{self.where}: client {self.client or NONE}, server {self.server or NONE}"


def tls_row(
    leg: TlsLeg,
    client: EnvoyConfig,
    addresses: Sequence[str],
    servers: Sequence[ServingPod],
    *,
    policies: Sequence[Mapping[str, Any]],
    root_namespace: str,
    merged: Mapping[str, str] = MappingProxyType({}),
) -> TlsRow:
    """Return the row of a leg, judged over every cluster that the client's traffic takes (R3.4, R4.10).

    Args:
        leg: the client, and the service and port that it calls.
        client: what the client's proxy runs.
        addresses: what leg.host resolves to (the Service's clusterIPs; unused for a gateway).
        servers: all pods that may be behind it, found by their address.
        policies: the PeerAuthentication objects of the servers' and the root namespace.
        root_namespace: the mesh's.
        merged: the cell for a DestinationRule that Istio merged with others of its host: a cluster names one.

    Raises:
        DumpIncomplete: a dump lacks a part that is read here.
    """
    clusters = client_tls(client, leg.host, leg.port, addresses)
    by_address = {server.address: server for server in servers}
    pairs = [
        pair for cluster in clusters for pair in _pairs(cluster, by_address, list(policies), root_namespace)
    ]
    notes = [pair.note for pair in pairs if pair.status is not TlsStatus.OK]
    notes += [_emptiness(cluster) for cluster in clusters if not cluster.endpoints]
    return TlsRow(
        leg,
        _status(pairs, whole=bool(clusters) and all(cluster.endpoints for cluster in clusters)),
        server=modes_text(mode for pair in pairs if pair.server for mode in pair.server.accepts),
        client=modes_text(mode for cluster in clusters for mode in cluster.modes),
        authn_policy=_listed(pair.policy for pair in pairs),
        destination_rule=_listed(merged.get(rule, rule) for rule in map(_cause, clusters)),
        notes=tuple(notes) if clusters else (f"{leg.client} has no route to {leg.host}:{leg.port}",),
    )


def _pairs(
    cluster: ClientCluster,
    servers: Mapping[str, ServingPod],
    policies: list[Mapping[str, Any]],
    root_namespace: str,
) -> Iterator[_Pair]:
    for one in cluster.endpoints:
        endpoint = one.endpoint
        server = servers.get(endpoint.address)
        where = f"{cluster.name} to {endpoint}"
        if server is None:
            yield _Pair(f"{where} (a pod that isn't among the service's)", one.mode, None, NONE)
            continue
        policy = policy_in_force(
            policies,
            namespace=server.namespace,
            labels=server.labels,
            port=endpoint.port,
            root_namespace=root_namespace,
        )
        yield _Pair(
            f"{where} ({server.pod})", one.mode, _accepting(server, endpoint.port), str(policy or NONE)
        )


def _accepting(server: ServingPod, port: int) -> ServerTls:
    """Return what a pod accepts; without a sidecar nothing ends TLS in front of the app."""
    if server.config is None:
        return ServerTls(port, frozenset({Mode.HTTP}))
    return server_tls(server.config, port)


def _cause(cluster: ClientCluster) -> str:
    """Return the rule that makes the client do what it does (Istio: "Auto mutual TLS").

    A client is left the choice, endpoint by endpoint, only when no rule sets a TLS mode.
    """
    return NONE if cluster.automatic else cluster.destination_rule


def _status(pairs: Sequence[_Pair], *, whole: bool) -> TlsStatus:
    seen = {pair.status for pair in pairs}
    if TlsStatus.CONFLICT in seen:
        return TlsStatus.CONFLICT
    return TlsStatus.OK if whole and seen == {TlsStatus.OK} else TlsStatus.UNKNOWN


def _emptiness(cluster: ClientCluster) -> str:
    if not cluster.known:
        return f"{cluster.name}: routes lead to it, but the client's Envoy has no such cluster"
    return f"{cluster.name}: no endpoint, client {modes_text(cluster.modes)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or NONE

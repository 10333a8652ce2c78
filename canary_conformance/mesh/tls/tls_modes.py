"""What the two ends of a leg really do: the client's clusters, and the server's filter chains.

A client end is mutual TLS when its socket presents the workload's certificate. With automatic mutual TLS the
cluster holds two sockets, and each endpoint gets the one that its tlsMode label asks for; so the answer is
per endpoint. A server end accepts what its filter chains for the port accept, which can be more than one
thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from canary_conformance.mesh.tls.envoy_config import (
    Cluster,
    DumpIncomplete,
    Endpoint,
    EnvoyConfig,
    FilterChain,
)
from canary_conformance.mesh.tls.outbound_clusters import INBOUND_LISTENER, clusters_towards, outbound_cluster
from canary_conformance.mesh.tls.transport_sockets import SanMatcher, SocketKind, TransportSocket

NONE = "-"

_RULE_KIND = "destination-rule"
_NAMESPACES = "namespaces"


class Mode(StrEnum):
    """What travels on a connection, in istioctl's words, the best protected first."""

    MTLS = "mTLS"
    TLS = "TLS"  # one-way, or with a certificate that isn't the workload's
    HTTP = "HTTP"  # plaintext, whatever the protocol above


@dataclass(frozen=True, slots=True)
class EndpointTls:
    """What a client does towards one endpoint, and the peers that it insists on (empty: any).

    `mode` is None for a socket that can't be judged, such as a tunnel.
    """

    endpoint: Endpoint
    mode: Mode | None
    peers: tuple[SanMatcher, ...]


@dataclass(frozen=True, slots=True)
class ClientCluster:
    """One cluster that a client's traffic takes.

    `known` is False when routes name a cluster that the proxy doesn't have: its requests fail. `mode` is
    what every endpoint gets, None when that depends on the endpoint (`automatic`) or is unknown. `subset`
    is "" for the whole service; `destination_rule` is "NAME/NAMESPACE", or "-" when no rule shaped the
    cluster.
    """

    name: str
    subset: str
    known: bool
    automatic: bool
    mode: Mode | None
    destination_rule: str
    endpoints: tuple[EndpointTls, ...]

    @property
    def modes(self) -> frozenset[Mode]:
        """What the client does over all endpoints; the cluster's own mode while it has none."""
        found = [one.mode for one in self.endpoints] or [self.mode]
        return frozenset(mode for mode in found if mode is not None)


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What a server's proxy accepts at one port of its pod, and the peers that its TLS chains insist on."""

    port: int
    accepts: frozenset[Mode]
    peers: tuple[SanMatcher, ...] = ()

    @property
    def strict(self) -> bool:
        """Whether nothing but mutual TLS gets in."""
        return self.accepts == {Mode.MTLS}

    def __str__(self) -> str:
        return modes_text(self.accepts)


def modes_text(modes: Iterable[Mode]) -> str:
    """Return modes as a cell of the table, such as "mTLS/HTTP"; "-" for none."""
    wanted = frozenset(modes)
    return "/".join(mode for mode in Mode if mode in wanted) or NONE


def client_tls(
    config: EnvoyConfig, host: str, port: int, addresses: Sequence[str] = ()
) -> tuple[ClientCluster, ...]:
    """Return what a client's proxy does in each cluster that its traffic to host:port takes (R3.4, R4.10).

    host is the service's full name; addresses are its clusterIPs (pod addresses when headless), which a
    gateway doesn't need. Empty when the client has no route to it. Raises DumpIncomplete when the dump holds
    no endpoints. Source: Istio, "Understanding TLS Configuration".
    """
    return tuple(_client_cluster(config, name) for name in clusters_towards(config, host, port, addresses))


def server_tls(config: EnvoyConfig, port: int) -> ServerTls:
    """Return what a server's proxy accepts at a port of its pod (the target port, not the Service's).

    The chains for exactly this port are judged; only when there are none, those for any port, as Envoy never
    falls back from the first to the second. A chain that passes TLS on without ending it counts as
    plaintext: it asks for no certificate. What never reaches the proxy (a port excluded from redirection)
    isn't seen here; the refusals of R3.5 see it. Raises DumpIncomplete when the proxy has no inbound
    listener. Source: Envoy, "FilterChainMatch".
    """
    inbound = next((one for one in config.listeners if one.name == INBOUND_LISTENER), None)
    if inbound is None:
        raise DumpIncomplete(f"{config.node}: no listener {INBOUND_LISTENER}, so this is no sidecar's dump")
    own = [chain for chain in inbound.chains if chain.port == port]
    chains = own or [chain for chain in inbound.chains if chain.port is None]
    chains += [inbound.default] if inbound.default else []
    peers = [peer for chain in chains for peer in chain.socket.peers]
    return ServerTls(port, frozenset(_accepted(chain) for chain in chains), tuple(dict.fromkeys(peers)))


def _accepted(chain: FilterChain) -> Mode:
    if chain.socket.kind is not SocketKind.TLS:
        return Mode.HTTP
    return Mode.MTLS if chain.socket.demands_certificate else Mode.TLS


def _client_cluster(config: EnvoyConfig, name: str) -> ClientCluster:
    parts = outbound_cluster(name)
    cluster = config.cluster(name)
    endpoints = [] if cluster is None else [_towards(cluster, one) for one in config.endpoints(cluster)]
    automatic = cluster is not None and bool(cluster.matches)
    return ClientCluster(
        name=name,
        subset=parts.subset if parts else "",
        known=cluster is not None,
        automatic=automatic,
        mode=None if cluster is None or automatic else _presented(cluster.socket),
        destination_rule=NONE if cluster is None else _destination_rule(cluster.config),
        endpoints=tuple(endpoints),
    )


def _towards(cluster: Cluster, endpoint: Endpoint) -> EndpointTls:
    socket = cluster.socket_for(endpoint.labels)
    return EndpointTls(endpoint, _presented(socket), socket.peers)


def _presented(socket: TransportSocket) -> Mode | None:
    if socket.kind is SocketKind.OTHER:
        return None
    if socket.kind is SocketKind.PLAIN:
        return Mode.HTTP
    return Mode.MTLS if socket.presents_workload_certificate else Mode.TLS


def _destination_rule(path: str) -> str:
    """Return "NAME/NAMESPACE" of the rule at an object's path, "-" when the path is no rule's."""
    parts = path.split("/")
    if len(parts) < 4 or parts[-2] != _RULE_KIND or parts[-4] != _NAMESPACES:
        return NONE
    return f"{parts[-1]}/{parts[-3]}"

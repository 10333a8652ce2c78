"""Which clusters a client's traffic to a service really takes, by its own listeners and routes.

A sidecar looks a connection up by the address that the app dialled: the listener bound to it, else the one
bound to any address at that port, else the virtual outbound listener. A TCP chain names its cluster there
and then; an HTTP chain looks the host up among the virtual hosts of its route configuration. Subsets need no
reading of rules: Istio has put them into the cluster's name. A gateway is read the other way round: of all
clusters that its routes name, those of the service.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from canary_conformance.mesh.tls.envoy_config import EnvoyConfig, FilterChain, Listener, VirtualHost

INBOUND_LISTENER = "virtualInbound"
OUTBOUND_LISTENER = "virtualOutbound"

_ANY = ("0.0.0.0", "::")  # noqa: S104  (compared with, never bound to)
_OUTBOUND = "outbound"
_TLS = "tls"


@dataclass(frozen=True, slots=True)
class ClusterName:
    """Istio's name of an outbound cluster, taken apart; `subset` is "" for all endpoints of the service."""

    port: int
    subset: str
    host: str


def outbound_cluster(name: str) -> ClusterName | None:
    """Return the parts of "outbound|PORT|SUBSET|HOST", or None for any other cluster."""
    parts = name.split("|")
    if len(parts) != 4 or parts[0] != _OUTBOUND or not parts[1].isdigit():
        return None
    return ClusterName(int(parts[1]), parts[2], parts[3])


def clusters_towards(config: EnvoyConfig, host: str, port: int, addresses: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the clusters that the proxy's traffic to host:port takes, each once.

    host: the service's full name (NAME.NAMESPACE.svc.DOMAIN). addresses: what that name resolves to, that is
    the Service's clusterIPs, or its pods' addresses when it is headless; a gateway needs none. Empty when
    there is no route. "PassthroughCluster" and "BlackHoleCluster" are answers too: past the mesh, or
    nowhere. Source: Istio, "Understanding Traffic Routing"; Envoy, "FilterChainMatch", "VirtualHost"
    (domains).
    """
    if config.is_gateway:
        return _gateway_clusters(config, host, port)
    chains = [
        chain
        for listener in _dialled(config, port, addresses)
        for chain in _chosen(listener, port, addresses)
    ]
    found = [
        name for chain in chains for name in (*chain.clusters, *_http_clusters(config, chain, host, port))
    ]
    return tuple(dict.fromkeys(found))


def _gateway_clusters(config: EnvoyConfig, host: str, port: int) -> tuple[str, ...]:
    chains = [
        chain for listener in config.listeners for chain in (*listener.chains, listener.default) if chain
    ]
    named = [name for chain in chains for name in chain.clusters]
    hosts = [one for chain in chains for one in _virtual_hosts(config, chain)]
    named += [name for one in hosts for name in one.clusters]
    return tuple(name for name in dict.fromkeys(named) if _is_of(outbound_cluster(name), host, port))


def _is_of(name: ClusterName | None, host: str, port: int) -> bool:
    return name is not None and (name.host, name.port) == (host, port)


def _dialled(config: EnvoyConfig, port: int, addresses: Sequence[str]) -> list[Listener]:
    """Return the listeners that take connections to these addresses at this port."""
    virtual = [listener for listener in config.listeners if listener.name == OUTBOUND_LISTENER]
    real = [one for one in config.listeners if one.port == port and one.name != INBOUND_LISTENER]
    found: dict[str, Listener] = {}
    for address in addresses:
        exact = [one for one in real if any(_same(bound, address) for bound in one.addresses)]
        wild = [one for one in real if set(one.addresses) & set(_ANY)]
        found |= {one.name: one for one in exact or wild or virtual}
    return list(found.values())


def _chosen(listener: Listener, port: int, addresses: Sequence[str]) -> tuple[FilterChain, ...]:
    """Return the chains for a plain connection: by the closest port, then prefix, else the default."""
    plain = [chain for chain in listener.chains if chain.transport != _TLS]
    left = [chain for chain in plain if chain.port == port] or [
        chain for chain in plain if chain.port is None
    ]
    reach = {chain: _longest_prefix(chain, addresses) for chain in left}
    longest = max(reach.values(), default=None)
    if longest is None or longest < 0:
        return (listener.default,) if listener.default else ()
    return tuple(chain for chain in left if reach[chain] == longest)


def _longest_prefix(chain: FilterChain, addresses: Sequence[str]) -> int:
    """Return the length of the chain's longest prefix over an address: 0 without prefixes, -1 for none."""
    if not chain.prefixes:
        return 0
    networks = [ipaddress.ip_network(prefix, strict=False) for prefix in chain.prefixes]
    covering = [one for one in networks if any(ipaddress.ip_address(address) in one for address in addresses)]
    return max((one.prefixlen for one in covering), default=-1)


def _same(bound: str, address: str) -> bool:
    return ipaddress.ip_address(bound) == ipaddress.ip_address(address)


def _virtual_hosts(config: EnvoyConfig, chain: FilterChain) -> tuple[VirtualHost, ...]:
    named = [one.virtual_hosts for one in config.route_configs if one.name in chain.route_configs]
    return (*chain.virtual_hosts, *(host for hosts in named for host in hosts))


def _http_clusters(config: EnvoyConfig, chain: FilterChain, host: str, port: int) -> tuple[str, ...]:
    """Return the clusters of the virtual host that takes a request for the host; none when there is none."""
    best: tuple[tuple[int, int], VirtualHost] | None = None
    for virtual_host in _virtual_hosts(config, chain):
        for domain in virtual_host.domains:
            rank = _domain_rank(domain, host, port)
            if rank is not None and (best is None or rank > best[0]):
                best = (rank, virtual_host)
    return best[1].clusters if best else ()


def _domain_rank(domain: str, host: str, port: int) -> tuple[int, int] | None:
    """Return how closely a domain fits the host: exact, then suffix, prefix, any; the longer the better."""
    if domain in (host, f"{host}:{port}"):
        return 3, len(domain)
    if domain == "*":
        return 0, 0
    if domain.startswith("*") and host.endswith(domain[1:]):
        return 2, len(domain)
    if domain.endswith("*") and host.startswith(domain[:-1]):
        return 1, len(domain)
    return None

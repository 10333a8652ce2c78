"""What an Envoy runs, read from its own dump: the admin port's `GET /config_dump?include_eds`.

The dump, parsed from JSON, is a list of sections, each with its type. Only what is active is read: a
listener or a cluster that is still warming carries no traffic. Fields that hold their default are absent, so
absence always has a meaning here; but a whole section that is absent means a dump cut short, and that is an
error, never an empty answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.tls.transport_sockets import TransportSocket, read_socket

CONFIG_DUMP = "/config_dump?include_eds"

Labels = tuple[tuple[str, str], ...]

_HTTP_MANAGER = "envoy.filters.network.http_connection_manager"
_TCP_PROXY = "envoy.filters.network.tcp_proxy"
_SOCKET_MATCH = "envoy.transport_socket_match"
_GATEWAY_NODE = "router"


class DumpIncomplete(NotJudged, ValueError):
    """A dump lacks a section that every proxy has, or that this question needs."""


@dataclass(frozen=True, slots=True)
class SocketMatch:
    """A socket for the endpoints that carry all of these labels."""

    labels: Labels
    socket: TransportSocket


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster: its socket, the sockets that some endpoints get instead, and the object that shaped it.

    `endpoint_set` is the name under which its endpoints stand. `config` is the path of the Istio object in
    the cluster's metadata, such as "/apis/networking.istio.io/v1/namespaces/N/destination-rule/D", "" for
    none.
    """

    name: str
    socket: TransportSocket
    matches: tuple[SocketMatch, ...]
    endpoint_set: str
    config: str

    def socket_for(self, labels: Labels) -> TransportSocket:
        """Return the socket for an endpoint: the first match whose labels it has, else the cluster's own.

        Source: Envoy, Cluster, "transport_socket_matches".
        """
        fitting = (match.socket for match in self.matches if set(match.labels) <= set(labels))
        return next(fitting, self.socket)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address behind a cluster, and the labels by which its socket is chosen (Istio: tlsMode)."""

    address: str
    port: int
    labels: Labels

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class EndpointSet:
    """The endpoints that stand under one name."""

    name: str
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """The clusters that the routes of one host name, mirrors included, in order and each once."""

    domains: tuple[str, ...]
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RouteConfig:
    """The virtual hosts under one name of the route discovery."""

    name: str
    virtual_hosts: tuple[VirtualHost, ...]


@dataclass(frozen=True, slots=True)
class FilterChain:
    """A filter chain: for which connections it is, its socket, and where it sends them.

    `port`, `prefixes` and `transport` are None or empty when they don't matter. A TCP chain names
    `clusters`; an HTTP chain names a route configuration, or carries virtual hosts of its own.
    """

    port: int | None
    prefixes: tuple[str, ...]
    transport: str
    socket: TransportSocket
    clusters: tuple[str, ...]
    route_configs: tuple[str, ...]
    virtual_hosts: tuple[VirtualHost, ...]


@dataclass(frozen=True, slots=True)
class Listener:
    """An active listener: its name, where it is bound, its chains, and the chain for all that they leave."""

    name: str
    addresses: tuple[str, ...]
    port: int
    chains: tuple[FilterChain, ...]
    default: FilterChain | None


@dataclass(frozen=True, slots=True)
class EnvoyConfig:
    """What one proxy runs. `endpoint_sets` is None when the dump was requested without them."""

    node: str
    clusters: tuple[Cluster, ...]
    endpoint_sets: tuple[EndpointSet, ...] | None
    listeners: tuple[Listener, ...]
    route_configs: tuple[RouteConfig, ...]

    @property
    def is_gateway(self) -> bool:
        """Whether the proxy is a gateway (Istio names its nodes "router~..."), not a sidecar."""
        return self.node.split("~")[0] == _GATEWAY_NODE

    def cluster(self, name: str) -> Cluster | None:
        """Return the active cluster of this name."""
        return next((cluster for cluster in self.clusters if cluster.name == name), None)

    def endpoints(self, cluster: Cluster) -> tuple[Endpoint, ...]:
        """Return a cluster's endpoints. Raises DumpIncomplete when the dump lacks the endpoints of all."""
        if self.endpoint_sets is None:
            raise DumpIncomplete(f"{self.node}: the dump has no endpoints; request {CONFIG_DUMP}")
        sets = [one.endpoints for one in self.endpoint_sets if one.name == cluster.endpoint_set]
        return tuple(endpoint for endpoints in sets for endpoint in endpoints)


def read_config(dump: Mapping[str, Any]) -> EnvoyConfig:
    """Return what a proxy runs, from its answer to CONFIG_DUMP.

    Raises DumpIncomplete when a section is missing. Source: Envoy, "Administration interface", /config_dump.
    """
    parts = {str(part.get("@type", "")).rpartition(".")[2]: part for part in dump.get("configs", [])}
    needed = ("BootstrapConfigDump", "ClustersConfigDump", "ListenersConfigDump", "RoutesConfigDump")
    if missing := [name for name in needed if name not in parts]:
        raise DumpIncomplete(f"the dump has no {', '.join(missing)}; request {CONFIG_DUMP}, without a mask")
    bootstrap, clusters, listeners, routes = (parts[name] for name in needed)
    found = [*clusters.get("static_clusters", []), *clusters.get("dynamic_active_clusters", [])]
    return EnvoyConfig(
        node=bootstrap["bootstrap"]["node"]["id"],
        clusters=tuple(_cluster(one["cluster"]) for one in found),
        endpoint_sets=_endpoint_sets(parts.get("EndpointsConfigDump")),
        listeners=tuple(_listener(one) for one in _active_listeners(listeners)),
        route_configs=tuple(
            RouteConfig(one["route_config"].get("name", ""), _virtual_hosts(one["route_config"]))
            for one in routes.get("dynamic_route_configs", [])
        ),
    )


def _cluster(document: Mapping[str, Any]) -> Cluster:
    matches = document.get("transport_socket_matches", [])
    return Cluster(
        name=document["name"],
        socket=read_socket(document.get("transport_socket")),
        matches=tuple(
            SocketMatch(_labels(match.get("match")), read_socket(match.get("transport_socket")))
            for match in matches
        ),
        endpoint_set=document.get("eds_cluster_config", {}).get("service_name") or document["name"],
        config=_metadata(document, "istio").get("config", ""),
    )


def _endpoint_sets(part: Mapping[str, Any] | None) -> tuple[EndpointSet, ...] | None:
    if part is None:
        return None
    found = [*part.get("static_endpoint_configs", []), *part.get("dynamic_endpoint_configs", [])]
    return tuple(
        EndpointSet(one["endpoint_config"]["cluster_name"], tuple(_endpoints(one["endpoint_config"])))
        for one in found
    )


def _endpoints(document: Mapping[str, Any]) -> Iterator[Endpoint]:
    for locality in document.get("endpoints", []):
        for one in locality.get("lb_endpoints", []):
            # A path of a Unix socket, or an address inside of the proxy, is no pod.
            if place := one.get("endpoint", {}).get("address", {}).get("socket_address"):
                yield Endpoint(place["address"], place["port_value"], _labels(_metadata(one, _SOCKET_MATCH)))


def _active_listeners(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    active = [one["active_state"] for one in part.get("dynamic_listeners", []) if "active_state" in one]
    found = [one["listener"] for one in [*part.get("static_listeners", []), *active]]
    return [one for one in found if "socket_address" in one.get("address", {})]


def _listener(document: Mapping[str, Any]) -> Listener:
    extra = [one["address"] for one in document.get("additional_addresses", [])]
    places = [one["socket_address"] for one in [document["address"], *extra] if "socket_address" in one]
    default = document.get("default_filter_chain")
    return Listener(
        name=document.get("name", ""),
        addresses=tuple(place["address"] for place in places),
        port=places[0]["port_value"],
        chains=tuple(_chain(one) for one in document.get("filter_chains", [])),
        default=None if default is None else _chain(default),
    )


def _chain(document: Mapping[str, Any]) -> FilterChain:
    match = document.get("filter_chain_match", {})
    filters = {one["name"]: one.get("typed_config", {}) for one in document.get("filters", [])}
    manager = filters.get(_HTTP_MANAGER, {})
    named = manager.get("rds", {}).get("route_config_name")
    return FilterChain(
        port=match.get("destination_port"),
        prefixes=tuple(
            f"{one['address_prefix']}/{one.get('prefix_len', 0)}" for one in match.get("prefix_ranges", [])
        ),
        transport=match.get("transport_protocol", ""),
        socket=read_socket(document.get("transport_socket")),
        clusters=tuple(_targets(filters.get(_TCP_PROXY, {}))),
        route_configs=(named,) if named else (),
        virtual_hosts=_virtual_hosts(manager.get("route_config", {})),
    )


def _virtual_hosts(route_config: Mapping[str, Any]) -> tuple[VirtualHost, ...]:
    found = []
    for host in route_config.get("virtual_hosts", []):
        actions = [route.get("route", {}) for route in host.get("routes", [])]
        clusters = [cluster for action in actions for cluster in _targets(action)]
        found.append(VirtualHost(tuple(host.get("domains", [])), tuple(dict.fromkeys(clusters))))
    return tuple(found)


def _targets(action: Mapping[str, Any]) -> Iterator[str]:
    """Yield the clusters that a route's action or a TCP proxy sends to; a weight of 0 sends nothing."""
    if "cluster" in action:
        yield action["cluster"]
    for share in action.get("weighted_clusters", {}).get("clusters", []):
        if share.get("weight") != 0:
            yield share["name"]
    # A mirrored request carries the same content as the first, so it must be as well protected.
    for mirror in action.get("request_mirror_policies", []):
        yield mirror["cluster"]


def _metadata(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.get("metadata", {}).get("filter_metadata", {}).get(key, {})
    return found


def _labels(document: Mapping[str, Any] | None) -> Labels:
    return tuple(sorted((key, str(value)) for key, value in (document or {}).items()))

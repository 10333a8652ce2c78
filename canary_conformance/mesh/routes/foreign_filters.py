"""Filters that a running proxy has and a plain mesh does not: what no request can be derived from.

A filter is known by the type of its configuration, which Envoy resolves; its name is free text (Envoy:
"Extension configuration"). Those that Istio's own proxy adds are for telemetry and identities and choose no
destination. RBAC comes from AuthorizationPolicies: its conditions on a request are read, and real callers
show those on the caller or the connection. Sources: Envoy, "RBAC" (a policy applies where any permission and
any principal match); Istio, "Authorization Policy".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.conditions import PATH, Condition, Unread, read_header, read_string
from canary_conformance.mesh.routes.route_tables import RouteTable, tables_of

LISTENERS = "/config_dump?resource=dynamic_listeners"

_ISTIOS_OWN = (
    "istio.",
    "io.istio.",
    "stats.",
    "envoy.tcp.metadataexchange.",
    "envoy.extensions.network_filters.peer_metadata.",
)
_ENVOY = "envoy.extensions.filters."
_MANAGER = f"{_ENVOY}network.http_connection_manager.v3.HttpConnectionManager"
_TCP_PROXY = f"{_ENVOY}network.tcp_proxy.v3.TcpProxy"
_RBAC = (f"{_ENVOY}http.rbac.v3.RBAC", f"{_ENVOY}network.rbac.v3.RBAC")
# Part of a plain mesh with no more than this set on them: anything else is foreign.
_SETTINGS: Mapping[str, frozenset[str]] = {
    f"{_ENVOY}http.fault.v3.HTTPFault": frozenset(),
    # For tracing, and for headers that Envoy itself adds.
    f"{_ENVOY}http.router.v3.Router": frozenset({"start_child_span", "suppress_envoy_headers"}),
}
_PLAIN = frozenset(
    {
        _MANAGER,
        _TCP_PROXY,
        # It counts queries only.
        f"{_ENVOY}network.mysql_proxy.v3.MySQLProxy",
        f"{_ENVOY}http.grpc_stats.v3.FilterConfig",
        # The last of a cluster's HTTP filters: it sends the request.
        f"{_ENVOY}http.upstream_codec.v3.UpstreamCodec",
        # They answer a browser's preflight by themselves and add headers to answers.
        f"{_ENVOY}http.cors.v3.Cors",
        f"{_ENVOY}http.cors.v3.CorsPolicy",
        f"{_ENVOY}listener.original_dst.v3.OriginalDst",
        f"{_ENVOY}listener.original_src.v3.OriginalSrc",
        f"{_ENVOY}listener.tls_inspector.v3.TlsInspector",
        f"{_ENVOY}listener.http_inspector.v3.HttpInspector",
        f"{_ENVOY}listener.proxy_protocol.v3.ProxyProtocol",
    }
)
# Of a connection manager: what can change a request before its route is chosen.
_BEFORE_ROUTES = ("early_header_mutation_extensions", "scoped_routes", "scoped_routes_config_source")
# By what a connection's filter chain is chosen in a plain mesh: nothing of its source.
_CHAIN_MATCH = frozenset(
    {"destination_port", "prefix_ranges", "transport_protocol", "application_protocols", "server_names"}
)
_WRAPPED = ("udpa.type.v1.TypedStruct", "xds.type.v3.TypedStruct")


@dataclass(frozen=True, slots=True)
class ForeignFilter:
    """A filter, or a setting, that a plain mesh does not have: its name, its type, where it stands."""

    name: str
    type: str
    where: str

    def __str__(self) -> str:
        return f"{self.name} ({self.type}) at {self.where}" if self.type else f"{self.name} at {self.where}"


@dataclass(frozen=True, slots=True)
class RunningListener:
    """A listener: where it is bound, the names of the route configurations it uses, and what else it has."""

    name: str
    port: int
    inbound: bool
    route_configs: tuple[str, ...]
    tables: tuple[RouteTable, ...]
    foreign: tuple[ForeignFilter, ...]
    rules: tuple[AccessRule, ...]


def running_listeners(dump: Mapping[str, Any]) -> tuple[RunningListener, ...]:
    """Return the active listeners in an answer to LISTENERS. Raises NotJudged where it has none."""
    found = [one["active_state"]["listener"] for one in dump.get("configs", ()) if "active_state" in one]
    if not found:
        raise NotJudged(f"the proxy shows no listeners; request {LISTENERS}")
    return tuple(_listener(one) for one in found)


def foreign_of_routes(config: Mapping[str, Any]) -> Iterator[ForeignFilter]:
    """Yield the filters that a route configuration sets up for its routes."""
    for host in config.get("virtual_hosts", ()):
        where = f"the virtual host {host.get('name', '')}"
        yield from _set_up(config, f"the routes {config.get('name', '')}")
        yield from _set_up(host, where)
        for route in host.get("routes", ()):
            yield from _set_up(route, f"a route of {where}")
            for share in route.get("route", {}).get("weighted_clusters", {}).get("clusters", ()):
                yield from _set_up(share, f"a route of {where}")


def foreign_in_dump(dump: Mapping[str, Any]) -> dict[str, tuple[ForeignFilter, ...]]:
    """Return foreign_of_routes() of each configuration in an answer to route_tables.ROUTES, by its name."""
    found = [one["route_config"] for one in dump.get("configs", ()) if "route_config" in one]
    return {str(one.get("name", "")): tuple(dict.fromkeys(foreign_of_routes(one))) for one in found}


def _listener(document: Mapping[str, Any]) -> RunningListener:
    name = str(document.get("name", ""))
    where = f"listener {name}"
    chains = [*document.get("filter_chains", ())]
    chains += [document["default_filter_chain"]] if "default_filter_chain" in document else []
    listed = [(one, where) for one in document.get("listener_filters", ())]
    managers = []
    for chain in chains:
        listed += [(one, where) for one in chain.get("filters", ())]
        managers += [_body(one)[1] for one in chain.get("filters", ()) if _body(one)[0] == _MANAGER]
    for manager in managers:
        listed += [(one, f"the HTTP filters of {where}") for one in manager.get("http_filters", ())]
    inline = [manager["route_config"] for manager in managers if "route_config" in manager]
    foreign = [found for one, place in listed for found in foreign_filters(one, place)]
    foreign += [found for config in inline for found in foreign_of_routes(config)]
    foreign += [ForeignFilter(field, "", where) for field in _foreign_settings(document, chains, managers)]
    named = [manager.get("rds", {}).get("route_config_name", "") for manager in managers]
    return RunningListener(
        name,
        int(document.get("address", {}).get("socket_address", {}).get("port_value", 0)),
        document.get("traffic_direction") == "INBOUND",
        tuple(dict.fromkeys(filter(None, named))),
        tuple(dict.fromkeys(table for config in inline for table in tables_of(config))),
        tuple(dict.fromkeys(foreign)),
        tuple(rule for one, _ in listed if _body(one)[0] in _RBAC for rule in access_rules(_body(one)[1])),
    )


def _foreign_settings(
    document: Mapping[str, Any], chains: Iterable[Mapping[str, Any]], managers: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield what decides where a request or a connection goes, and no single one of them can show."""
    yield from (field for manager in managers for field in _BEFORE_ROUTES if field in manager)
    for chain in chains:
        yield from sorted(chain.get("filter_chain_match", {}).keys() - _CHAIN_MATCH)
        for kind, body in map(_body, chain.get("filters", ())):
            shares = body.get("weighted_clusters", {}).get("clusters", ())
            if kind == _TCP_PROXY and sum(bool(one.get("weight")) for one in shares) > 1:
                yield "weighted_clusters"
    yield from {"filter_chain_matcher"} & document.keys()


def foreign_filters(document: Mapping[str, Any], where: str) -> Iterator[ForeignFilter]:
    """Yield a filter that stands somewhere, where a plain mesh does not have it."""
    kind, body = _body(document)
    if document.get("disabled") is True or _is_plain(kind, body):
        return
    yield ForeignFilter(str(document.get("name", "")), kind, where)


def _set_up(document: Mapping[str, Any], where: str) -> Iterator[ForeignFilter]:
    for name, config in document.get("typed_per_filter_config", {}).items():
        kind, body = _body({"typed_config": config})
        if not _is_plain(kind, body):
            yield ForeignFilter(name, kind, where)


def _is_plain(kind: str, body: Mapping[str, Any]) -> bool:
    if kind in _SETTINGS:
        return not body.keys() - {"@type"} - _SETTINGS[kind]
    return kind in _PLAIN or kind in _RBAC or kind.startswith(_ISTIOS_OWN)


def _body(document: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the type of a filter's configuration, and the configuration."""
    config = document.get("typed_config", {})
    kind = str(config.get("@type", "")).rpartition("/")[2]
    if kind in _WRAPPED:
        return str(config.get("type_url", "")).rpartition("/")[2], config.get("value", {})
    return kind, config


_OF_THE_CALLER = frozenset(
    {
        "any",
        "authenticated",
        "source_ip",
        "direct_remote_ip",
        "remote_ip",
        "destination_ip",
        "destination_port",
        "destination_port_range",
        "requested_server_name",
    }
)
_IDENTITY = "io.istio.peer_principal"
_SETS = ("and_rules", "or_rules", "and_ids", "or_ids")


@dataclass(frozen=True, slots=True)
class AccessRule:
    """A policy of RBAC: its name, what it asks of a request anywhere within it, and what is not read."""

    name: str
    conditions: tuple[Condition, ...]
    unread: tuple[str, ...]


def access_rules(body: Mapping[str, Any]) -> Iterator[AccessRule]:
    """Yield the policies of an RBAC filter that are enforced."""
    if "matcher" in body:
        yield AccessRule("matcher", (), ("a tree of matchers of RBAC",))
    for name, policy in body.get("rules", {}).get("policies", {}).items():
        leaves = list(_leaves([*policy.get("permissions", ()), *policy.get("principals", ())]))
        leaves += ["a condition of RBAC in CEL"] if {"condition", "checked_condition"} & policy.keys() else []
        conditions = dict.fromkeys(leaf for leaf in leaves if isinstance(leaf, Condition))
        unread = dict.fromkeys(leaf for leaf in leaves if isinstance(leaf, str))
        yield AccessRule(name, tuple(conditions), tuple(unread))


def _leaves(rules: list[Mapping[str, Any]]) -> Iterator[Condition | str]:
    for rule in rules:
        for kind, value in rule.items():
            if kind in _SETS:
                yield from _leaves(value.get("rules", value.get("ids", [])))
            elif kind in {"not_rule", "not_id"}:
                yield from _leaves([value])
            elif kind in _OF_THE_CALLER or (kind == "filter_state" and value.get("key") == _IDENTITY):
                continue
            else:
                yield _leaf(kind, value)


def _leaf(kind: str, value: Any) -> Condition | str:
    try:
        if kind == "header":
            return read_header(value)
        if kind == "url_path":
            return read_string(PATH, value.get("path", {}))
    except Unread as strange:
        return str(strange)
    return f"a rule of RBAC on {kind}"

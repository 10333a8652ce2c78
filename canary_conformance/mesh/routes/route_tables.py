"""The routes that a proxy runs, by virtual host: what each asks of a request, and what of it is not read.

A closed world: a field of a route that is neither read nor known to leave the choice of the destination alone
is reported as not read. Sources: Envoy, "Route", "RouteMatch", "RouteAction", "VirtualHost"; Istio names the
object that a route comes from in its metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.conditions import Condition, Unread, read_header, read_path, read_query

ROUTES = "/config_dump?resource=dynamic_route_configs"

_PATHS = frozenset({"prefix", "path", "safe_regex", "path_separated_prefix", "case_sensitive"})
_READ_MATCH = _PATHS | {"headers", "query_parameters"}
_HARMLESS_ROUTE = frozenset(
    {
        "match",
        "route",
        # These answer at once, which a request shows.
        "redirect",
        "direct_response",
        "name",
        "metadata",
        "decorator",
        "tracing",
        "stat_prefix",
        "per_request_buffer_limit_bytes",
        # What happens to headers once the route is chosen: R4.6 and the page show it.
        "request_headers_to_add",
        "request_headers_to_remove",
        "response_headers_to_add",
        "response_headers_to_remove",
        # See foreign_filters.
        "typed_per_filter_config",
    }
)
_HARMLESS_ACTION = frozenset(
    {
        "cluster",
        "weighted_clusters",
        # A request that is cut off or sent again shows it.
        "timeout",
        "idle_timeout",
        "retry_policy",
        "max_grpc_timeout",
        "max_stream_duration",
        "prefix_rewrite",
        "regex_rewrite",
        "path_rewrite",
        "host_rewrite_literal",
        "auto_host_rewrite",
        "append_x_forwarded_host",
        # By which pod of the same cluster: each serves the same version.
        "hash_policy",
        "cluster_not_found_response_code",
        "upgrade_configs",
        "priority",
        "cors",
    }
)
_HARMLESS_HOST = frozenset(
    {
        "name",
        "domains",
        "routes",
        "include_request_attempt_count",
        "include_attempt_count_in_response",
        "require_tls",
        "retry_policy",
        "cors",
        "metadata",
        "request_headers_to_add",
        "request_headers_to_remove",
        "response_headers_to_add",
        "response_headers_to_remove",
        "typed_per_filter_config",
    }
)


@dataclass(frozen=True, slots=True)
class RunningRoute:
    """A route that a proxy runs.

    Attributes:
        origin: The object that it comes from ("virtual-service voting/voting-app"), or its own name.
        conditions: What it asks of a request; all have to hold.
        clusters: Where it leads.
        share: The smallest share of the requests that it gives to one of them.
        cookies: What it does to cookies, in words ("removes set-cookie from answers").
        unread: What of it is not read, in words.
    """

    origin: str
    conditions: tuple[Condition, ...]
    clusters: tuple[str, ...]
    share: float
    unread: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A virtual host: the authorities that it serves, its routes in order, and what of itself is not read."""

    domains: tuple[str, ...]
    routes: tuple[RunningRoute, ...]
    unread: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The smallest share of the requests that any of the routes gives to one destination."""
        return min((route.share for route in self.routes), default=1.0)

    def leads_to(self, namespace: str) -> bool:
        """Return whether a route leads to a Service of a namespace, or to what Istio did not name."""
        clusters = [cluster for route in self.routes for cluster in route.clusters]
        return any(f".{namespace}.svc." in one or "|" not in one for one in clusters)


def dynamic_tables(dump: Mapping[str, Any]) -> dict[str, tuple[RouteTable, ...]]:
    """Return the route tables in an answer to ROUTES, by the name of their configuration.

    Raises NotJudged where the answer has none.
    """
    found = [one["route_config"] for one in dump.get("configs", ()) if "route_config" in one]
    if not found:
        raise NotJudged(f"the proxy shows no routes; request {ROUTES}")
    return {str(one.get("name", "")): tuple(tables_of(one)) for one in found}


def tables_of(config: Mapping[str, Any]) -> Iterator[RouteTable]:
    """Yield the virtual hosts of a route configuration."""
    for host in config.get("virtual_hosts", ()):
        strange = sorted(host.keys() - _HARMLESS_HOST)
        yield RouteTable(
            tuple(host.get("domains", ())),
            tuple(_route(route) for route in host.get("routes", ())),
            tuple(f"{name} of the virtual host {host.get('name', '')}" for name in strange),
        )


def _route(document: Mapping[str, Any]) -> RunningRoute:
    conditions, unread = _conditions(document.get("match", {}))
    action = document.get("route", {})
    unread += sorted(document.keys() - _HARMLESS_ROUTE)
    unread += sorted(action.keys() - _HARMLESS_ACTION)
    shares = [
        (share["name"], int(share.get("weight", 0)))
        for share in action.get("weighted_clusters", {}).get("clusters", ())
        if share.get("weight")
    ]
    total = sum(weight for _, weight in shares)
    named = [action["cluster"]] if "cluster" in action else [name for name, _ in shares]
    return RunningRoute(
        _origin(document),
        tuple(conditions),
        tuple(named),
        min((weight / total for _, weight in shares), default=1.0),
        tuple(unread),
        tuple(dict.fromkeys(_cookies(document, action))),
    )


def _cookies(document: Mapping[str, Any], action: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a route, or one of its destinations, does to cookies (Envoy, "Header manipulation")."""
    for one in (document, *action.get("weighted_clusters", {}).get("clusters", ())):
        for of, name in (("response", "set-cookie"), ("request", "cookie")):
            at = f"{name} {'of answers' if of == 'response' else 'of requests'}"
            if name in map(str.lower, one.get(f"{of}_headers_to_remove", ())):
                yield f"removes {at}"
            added = one.get(f"{of}_headers_to_add", ())
            if any(it.get("header", {}).get("key", "").lower() == name for it in added):
                yield f"writes {at}"


def _conditions(match: Mapping[str, Any]) -> tuple[list[Condition], list[str]]:
    read: list[Condition] = []
    unread = [f"a matcher of {name}" for name in sorted(match.keys() - _READ_MATCH)]
    try:
        path = read_path(match)
        read += [path] if path else []
    except Unread as strange:
        unread.append(str(strange))
    readers = [(read_header, one) for one in match.get("headers", ())]
    readers += [(read_query, one) for one in match.get("query_parameters", ())]
    for reader, matcher in readers:
        try:
            read.append(reader(matcher))
        except Unread as strange:
            unread.append(str(strange))
    return read, unread


def _origin(document: Mapping[str, Any]) -> str:
    """Return where a route comes from; Istio: "/apis/networking.istio.io/v1/namespaces/N/KIND/NAME"."""
    config = document.get("metadata", {}).get("filter_metadata", {}).get("istio", {}).get("config", "")
    words = str(config).split("/")
    if len(words) >= 4 and words[-4] == "namespaces":
        return f"{words[-2]} {words[-3]}/{words[-1]}"
    return f"route {document['name']!r}" if document.get("name") else "a route of no Istio object"

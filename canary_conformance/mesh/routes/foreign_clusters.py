"""What a proxy's clusters have beyond those of a plain mesh: filters, limits, a choice by the request.

A closed world, as the routes are: a field that Istio does not write, by a DestinationRule or without one, is
foreign. What is left shows in any request that takes the cluster. Sources: Envoy, "Cluster configuration",
"Circuit breakers", "HTTP Protocol Options"; transport sockets are read by mesh.tls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.foreign_filters import ForeignFilter, foreign_filters
from canary_conformance.model.routing.route_timeouts import ENOUGH

ACTIVE_CLUSTERS = "/config_dump?resource=dynamic_active_clusters"

_PROTOCOLS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_READ = frozenset({"circuit_breakers", "filters", "typed_extension_protocol_options"})
_PLAIN = frozenset(
    {
        "@type",
        "name",
        "alt_stat_name",
        "metadata",
        "transport_socket",
        "transport_socket_matches",
        # Which addresses: who answers is seen.
        "type",
        "eds_cluster_config",
        "load_assignment",
        "dns_lookup_family",
        "dns_refresh_rate",
        "dns_failure_refresh_rate",
        "respect_dns_ttl",
        # Which of them a request meets is not predicted.
        "lb_policy",
        "common_lb_config",
        "least_request_lb_config",
        "round_robin_lb_config",
        "ring_hash_lb_config",
        "maglev_lb_config",
        "original_dst_lb_config",
        "outlier_detection",
        # How connections are made and kept.
        "connect_timeout",
        "cleanup_interval",
        "upstream_bind_config",
        "upstream_connection_options",
        "per_connection_buffer_limit_bytes",
    }
)
_PLAIN_PROTOCOL = frozenset(
    {
        "@type",
        "http_filters",
        "common_http_protocol_options",
        "upstream_http_protocol_options",
        "explicit_http_config",
        "use_downstream_protocol_config",
        "auto_config",
    }
)
_LIMITS = ("max_connections", "max_pending_requests", "max_requests")


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """A cluster: its name, whether it leads into the proxy's own pod, and what a plain mesh does not have."""

    name: str
    inbound: bool
    foreign: tuple[ForeignFilter, ...]


def running_clusters(dump: Mapping[str, Any], namespace: str) -> tuple[RunningCluster, ...]:
    """Return the clusters in an answer to ACTIVE_CLUSTERS, without those of other namespaces' Services.

    Raises NotJudged where it has none.
    """
    found = [one["cluster"] for one in dump.get("configs", ()) if "cluster" in one]
    if not found:
        raise NotJudged(f"the proxy shows no clusters; request {ACTIVE_CLUSTERS}")
    return tuple(
        RunningCluster(name, name.lower().startswith("inbound"), tuple(_foreign(one, f"the cluster {name}")))
        for one in found
        if not (name := str(one.get("name", ""))).startswith("outbound|") or f".{namespace}.svc." in name
    )


def _foreign(document: Mapping[str, Any], where: str) -> Iterator[ForeignFilter]:
    for field in sorted(document.keys() - _PLAIN - _READ):
        yield ForeignFilter(field, "", where)
    for one in document.get("filters", ()):
        yield from foreign_filters(one, where)
    for kind, options in sorted(document.get("typed_extension_protocol_options", {}).items()):
        strange = options.keys() - _PLAIN_PROTOCOL if kind == _PROTOCOLS else {kind}
        yield from (ForeignFilter(field, "", where) for field in sorted(strange))
        for one in options.get("http_filters", ()):
            yield from foreign_filters(one, f"the HTTP filters of {where}")
    breakers = document.get("circuit_breakers", {})
    for threshold in (*breakers.get("thresholds", ()), *breakers.get("per_host_thresholds", ())):
        for limit in _LIMITS:
            if int(threshold.get(limit, ENOUGH)) < ENOUGH:
                yield ForeignFilter(f"{limit} {threshold[limit]}", "", f"the circuit breakers of {where}")

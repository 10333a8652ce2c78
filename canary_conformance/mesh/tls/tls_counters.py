"""Counters of the proxies that show which pods were really called, and whether TLS was really used.

With Istio's default stats a sidecar's `/stats` has no counter of requests, connections or handshakes: the
statistics matcher in its bootstrap leaves them out, and what is left out is never counted. But Envoy keeps a
few counters for each endpoint apart from its statistics, and `/clusters` always shows them. The inbound
cluster of a port has one endpoint, the app in the pod, so its counters are exactly what the sidecar passed
on to the app.

* They start when the cluster is made, and any change of the cluster makes it anew: a first DestinationRule
  of the service does (it is noted in the cluster's metadata). So take the first reading after the change
  has propagated.
* At a TCP port each connection counts as one request too.
* A plaintext connection that no filter chain takes moves nothing here. A TLS connection to a TCP port that
  fails in the handshake does: Envoy calls the app as soon as a chain is chosen.
* A client's connection through a cluster that always uses TLS is a handshake completed on its side, unless
  it failed. With TLS 1.3 the server may still refuse it, so what counts as proof is the server's end.

A mesh that is installed with STATS_SUFFIXES counts handshakes and refusals by name as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.tls.envoy_config import DumpIncomplete
from canary_conformance.mesh.tls.outbound_clusters import outbound_cluster

CLUSTERS = "/clusters?format=json"
TLS_STATS = "/stats?format=json&filter=(ssl%5C.%7Cno_filter_chain_match)"

# For meshConfig.defaultConfig.proxyStatsMatcher.inclusionSuffixes (Istio: "ProxyConfig"), which a pod
# takes at its start.
HANDSHAKES = "ssl.handshake"
STATS_SUFFIXES = (HANDSHAKES, "ssl.connection_error", "ssl.fail_verify_error", "no_filter_chain_match")

_INBOUND_PORT = 15006
_PASSTHROUGH = "InboundPassthroughCluster"
_INBOUND = re.compile(r"^inbound\|(\d+)\|")


class CounterReset(NotJudged, ValueError):
    """A counter went back: the cluster was made anew between the two readings, so they can't be compared."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a proxy has sent to the endpoints of one cluster since the cluster was made."""

    connections: int
    failed_connections: int
    requests: int

    def since(self, before: Traffic) -> Traffic:
        """Return what was added after an earlier reading. Raises CounterReset when a counter went back."""
        pairs = [(getattr(self, name), getattr(before, name)) for name in Traffic.__slots__]
        if any(now < then for now, then in pairs):
            raise CounterReset(f"counters went back, from {before} to {self}: the cluster was made anew")
        return Traffic(*(now - then for now, then in pairs))


def inbound_traffic(clusters: Mapping[str, Any], port: int) -> Traffic:
    """Return what a sidecar has passed on to the app at a port of its pod (R3.2, R3.5).

    clusters: the answer to CLUSTERS. Nothing passed on yet is zero; a port that the sidecar doesn't serve
    raises DumpIncomplete, since it would stay at zero whatever happens. Source: Envoy, "Administration
    interface".
    """
    found = [one for one in _statuses(clusters) if one["name"].startswith(f"inbound|{port}|")]
    if not found:
        raise DumpIncomplete(f"the proxy has no inbound cluster for port {port}")
    return _total(host for one in found for host in one.get("host_statuses", []))


def outbound_traffic(clusters: Mapping[str, Any], host: str, port: int) -> Traffic:
    """Return what a client's proxy has sent to a port of a service, whatever the subset.

    clusters: the answer to CLUSTERS. host: how the service's full name begins.
    """
    return _total(_outbound_hosts(clusters, host, port))


def in_flight_to(clusters: Mapping[str, Any], host: str, port: int) -> int:
    """Return the requests of a client's proxy to a port of a service that have no answer yet."""
    counted = (
        {one["name"]: int(one.get("value", 0)) for one in endpoint.get("stats", [])}
        for endpoint in _outbound_hosts(clusters, host, port)
    )
    return sum(one.get("rq_active", 0) for one in counted)


def passthrough_traffic(clusters: Mapping[str, Any]) -> Traffic:
    """Return what a sidecar has passed on to the ports of its pod that no Service leads to (R3.2).

    They have no inbound cluster of their own, whatever listens there (Istio: InboundPassthroughCluster).
    """
    found = [one for one in _statuses(clusters) if str(one["name"]).startswith(_PASSTHROUGH)]
    return _total(host for one in found for host in one.get("host_statuses", []))


def inbound_ports(clusters: Mapping[str, Any]) -> frozenset[int]:
    """Return the ports of its pod that a sidecar serves: those that a Service leads to."""
    names = (str(one["name"]) for one in _statuses(clusters))
    return frozenset(int(port) for name in names for port in _INBOUND.findall(name))


def server_handshakes(stats: Mapping[str, Any], inbound_port: int = _INBOUND_PORT) -> int | None:
    """Return the TLS handshakes that a sidecar has completed with its callers; None when none are counted.

    stats: the answer to TLS_STATS. The counter is listener.ADDRESS_15006.ssl.handshake. It is the one that
    proves both identities (R3.6): the server's handshake ends with the client's certificate accepted.
    """
    return _sum(stats, rf"listener\..+_{inbound_port}\.ssl\.handshake")


def _statuses(clusters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "cluster_statuses" not in clusters:
        raise DumpIncomplete(f"no cluster in the answer; ask for {CLUSTERS}")
    return list(clusters["cluster_statuses"])


def _outbound_hosts(clusters: Mapping[str, Any], host: str, port: int) -> Iterator[Mapping[str, Any]]:
    for one in _statuses(clusters):
        name = outbound_cluster(str(one["name"]))
        if name is not None and name.port == port and name.host.startswith(host):
            yield from one.get("host_statuses", [])


def _total(hosts: Iterator[Mapping[str, Any]]) -> Traffic:
    # A counter that is zero has no value, and one that isn't is a text.
    counted = [{one["name"]: int(one.get("value", 0)) for one in host.get("stats", [])} for host in hosts]
    return Traffic(
        connections=sum(one.get("cx_total", 0) for one in counted),
        failed_connections=sum(one.get("cx_connect_fail", 0) for one in counted),
        requests=sum(one.get("rq_total", 0) for one in counted),
    )


def _sum(stats: Mapping[str, Any], pattern: str) -> int | None:
    found = [
        int(one.get("value", 0))
        for one in stats.get("stats", [])
        if "name" in one and re.fullmatch(pattern, one["name"])
    ]
    return sum(found) if found else None

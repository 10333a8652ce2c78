"""The limits that a DestinationRule sets to a client's connections, as far as they may refuse requests.

Sources: Istio, "ConnectionPoolSettings"; Envoy, "Cluster configuration" (connect_timeout).
"""

from __future__ import annotations

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.routing.route_timeouts import limit_in

_TCP_POOL = frozenset(
    {"maxConnections", "connectTimeout", "tcpKeepalive", "idleTimeout", "maxConnectionDuration"}
)
_REQUEST_LIMITS = ("http1MaxPendingRequests", "http2MaxRequests")
_HTTP_POOL = frozenset(
    {
        *_REQUEST_LIMITS,
        "h2UpgradePolicy",
        "idleTimeout",
        "maxRequestsPerConnection",
        "maxRetries",
        "useClientProtocol",
    }
)
# The voters of this suite send at most 32 requests at once, and so do the components behind the page.
ENOUGH = 100
# The limit to connect covers the TLS handshake too (Envoy, connect_timeout): some milliseconds between pods.
_TO_CONNECT = 0.1


def check_limits(part: Part) -> None:
    """Note a limit that may refuse requests (Istio, "ConnectionPoolSettings"); zero means no limit."""
    pool = part["connectionPool"]
    pool.only({"tcp", "http"})
    pool["tcp"].only(_TCP_POOL)
    pool["http"].only(_HTTP_POOL)
    for limit in (pool["tcp"]["maxConnections"], *(pool["http"][name] for name in _REQUEST_LIMITS)):
        if 0 < (limit.number(0) or 0) < ENOUGH:
            limit.problem("the model does not support a limit so low: it may refuse requests")
    if pool["http"]["h2UpgradePolicy"].text() == "UPGRADE":
        pool["http"]["h2UpgradePolicy"].problem("the model does not support requests that become HTTP/2")
    connect = limit_in(pool["tcp"]["connectTimeout"])
    if connect and connect.seconds < _TO_CONNECT:
        pool["tcp"]["connectTimeout"].problem(
            "the model does not support a limit so short: TLS may take longer"
        )

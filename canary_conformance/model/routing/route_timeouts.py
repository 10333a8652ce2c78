"""How long a route lets an answer take, and the limits of a client's connections that may refuse requests.

Sources: Istio, "HTTPRoute" (timeout), "HTTPRetry" (perTryTimeout; without attempts nothing is retried, and no
try has a limit) and "ConnectionPoolSettings"; Envoy, "Cluster configuration" (connect_timeout). Envoy answers
504 when the time is up; zero means no limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

# Nobody waits longer for a page, so a limit of this many seconds cuts no whole page off.
_SAFE = 2.0
# On idle pods a whole page takes about 10 ms from the gateway (seen): six proxies and three components have
# their part in it. A shorter limit cuts off most pages, and certainly one of the hundreds that are sampled.
_SHORTEST_PAGE = 0.010
# The part of it that one call between components has: two proxies and one query of a store.
_SHORTEST_CALL = 0.002


class Keeps(StrEnum):
    """Whether answers come within a limit."""

    ALL = "all answers"
    NONE = "no page"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Limit:
    """The shortest limit of a route: seconds, and the field that sets it with its line."""

    seconds: float
    rule: Rule

    def keeps(self, *, whole_page: bool) -> Keeps:
        """Return what comes in time. whole_page: the route is the gateway's, and not one between pods."""
        if self.seconds >= _SAFE:
            return Keeps.ALL
        shortest = _SHORTEST_PAGE if whole_page else _SHORTEST_CALL
        return Keeps.NONE if self.seconds < shortest else Keeps.UNCERTAIN


def limit_of(route: Part) -> Limit | None:
    """Return the shortest limit of an HTTP route, None when it has none."""
    retries = route["retries"]
    limits = [limit_in(route["timeout"])]
    if (retries["attempts"].number(0) or 0) > 0:
        limits.append(limit_in(retries["perTryTimeout"]))
    return min((one for one in limits if one), key=lambda one: one.seconds, default=None)


def limit_in(part: Part) -> Limit | None:
    """Return the limit that a field sets; None for an absent one, zero, or what is no duration."""
    text = part.text()
    if not text:
        return None
    parts = list(_DURATION.finditer(text))
    if "".join(match[0] for match in parts) != text:
        part.refuse("a duration")
        return None
    seconds = sum(float(match[1]) * _SECONDS[match[2]] for match in parts)
    return Limit(seconds, part.rule(f"{part.manifest.ref} {part.name}: {text}")) if seconds > 0 else None


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

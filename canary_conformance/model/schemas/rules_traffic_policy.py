"""What Istio's webhook refuses about the parts of a traffic policy, and about who sees an object.

Sources: Istio, "Destination Rule" (TrafficPolicy and what lies below it); the answers of the webhook of
Istio 1.31 to a dry run, one a rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.model.schemas.rules_names import is_label
from canary_conformance.model.schemas.rules_reading import Node, duration_problems
from canary_conformance.model.schemas.schema_problems import Problem

_COUNTS = ("http1MaxPendingRequests", "http2MaxRequests", "maxRequestsPerConnection", "maxRetries")
_CERTIFICATES = ("clientCertificate", "caCertificates", "caCrl", "privateKey")
_VERIFIED_BY = ("caCertificates", "credentialName", "subjectAltNames")
_ONE_WAY_OR_MUTUAL = frozenset({"SIMPLE", "MUTUAL"})
_WHOLE = 100


def policy_parts(policy: Node) -> Iterator[Problem]:
    """Yield what is wrong with a traffic policy's connections, ejections, certificates and localities."""
    yield from _connections(policy["connectionPool"])
    outliers = policy["outlierDetection"]
    yield from _durations(outliers, "interval", "baseEjectionTime")
    local = outliers["consecutiveLocalOriginFailures"]
    if local.number and outliers["splitExternalLocalOriginErrors"].value is not True:
        yield local.problem("it needs splitExternalLocalOriginErrors")
    if outliers["consecutiveErrors"]:
        yield outliers["consecutiveErrors"].problem(
            "the API server warns: deprecated; use consecutive5xxErrors"
        )
    yield from _certificates(policy["tls"])
    balancer = policy["loadBalancer"]
    yield from _durations(balancer, "warmupDurationSecs")
    yield from _durations(balancer["warmup"], "duration")
    yield from _localities(balancer["localityLbSetting"])


def export_problems(spec: Node) -> Iterator[Problem]:
    """Yield what is wrong with the namespaces that an object is shown to."""
    found: set[str] = set()
    for namespace in spec["exportTo"].items():
        name = namespace.text
        if name not in {"*", "."} and not is_label(name):
            yield namespace.problem(f"{name!r} is not '.', '*' or the name of a namespace")
        elif name in found:
            yield namespace.problem(f"{name} is there twice")
        found.add(name)
    if "*" in found and len(found) > 1:
        yield spec["exportTo"].problem("* is every namespace, and stands alone")
    elif spec["workloadSelector"] and found - {"."}:
        yield spec["exportTo"].problem("a rule of single pods is shown to its own namespace only")


def _connections(pool: Node) -> Iterator[Problem]:
    tcp, http = pool["tcp"], pool["http"]
    if pool and not (tcp or http):
        yield pool.problem("says nothing")
    for count in (tcp["maxConnections"], http["maxConcurrentStreams"], *(http[name] for name in _COUNTS)):
        if count.number is not None and count.number < 0:
            yield count.problem(f"{count.number} is less than nothing")
    yield from _durations(tcp, "connectTimeout", "idleTimeout", "maxConnectionDuration")
    yield from _durations(tcp["tcpKeepalive"], "time", "interval")
    yield from _durations(http, "idleTimeout")
    if http["useClientProtocol"].value is True and http["h2UpgradePolicy"].text == "UPGRADE":
        yield http["useClientProtocol"].problem("can't stand beside h2UpgradePolicy: UPGRADE")


def _certificates(tls: Node) -> Iterator[Problem]:
    if tls["mode"].text not in _ONE_WAY_OR_MUTUAL:
        return
    if not tls["credentialName"].empty:
        named = [name for name in _CERTIFICATES if not tls[name].empty]
        for name in named[:1]:
            yield tls[name].problem("can't stand beside credentialName")
    if tls["insecureSkipVerify"].value is True:
        named = [name for name in _VERIFIED_BY if not tls[name].empty]
        for name in named[:1]:
            yield tls[name].problem("can't stand beside insecureSkipVerify")


def _localities(setting: Node) -> Iterator[Problem]:
    shared, moved = setting["distribute"], setting["failover"]
    if shared.items() and moved.items():
        yield moved.problem("can't stand beside distribute")
    for one in shared.items():
        weights = [weight.number or 0 for weight in one["to"].entries().values()]
        if sum(weights) != _WHOLE:
            yield one["to"].problem(f"the weights add up to {sum(weights)}, and not to {_WHOLE}")
    for one in moved.items():
        if one["from"].text == one["to"].text:
            yield one["to"].problem("is where the requests come from")


def _durations(node: Node, *names: str) -> Iterator[Problem]:
    for name in names:
        yield from duration_problems(node[name])

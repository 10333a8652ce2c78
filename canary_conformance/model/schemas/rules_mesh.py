"""What Istio's webhook refuses about Gateways, DestinationRules and PeerAuthentications, beyond their schema.

Sources: Istio, "Gateway", "Destination Rule", "PeerAuthentication" (a port's mode needs a selector), and the
webhook's answers.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.model.schemas.rules_names import domain_problem, is_label, is_tag
from canary_conformance.model.schemas.rules_reading import LARGEST_PORT, Node, is_port
from canary_conformance.model.schemas.rules_traffic_policy import export_problems, policy_parts
from canary_conformance.model.schemas.schema_problems import Problem

_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY")
_TLS = ("HTTPS", "TLS")
_PROTOCOLS = (*_HTTP, *_TLS, "MONGO", "REDIS", "MYSQL", "TCP", "UDP")
_UNIX = "unix://"
_WHOLE = 100
_OWN_CERTIFICATES = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_PASSED_ON = ("", "PASSTHROUGH", "AUTO_PASSTHROUGH")
_POLICY = (
    "outlierDetection",
    "connectionPool",
    "loadBalancer",
    "tls",
    "portLevelSettings",
    "tunnel",
    "proxyProtocol",
    "retryBudget",
)
_PORT_POLICY = _POLICY[:4]


def gateway(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a Gateway: its servers, and their ports, hosts and certificates."""
    servers = whole.at("spec", "servers")
    name = whole.at("metadata", "name")
    if name.text and not is_label(name.text):
        yield name.problem(f"{name.text!r} is not a valid name of a Gateway")
    if not servers.items():
        yield servers.problem("missing: a Gateway opens at least one port")
    names: set[str] = set()
    for server in servers.items():
        yield from _server(server)
        called = server["port"]["name"]
        if called.text and called.text in names:
            yield called.problem(f"another port is called {called.text} already")
        names.add(called.text)


def destination_rule(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a DestinationRule: its host, its subsets and every policy."""
    spec = whole["spec"]
    problem = domain_problem(spec["host"].text)
    if spec["host"] and problem:
        yield spec["host"].problem(problem)
    yield from _policy(spec["trafficPolicy"])
    yield from export_problems(spec)
    if spec["workloadSelector"] and spec["workloadSelector"]["matchLabels"].empty:
        yield spec["workloadSelector"].problem(
            "the API server warns: workload selector specified without labels"
        )
    names: set[str] = set()
    for subset in spec["subsets"].items():
        name = subset["name"]
        if isinstance(name.value, str) and not is_label(name.text):
            yield name.problem(f"{name.text!r} is not a valid name of a subset")
        elif name.text and name.text in names:
            yield name.problem(f"another subset is called {name.text} already")
        names.add(name.text)
        for key, value in subset["labels"].entries().items():
            if not is_tag(key, value.text):
                yield value.problem(f"{key}={value.text} is not a valid label")
        yield from _policy(subset["trafficPolicy"])


def peer_authentication(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a PeerAuthentication: a port's mode, and the selector."""
    spec = whole["spec"]
    labels = spec.at("selector", "matchLabels")
    ports = spec["portLevelMtls"]
    if spec["selector"] and labels.empty:
        yield spec["selector"].problem("the API server warns: workload selector specified without labels")
    if ports and labels.empty:
        yield ports.problem("modes of single ports need a selector, as only pods have ports")
    for port, mode in ports.entries().items():
        if not (port.isascii() and port.isdigit() and is_port(int(port[:6]))):
            yield mode.problem(f"{port} isn't between 1 and {LARGEST_PORT}")
    for key, value in labels.entries().items():
        if not key or "*" in key or "*" in value.text:
            yield value.problem(f"{key}={value.text}: a selector takes no * and no empty key")


def _server(server: Node) -> Iterator[Problem]:
    port = server["port"]
    if not server["hosts"].items():
        yield server["hosts"].problem("missing: a server answers for at least one host")
    for host in server["hosts"].items():
        namespace, slash, name = host.text.rpartition("/")
        problem = domain_problem(name)
        if slash and namespace not in {"*", "."} and not is_label(namespace):
            problem = f"{namespace!r} is not a valid namespace"
        if problem:
            yield host.problem(problem)
    if not port:
        yield port.problem("missing")
    else:
        yield from _server_port(port, server["tls"], bound=server["bind"].text.startswith(_UNIX))
    yield from _certificates(server["tls"])


def _server_port(port: Node, tls: Node, *, bound: bool) -> Iterator[Problem]:
    """Yield what is wrong with a server's port; bound: it is a file of Unix, which has no number."""
    protocol = port["protocol"].text.upper()
    if port["name"].empty:
        yield port["name"].problem("missing: a Gateway's port has a name")
    if not bound and not is_port(port["number"].number or 0):
        yield port["number"].problem(f"wants a number between 1 and {LARGEST_PORT}")
    if protocol not in _PROTOCOLS:
        yield port["protocol"].problem(f"{port['protocol'].text!r} isn't one of {', '.join(_PROTOCOLS)}")
    elif protocol in _TLS and not tls:
        yield tls.problem(f"missing: a port of {protocol} needs it")
    elif protocol not in _TLS and tls and not (protocol in _HTTP and _is_redirect(tls)):
        yield tls.problem(f"a port of {protocol} has none")


def _is_redirect(tls: Node) -> bool:
    """Return whether TLS settings have no certificates, as those of a port that only redirects to HTTPS."""
    named = (tls[name] for name in ("caCertificates", "privateKey", "serverCertificate"))
    return tls["mode"].text in _PASSED_ON and all(one.empty for one in named)


def _certificates(tls: Node) -> Iterator[Problem]:
    mode = tls["mode"].text
    if mode not in _OWN_CERTIFICATES or not (tls["credentialName"].empty and tls["credentialNames"].empty):
        return
    wanted = ["caCertificates"] if mode != "SIMPLE" else []
    if tls["tlsCertificates"].empty:
        wanted += ["serverCertificate", "privateKey"]
    for name in wanted:
        if tls[name].empty:
            yield tls[name].problem(f"missing: TLS of mode {mode} needs it, or a credentialName")


def _policy(policy: Node) -> Iterator[Problem]:
    if not policy:
        return
    if not any(policy[name] for name in _POLICY):
        yield policy.problem("says nothing")
    yield from policy_parts(policy)
    yield from _client(policy["tls"])
    for name in ("maxEjectionPercent", "minHealthPercent"):
        percent = policy["outlierDetection"][name]
        if percent.number is not None and not 0 <= percent.number <= _WHOLE:
            yield percent.problem(f"{percent.number} isn't between 0 and {_WHOLE}")
    for settings in policy["portLevelSettings"].items():
        if not settings["port"]:
            yield settings["port"].problem("missing")
        if not any(settings[name] for name in _PORT_POLICY):
            yield settings.problem("says nothing")
        yield from policy_parts(settings)
        yield from _client(settings["tls"])


def _client(tls: Node) -> Iterator[Problem]:
    """Yield which certificates are missing from a client's TLS; a Secret may hold them all."""
    if tls["mode"].text != "MUTUAL" or not tls["credentialName"].empty:
        return
    for name in ("clientCertificate", "privateKey"):
        if tls[name].empty:
            yield tls[name].problem("missing: TLS of mode MUTUAL needs it, or a credentialName")

"""What Istio's webhook refuses or warns of about AuthorizationPolicies and Sidecars, beyond their schema.

Sources: Istio, "Authorization Policy", "Authorization Policy Conditions", "Sidecar"; the answers of the
webhook of Istio 1.31 to a dry run, one a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from canary_conformance.model.schemas.rules_names import domain_problem, is_label
from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem

_CONDITIONS = re.compile(
    r"(?:source\.(?:ip|namespace|principal|serviceAccount)|remote\.ip|destination\.(?:ip|port)|connection\.sni"
    r"|request\.auth\.(?:principal|audiences|presenter)"
    r"|request\.headers\[.+\]|request\.auth\.claims(?:\[.+\])+|experimental\.envoy\.filters\..+)"
)
_OF_HTTP = frozenset({"hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"})
_OF_TOKENS = frozenset({"requestPrincipals", "notRequestPrincipals"})
_PORTS = frozenset({"ports", "notPorts", "destination.port"})
_ADDRESSES = frozenset(
    {
        "ipBlocks",
        "notIpBlocks",
        "remoteIpBlocks",
        "notRemoteIpBlocks",
        "source.ip",
        "remote.ip",
        "destination.ip",
    }
)
_ACCOUNTS = frozenset({"serviceAccounts", "notServiceAccounts"})
_ENDPOINT = re.compile(r"(?:127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):\d+|unix://.+")


def authorization_policy(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with an AuthorizationPolicy: its action, and the fields of each rule."""
    spec = whole["spec"]
    action, provider = spec["action"].text, spec["provider"]
    yield from _selector(spec["selector"], "matchLabels")
    if action == "CUSTOM" and provider["name"].empty:
        yield spec["action"].problem("an action CUSTOM needs a provider with a name")
    elif action != "CUSTOM" and provider:
        yield provider.problem("only an action CUSTOM has a provider")
    if action == "DENY" and not spec["rules"].items():
        yield spec["action"].problem("without rules it denies nothing; a rule {} denies everything")
    for rule in spec["rules"].items():
        yield from _rule(rule, deny=action == "DENY")


def sidecar(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a Sidecar: what it shows to pods, and where they are called."""
    spec = whole["spec"]
    yield from _selector(spec["workloadSelector"], "labels")
    egress, ingress = spec["egress"].items(), spec["ingress"].items()
    if not (egress or ingress or spec["outboundTrafficPolicy"] or spec["inboundConnectionPool"]):
        yield spec.problem("says nothing")
    for listener in egress:
        if not listener["hosts"].items():
            yield listener["hosts"].problem("missing: it shows at least one host")
        if not listener["port"] and listener is not egress[-1]:
            yield listener.problem("one without a port stands last")
        for host in listener["hosts"].items():
            yield from _shown(host)
    for listener in ingress:
        endpoint = listener["defaultEndpoint"]
        if endpoint.text and not _ENDPOINT.fullmatch(endpoint.text):
            yield endpoint.problem(f"{endpoint.text!r} is not an address of the pod like 127.0.0.1:8080")


def _selector(selector: Node, labels: str) -> Iterator[Problem]:
    if selector and selector[labels].empty:
        yield selector.problem("the API server warns: workload selector specified without labels")
    for key, value in selector[labels].entries().items():
        if not key or "*" in key or "*" in value.text:
            yield value.problem(f"{key}={value.text}: a selector takes no * and no empty key")


def _rule(rule: Node, *, deny: bool) -> Iterator[Problem]:
    named: set[str] = set()
    for kind, inner in (("from", "source"), ("to", "operation")):
        for one in rule[kind].items():
            fields = {name: part for name, part in one[inner].entries().items() if not part.empty}
            if not fields:
                yield one[inner].problem("says nothing")
            named |= fields.keys()
            for name, part in fields.items():
                yield from _words(name, part)
            account = next((part for name, part in fields.items() if name in _ACCOUNTS), None)
            if account and fields.keys() & {"namespaces", "notNamespaces", "principals", "notPrincipals"}:
                yield account.problem("can't stand beside namespaces or principals")
    for condition in rule["when"].items():
        yield from _condition(condition)
    if deny and named & (_OF_HTTP | _OF_TOKENS) and not named & _PORTS:
        yield rule.problem("the API server warns: it denies all traffic to ports of TCP; name the ports")


def _condition(condition: Node) -> Iterator[Problem]:
    key = condition["key"]
    if not _CONDITIONS.fullmatch(key.text):
        yield key.problem(f"{key.text!r} is not a condition of Istio")
    if condition["values"].empty and condition["notValues"].empty:
        yield condition.problem("wants values or notValues")
    for name in ("values", "notValues"):
        yield from _words(key.text, condition[name])


def _words(name: str, words: Node) -> Iterator[Problem]:
    for word in words.items():
        text = word.text
        if not text:
            yield word.problem("is empty")
        elif name in _PORTS and not (text.isascii() and text.isdigit() and int(text) < 2**16):
            yield word.problem(f"{text!r} is not the number of a port")
        elif name in _ADDRESSES and not _is_network(text):
            yield word.problem(f"{text!r} is not an address or a range of them")
        elif name in _ACCOUNTS and text.count("/") > 1:
            yield word.problem(f"{text!r} is not ACCOUNT or NAMESPACE/ACCOUNT")


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _shown(host: Node) -> Iterator[Problem]:
    namespace, slash, name = host.text.partition("/")
    if not (slash and namespace and name):
        yield host.problem(f"{host.text!r} is not of the form NAMESPACE/NAME")
    elif namespace not in {"*", ".", "~"} and not is_label(namespace):
        yield host.problem(f"{namespace!r} is not a valid namespace")
    elif "." not in name and name != "*":
        yield host.problem(f"{name} is not a full name like {name}.{namespace}.svc.cluster.local")
    elif problem := domain_problem(name):
        yield host.problem(problem)

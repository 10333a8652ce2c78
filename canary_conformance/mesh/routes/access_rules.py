"""What Envoy's RBAC filter asks of a request: the rules of AuthorizationPolicies as a proxy runs them.

Sources: Envoy, "RBAC" (a policy applies where any permission and any principal match); Istio, "Authorization
Policy". What is asked of the caller or the connection needs no derived request: real callers show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.mesh.routes.conditions import PATH, Condition, Unread, read_header, read_string

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

"""Which PeerAuthentication decides what a port of a workload accepts, by Istio's precedence.

A port's own setting beats that of the workload's policy, which beats the namespace's, which beats the mesh's
(the root namespace). UNSET, or nothing, hands the decision on to the wider scope. In each scope the oldest
policy wins. Only a policy with a selector may set ports, and in the root namespace a policy with a selector
doesn't count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.scenario.places import Place

PEER_AUTHENTICATION = "PeerAuthentication"
_UNSET = "UNSET"
_SPEC = frozenset({"selector", "mtls", "portLevelMtls"})


class Scope(IntEnum):
    """How widely a setting applies; the narrower wins."""

    MESH = 1
    NAMESPACE = 2
    WORKLOAD = 3
    PORT = 4


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """The policy that decides, where in it, and the mode that it sets (STRICT, PERMISSIVE or DISABLE).

    str is "NAME/NAMESPACE", as in the table.
    """

    name: str
    namespace: str
    scope: Scope
    mode: str

    def __str__(self) -> str:
        return f"{self.name}/{self.namespace}"


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a state, as the API server would give them, and what the model can't understand."""

    bodies: tuple[Mapping[str, Any], ...]
    objects: Mapping[str, InForce]
    problems: tuple[Rule, ...]
    root_namespace: str

    def in_force(self, namespace: str, labels: Mapping[str, str], port: int) -> PolicyInForce | None:
        """Return the policy that decides what a port of a pod accepts, None when none does."""
        return policy_in_force(
            self.bodies, namespace=namespace, labels=labels, port=port, root_namespace=self.root_namespace
        )

    def unset(self, namespace: str, labels: Mapping[str, str]) -> tuple[PolicyInForce, ...]:
        """Return the policies that are for a pod and leave the decision to a wider scope."""
        scopes = ((_scope(one, namespace, labels, self.root_namespace), one) for one in self.bodies)
        found = (_setting(scope, one, _spec(one).get("mtls")) for scope, one in scopes if scope is not None)
        return tuple(one for one in found if one.mode == _UNSET)

    def place_of(self, policy: PolicyInForce, port: int) -> Place:
        """Return the line of the setting that decides about a port of a pod."""
        path = ("portLevelMtls", str(port)) if policy.scope is Scope.PORT else ("mtls",)
        return self.objects[str(policy)].manifest.place_of("spec", *path, "mode")


def policies(state: State) -> Policies:
    """Return the PeerAuthentication objects of a state."""
    bodies: list[Mapping[str, Any]] = []
    objects: dict[str, InForce] = {}
    problems: list[Rule] = []
    for one in state.of(PEER_AUTHENTICATION):
        spec = Part.whole(one.manifest)["spec"]
        metadata = {
            "name": one.key.name,
            "namespace": one.key.namespace,
            # Text order is what counts.
            "creationTimestamp": f"{one.created:06d}",
        }
        bodies.append({"metadata": metadata, "spec": _read_spec(spec)})
        objects[f"{one.key.name}/{one.key.namespace}"] = one
        problems += spec.problems
    return Policies(tuple(bodies), objects, tuple(problems), state.mesh.root_namespace)


def policy_in_force(
    policies: Iterable[Mapping[str, Any]],
    *,
    namespace: str,
    labels: Mapping[str, str],
    port: int,
    root_namespace: str,
) -> PolicyInForce | None:
    """Return the policy that decides what a port of a pod accepts, None when none does: then PERMISSIVE.

    policies: PeerAuthentication objects as the API server gives them, of at least the pod's and the root
    namespace; namespace, labels and port are the pod's. Source: Istio, "PeerAuthentication".
    """
    oldest: dict[Scope, Mapping[str, Any]] = {}
    for policy in sorted(policies, key=_age):
        scope = _scope(policy, namespace, labels, root_namespace)
        if scope is not None:
            oldest.setdefault(scope, policy)
    settings = [_setting(scope, policy, _spec(policy).get("mtls")) for scope, policy in oldest.items()]
    if own := oldest.get(Scope.WORKLOAD):
        ports = {int(number): mtls for number, mtls in _spec(own).get("portLevelMtls", {}).items()}
        settings.append(_setting(Scope.PORT, own, ports.get(port)))
    return max((one for one in settings if one.mode != _UNSET), key=lambda one: one.scope, default=None)


def _age(policy: Mapping[str, Any]) -> tuple[str, str]:
    """Return what Istio sorts by: creation (RFC 3339: text order is time order), then name and namespace."""
    metadata = policy["metadata"]
    return metadata.get("creationTimestamp", ""), f"{metadata['name']}.{metadata['namespace']}"


def _scope(
    policy: Mapping[str, Any], namespace: str, labels: Mapping[str, str], root_namespace: str
) -> Scope | None:
    """Return how a policy applies to a pod, None when it doesn't."""
    home = policy["metadata"]["namespace"]
    selector = _spec(policy).get("selector", {}).get("matchLabels", {})
    if not selector:
        return Scope.MESH if home == root_namespace else Scope.NAMESPACE if home == namespace else None
    chosen = home == namespace != root_namespace and selector.items() <= labels.items()
    return Scope.WORKLOAD if chosen else None


def _setting(scope: Scope, policy: Mapping[str, Any], mtls: Mapping[str, Any] | None) -> PolicyInForce:
    metadata = policy["metadata"]
    return PolicyInForce(metadata["name"], metadata["namespace"], scope, (mtls or {}).get("mode", _UNSET))


def _spec(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    # A policy without a spec is valid: it says nothing and still is the oldest of its scope.
    found: Mapping[str, Any] = policy.get("spec") or {}
    return found


def _read_spec(spec: Part) -> Mapping[str, Any]:
    """Return a spec of which every part has its type, whatever the manifest holds; the rest are problems."""
    spec.only(_SPEC)
    spec["selector"].only({"matchLabels"})
    ports = {}
    for number, mtls in spec["portLevelMtls"].entries().items():
        if number.isascii() and number.isdigit() and len(number) <= 5:
            ports[number] = _read_mode(mtls)
        else:
            mtls.problem("must be under a port number")
    return {
        "selector": {"matchLabels": spec["selector"]["matchLabels"].labels()},
        "mtls": _read_mode(spec["mtls"]),
        "portLevelMtls": ports,
    }


def _read_mode(mtls: Part) -> Mapping[str, str]:
    mtls.only({"mode"})
    mode = mtls["mode"].text(_UNSET)
    if mode not in {_UNSET, "STRICT", "PERMISSIVE", "DISABLE"}:
        mtls["mode"].refuse("UNSET, DISABLE, PERMISSIVE or STRICT")
        mode = _UNSET
    return {"mode": mode}

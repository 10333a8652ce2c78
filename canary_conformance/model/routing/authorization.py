"""Which requests a pod's proxy refuses by AuthorizationPolicy, and by which line.

Sources: Istio, "Authorization Policy" and "TCP Traffic": DENY is looked at before ALLOW; where any ALLOW
policy selects a pod, only what one of their rules matches is let through, and a policy without rules matches
nothing. Identities exist over mutual TLS only. At a TCP port, an ALLOW rule with fields of HTTP matches
nothing, and a DENY rule is compared without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from canary_conformance.model.objects.host_names import DOMAIN
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.scenario.places import Place

AUTHORIZATION_POLICY = "AuthorizationPolicy"
_SPEC = frozenset({"selector", "action", "rules"})
_ALLOW, _DENY = "ALLOW", "DENY"
_ACTIONS = frozenset({_ALLOW, _DENY, "AUDIT"})
_OF_HTTP = frozenset(
    {"methods", "notMethods", "paths", "notPaths", "requestPrincipals", "notRequestPrincipals"}
)
_ACCOUNTS = frozenset({"principals", "serviceaccounts"})
_SOURCE = ("namespaces", "principals", "serviceAccounts", "requestPrincipals")
_OPERATION = ("ports", "paths", "methods")
# Conditions that say what a source or an operation can say, too ("Authorization Policy Conditions").
_CONDITIONS: Mapping[str, str] = {
    "source.namespace": "namespaces",
    "source.principal": "principals",
    "destination.port": "ports",
    "request.auth.principal": "requestPrincipals",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a server's policies see of a request: who calls, and what for.

    Attributes:
        namespace: the caller's.
        account: the caller's service account, "" where it is unknown.
        path: the path without its query.
        http: whether the server's proxy reads the request as HTTP.
    """

    namespace: str
    account: str
    path: str = "/"
    method: str = "GET"
    http: bool = True


@dataclass(frozen=True, slots=True)
class _Seen:
    """A call at a port, with the identity that the connection proves."""

    call: Call
    port: int
    identified: bool

    def text(self, name: str) -> str:
        """Return what a field is compared with, "" for what is absent."""
        home, account = self.call.namespace, self.call.account
        identity = {
            "namespaces": home,
            "principals": f"{DOMAIN}/ns/{home}/sa/{account}",
            "serviceAccounts": f"{home}/{account}",
        }
        if name in identity:
            return identity[name] if self.identified else ""
        # No voter and no component sends a token.
        rest = {"ports": str(self.port), "paths": self.call.path, "methods": self.call.method}
        return rest.get(name, "")


@dataclass(frozen=True, slots=True)
class _Clause:
    """One source or operation of a rule: all its fields have to match."""

    fields: tuple[tuple[str, tuple[str, ...]], ...]

    def why_not(self, seen: _Seen, *, as_tcp: bool, deny: bool) -> str:
        """Return why it does not match, "" when it does."""
        for name, wanted in self.fields:
            if as_tcp and name in _OF_HTTP:
                if deny:
                    continue
                return f"{name} is a field of HTTP, and the port is TCP"
            positive = name if not name.startswith("not") else f"{name[3].lower()}{name[4:]}"
            text = seen.text(positive)
            matched = any(_fits(one, text) for one in wanted)
            if matched == name.startswith("not"):
                what = f"{positive.removesuffix('s')} {text}" if text else f"no {positive.removesuffix('s')}"
                return f"{name}: {', '.join(wanted)}; the call has {what}"
        return ""


@dataclass(frozen=True, slots=True)
class _PolicyRule:
    """One rule: any of its sources and any of its operations has to match; none stands for every one.

    All its conditions have to match.
    """

    sources: tuple[_Clause, ...]
    operations: tuple[_Clause, ...]
    conditions: tuple[_Clause, ...]
    place: Place

    def why_not(self, seen: _Seen, *, deny: bool) -> str:
        as_tcp = not seen.call.http
        alone = ((condition,) for condition in self.conditions)
        for clauses in (self.sources, self.operations, *alone):
            reasons = [clause.why_not(seen, as_tcp=as_tcp, deny=deny) for clause in clauses]
            if reasons and all(reasons):
                return reasons[0]
        return ""


@dataclass(frozen=True, slots=True)
class AuthorizationPolicy:
    """One AuthorizationPolicy. `problems` are what the model does not support."""

    name: str
    namespace: str
    selector: Mapping[str, str] = field(hash=False)
    action: str
    rules: tuple[_PolicyRule, ...]
    place: Place
    problems: tuple[Rule, ...]

    def selects(self, namespace: str, labels: Mapping[str, str], root: str) -> bool:
        """Return whether it is for a pod; one of the root namespace is for those of all namespaces."""
        return self.namespace in {namespace, root} and self.selector.items() <= labels.items()

    @property
    def reads_accounts(self) -> bool:
        """Whether a rule asks for the service account of who calls."""
        clauses = (clause for rule in self.rules for clause in (*rule.sources, *rule.conditions))
        return any(name.lower().removeprefix("not") in _ACCOUNTS for one in clauses for name, _ in one.fields)

    def __str__(self) -> str:
        return f"{AUTHORIZATION_POLICY}/{self.name}"


def authorization_policies(state: State) -> tuple[AuthorizationPolicy, ...]:
    """Return the AuthorizationPolicies of a state, the oldest first."""
    return tuple(
        state.once(AUTHORIZATION_POLICY, _authorization_policy, one) for one in state.of(AUTHORIZATION_POLICY)
    )


def asked_words(policies: Sequence[AuthorizationPolicy], name: str) -> tuple[str, ...]:
    """Return the words that rules compare one field of a request with, either way ("paths", "notPaths")."""
    clauses = (clause for policy in policies for rule in policy.rules for clause in rule.operations)
    fields = (field for clause in clauses for field in clause.fields)
    return tuple(
        word for field, words in fields if field.lower().removeprefix("not") == name for word in words
    )


def not_judged(policies: Sequence[AuthorizationPolicy], call: Call) -> Rule | None:
    """Return why the model does not know what policies make of a call, None where it knows."""
    for policy in policies:
        if policy.problems:
            return policy.problems[0]
        if not call.account and policy.reads_accounts:
            return Rule(policy.place, f"{policy}: the service account of the ingress gateway is unknown")
    return None


def denial(
    policies: Sequence[AuthorizationPolicy], call: Call, port: int, *, identified: bool, server: str
) -> Rule | None:
    """Return the policy that refuses a call at a port of a pod, None when it is let through.

    Args:
        policies: those that select the pod, all of which the model supports.
        call: who calls, and what for.
        port: the pod's port.
        identified: whether the connection is mutual TLS, and so proves who calls.
        server: the pod, for people.
    """
    seen = _Seen(call, port, identified)
    for policy in policies:
        for rule in policy.rules if policy.action == _DENY else ():
            if not rule.why_not(seen, deny=True):
                return Rule(rule.place, f"{policy} denies the call to {server}:{port}")
    allowing = [policy for policy in policies if policy.action == _ALLOW]
    reasons = [rule.why_not(seen, deny=False) for policy in allowing for rule in policy.rules]
    if not allowing or not all(reasons):
        return None
    why = f" ({reasons[0]})" if reasons else ", as it has no rules"
    return Rule(allowing[0].place, f"{allowing[0]} does not allow the call to {server}:{port}{why}")


def _fits(wanted: str, text: str) -> bool:
    """Return whether a text fits one of Istio's words: exact, prefix*, *suffix, or * for any text at all."""
    if wanted == "*":
        return bool(text)
    if wanted.endswith("*"):
        return text.startswith(wanted[:-1])
    if wanted.startswith("*"):
        return text.endswith(wanted[1:])
    return text == wanted


def _authorization_policy(one: InForce) -> AuthorizationPolicy:
    whole = Part.whole(one.manifest)
    spec = whole["spec"]
    spec.only(_SPEC)
    spec["selector"].only({"matchLabels"})
    action = spec["action"].text(_ALLOW)
    if action not in _ACTIONS:
        spec["action"].problem(f"the model does not support action {action}")
    return AuthorizationPolicy(
        name=one.key.name,
        namespace=one.key.namespace,
        selector=spec["selector"]["matchLabels"].labels(),
        action=action,
        rules=tuple(_rule(part, one.key.namespace) for part in spec["rules"].items()),
        place=(spec["rules"] or spec or whole).place,
        problems=tuple(whole.problems),
    )


def _rule(part: Part, home: str) -> _PolicyRule:
    part.only({"from", "to", "when"})
    return _PolicyRule(
        tuple(_clause(one["source"], _SOURCE, home) for one in part["from"].items()),
        tuple(_clause(one["operation"], _OPERATION, home) for one in part["to"].items()),
        tuple(_condition(one) for one in part["when"].items()),
        part.place,
    )


def _clause(part: Part, supported: Sequence[str], home: str) -> _Clause:
    names = [*supported, *(f"not{name[0].upper()}{name[1:]}" for name in supported)]
    part.only(names)
    fields = []
    for name in names:
        wanted = part[name].texts()
        if name.lower().endswith("paths") and any("{" in one for one in wanted):
            part[name].problem("the model does not support templates of paths")
        if name.lower().endswith("serviceaccounts"):
            wanted = tuple(one if "/" in one else f"{home}/{one}" for one in wanted)
        if part[name]:
            fields.append((name, wanted))
    return _Clause(tuple(fields))


def _condition(part: Part) -> _Clause:
    name = _CONDITIONS.get(part["key"].text(), "")
    if not name:
        part["key"].problem("the model does not support this condition")
        return _Clause(())
    unwanted = f"not{name[0].upper()}{name[1:]}"
    fields = ((name, part["values"]), (unwanted, part["notValues"]))
    return _Clause(tuple((called, words.texts()) for called, words in fields if words))

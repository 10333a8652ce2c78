"""DestinationRules as values, merged as Istio merges them: a host's subsets, and the TLS that clients use.

Sources: Istio, "Destination Rule", "Understanding TLS Configuration" (automatic mutual TLS) and "Traffic
Management Best Practices" (split large destination rules): of several rules for one host, the subsets are
united (of two subsets of one name the oldest counts), and the oldest rule with a policy gives the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from canary_conformance.model.objects.host_names import completed, covers, is_shown_to, is_wild
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.model.routing.route_timeouts import check_limits
from canary_conformance.scenario.places import Place

_SPEC = frozenset({"host", "trafficPolicy", "subsets", "exportTo"})
# Which pods get how much, as long as they are new: every ready pod gets some (Envoy, "Slow start mode").
_SLOW_START = ("warmup", "warmupDurationSecs")
_POLICY = frozenset({"tls", "portLevelSettings", "loadBalancer", "connectionPool", "outlierDetection"})
# All voters ask for one page of one address, and all apps for one path of analytics.
_CONSTANT_HEADERS = frozenset({":authority", "host", ":path", ":method", ":scheme"})
_EVEN_BALANCERS = frozenset({"UNSPECIFIED", "LEAST_CONN", "LEAST_REQUEST", "RANDOM", "ROUND_ROBIN"})


class ClientMode(StrEnum):
    """How a client connects, in Istio's words; AUTO is what it does without settings."""

    AUTO = "automatic"
    DISABLE = "DISABLE"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"


@dataclass(frozen=True, slots=True)
class ClientTls:
    """A TLS mode, the line that sets it, and the rule that this line belongs to ("DestinationRule/web")."""

    mode: ClientMode
    place: Place
    owner: str


@dataclass(frozen=True, slots=True)
class Hashing:
    """That requests of one kind meet the same pod each time, and by which line.

    Attributes:
        rule: the line.
        constant: whether the clients' requests are all of one kind, so that one pod gets them all.
    """

    rule: Rule
    constant: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """The TLS and hashing of a trafficPolicy (None: not set), and those of single ports of the Service."""

    tls: ClientTls | None
    ports: Mapping[int, ClientTls | None] = field(hash=False)
    hashing: Hashing | None = None
    hashing_at: Mapping[int, Hashing | None] = field(default_factory=dict, hash=False)

    def at(self, port: int) -> ClientTls | None:
        """Return what counts at a port: its own settings replace the others altogether."""
        return self.ports.get(port, self.tls)


@dataclass(frozen=True, slots=True)
class Subset:
    """A subset: the labels that its pods carry, and its own policy."""

    name: str
    labels: Mapping[str, str] = field(hash=False)
    policy: Policy | None
    place: Place
    owner: str


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """One DestinationRule, or several of one host merged.

    Attributes:
        name: its name; of merged rules, the oldest one's.
        host: the full name of the host that it is for.
        names: the names of all rules that are merged in it, sorted.
        host_place: the line of its host.
        export_place: the line of its exportTo.
        problems: what the model does not support.
    """

    name: str
    namespace: str
    host: str
    subsets: Mapping[str, Subset] = field(hash=False)
    policy: Policy | None
    export_to: tuple[str, ...]
    place: Place
    problems: tuple[Rule, ...]
    names: tuple[str, ...]
    host_place: Place
    export_place: Place

    @property
    def cell(self) -> str:
        """The rule as the table of mutual TLS names it: "NAME/NAMESPACE", merged ones together."""
        return rules_cell(self.names, self.namespace)

    def tls(self, subset: str, port: int) -> ClientTls | None:
        """Return the TLS towards a subset ("" for none) at a Service's port; None where no rule sets it."""
        own = self.subsets[subset].policy if subset in self.subsets else None
        own_tls = own.at(port) if own else None
        return own_tls or (self.policy.at(port) if self.policy else None)

    def hashing(self, subset: str, port: int) -> Hashing | None:
        """Return by what the pods of a subset ("" for none) are chosen at a port; None where each may be."""
        own = self.subsets[subset].policy if subset in self.subsets else None
        policies = [policy for policy in (own, self.policy) if policy]
        found = (policy.hashing_at.get(port, policy.hashing) for policy in policies)
        return next((hashing for hashing in found if hashing), None)

    def __str__(self) -> str:
        return f"DestinationRule/{self.name}"


def destination_rules(state: State) -> tuple[DestinationRule, ...]:
    """Return the DestinationRules of a state, the oldest first, each by itself."""
    return tuple(state.once("DestinationRule", _destination_rule, one) for one in state.of("DestinationRule"))


def rule_for(
    rules: Iterable[DestinationRule], host: str, homes: Iterable[str], namespace: str
) -> DestinationRule | None:
    """Return the rule that shapes a client's traffic to a host; None when none does.

    Looked for in the namespaces `homes`, in order (the client's, the Service's, the root namespace), among
    the rules that the client's namespace may see. A rule for the very host beats one for a wild host.
    """
    for home in dict.fromkeys(homes):
        near = [
            rule for rule in rules if rule.namespace == home and is_shown_to(rule.export_to, home, namespace)
        ]
        covering = {rule.host for rule in near if covers(rule.host, host)}
        if covering:
            closest = max(covering, key=lambda name: (not is_wild(name), len(name)))
            return _merged([rule for rule in near if rule.host == closest])
    return None


def rules_cell(names: Iterable[str], namespace: str) -> str:
    """Return one or several merged rules of a namespace as the table of mutual TLS names them."""
    return f"{' + '.join(sorted(names))}/{namespace}"


def cells_by_host(rules: Iterable[tuple[str, str]], namespace: str) -> dict[str, str]:
    """Return the cell of the table of mutual TLS for each host: the rules of one host are named together.

    Returns:
        "NAME + NAME/NAMESPACE" by the full name of the host.
    """
    names: dict[str, list[str]] = {}
    for host, name in rules:
        names.setdefault(completed(host, namespace), []).append(name)
    return {host: rules_cell(found, namespace) for host, found in names.items()}


def _merged(rules: list[DestinationRule]) -> DestinationRule:
    first = rules[0]
    if len(rules) == 1:
        return first
    subsets: dict[str, Subset] = {}
    for rule in rules:
        for name, subset in rule.subsets.items():
            subsets.setdefault(name, subset)
    policy = next((rule.policy for rule in rules if rule.policy), None)
    problems = [problem for rule in rules for problem in rule.problems]
    # Istio does not merge these, and one of them alone counts.
    problems += [
        Rule(rule.export_place, f"{rule}: the model does not support rules of one host with unequal exportTo")
        for rule in rules[1:]
        if set(rule.export_to) != set(first.export_to)
    ]
    names = tuple(sorted(rule.name for rule in rules))
    return replace(first, subsets=subsets, policy=policy, problems=tuple(problems), names=names)


def _destination_rule(one: InForce) -> DestinationRule:
    whole = Part.whole(one.manifest)
    spec = whole["spec"]
    spec.only(_SPEC)
    subsets = [_subset(part) for part in spec["subsets"].items()]
    return DestinationRule(
        name=one.key.name,
        namespace=one.key.namespace,
        host=completed(spec["host"].text(), one.key.namespace),
        subsets={subset.name: subset for subset in reversed(subsets)},
        policy=_policy(spec["trafficPolicy"]),
        export_to=spec["exportTo"].texts(),
        place=whole.place,
        problems=tuple(whole.problems),
        names=(one.key.name,),
        host_place=spec["host"].place,
        export_place=spec["exportTo"].place,
    )


def _subset(part: Part) -> Subset:
    part.only({"name", "labels", "trafficPolicy"})
    policy, owner = _policy(part["trafficPolicy"]), str(part.manifest.ref)
    return Subset(part["name"].text(), part["labels"].labels(), policy, part.place, owner)


def _policy(part: Part) -> Policy | None:
    if not part:
        return None
    part.only(_POLICY)
    check_limits(part)
    tls = _tls(part["tls"])
    ports: dict[int, ClientTls | None] = {}
    hashing_at: dict[int, Hashing | None] = {}
    for settings in part["portLevelSettings"].items():
        settings.only((_POLICY - {"portLevelSettings"}) | {"port"})
        check_limits(settings)
        number = settings.at("port", "number").number()
        if number is not None:
            ports.setdefault(number, _tls(settings["tls"]) or _left_over(tls, settings))
            hashing_at.setdefault(number, _hashing(settings["loadBalancer"]))
    return Policy(tls, ports, _hashing(part["loadBalancer"]), hashing_at)


def _left_over(tls: ClientTls | None, settings: Part) -> ClientTls | None:
    """Return the TLS at a port whose settings name none.

    Its cluster is then one of automatic mutual TLS, but its endpoints stay marked by the rule's own mode.
    """
    if tls is None or tls.mode is ClientMode.ISTIO_MUTUAL:
        return tls
    return ClientTls(ClientMode.DISABLE, settings.place, tls.owner)


def _tls(part: Part) -> ClientTls | None:
    if not part:
        return None
    # The first of the enumeration is what an absent mode means.
    mode = part["mode"].text(ClientMode.DISABLE)
    if mode not in set(ClientMode) - {ClientMode.AUTO}:
        part["mode"].refuse("DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL")
        mode = ClientMode.DISABLE
    if mode == ClientMode.ISTIO_MUTUAL:
        part.only({"mode"})
    return ClientTls(ClientMode(mode), part.place, str(part.manifest.ref))


def _hashing(balancer: Part) -> Hashing | None:
    """Return whether pods are chosen by a hash (Istio, "LoadBalancerSettings.ConsistentHashLB")."""
    balancer.only({"simple", "consistentHash", "localityLbSetting", *_SLOW_START})
    # On or off, each of the pods may get a request; which of them is preferred is another matter.
    balancer["localityLbSetting"].only({"enabled"})
    simple, by_hash = balancer["simple"], balancer["consistentHash"]
    if simple and simple.text() not in _EVEN_BALANCERS:
        simple.problem("the model does not support this way of balancing")
    if not by_hash:
        return None
    header = by_hash["httpHeaderName"].text().lower()
    by = by_hash["httpHeaderName"] or by_hash
    sentence = f"{by.manifest.ref} {by.name}: requests of one kind meet the same pod each time"
    return Hashing(by.rule(sentence), constant=header in _CONSTANT_HEADERS)

"""What one asks the model, and what it answers.

A question is one request (or one connection) from somewhere to a host and port; the answer is every way that
it can end, each with its probability, the pods that may serve it, what travels on the wire, and the rule that
decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from canary_conformance.scenario.places import Place

INGRESS_PORT = 80
"""The port at which voters reach the ingress gateway's Service."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What decided: the place of the rule and one clause about it ("http[0]: cookie matches ...")."""

    place: Place | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from.

    `name` is for people ("ingress gateway", "voting-app 1.0", "outside"). `gateway` is true for the ingress
    gateway. `labels` are the pod's; `sidecar`: whether its traffic is routed and protected by a proxy.
    `namespace` is where the pod lives, "" for the scenario's; short host names are looked up there. `past`
    has the ports at which the pod's traffic passes its sidecar by (excludeOutboundPorts), with why; `bypass`
    is why all of it does. `no_dns` is why the names of Services don't resolve.
    `account` is the pod's service account, by which servers know it over mutual TLS, "" where it is unknown.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    gateway: bool = False
    sidecar: bool = True
    namespace: str = ""
    past: Mapping[int, Rule] = field(default_factory=dict, hash=False)
    account: str = "default"
    bypass: Rule | None = None
    no_dns: Rule | None = None


INGRESS = Source("ingress gateway", gateway=True)
"""The ingress gateway, whatever its labels and namespace are: the mesh profile knows (see Answers)."""
OUTSIDE = Source("outside", sidecar=False, namespace="outside")
"""A pod without a sidecar, in a namespace of its own; it has to call Services by their full names."""


class Speech(StrEnum):
    """What a client sends."""

    AS_DECLARED = "as declared"  # HTTP, but to a port that is declared to be of another protocol: that one
    HTTP = "HTTP"
    TCP = "TCP"  # anything else, like Redis or MySQL


@dataclass(frozen=True, slots=True)
class Request:
    """One request: for the ingress, `host` is the Host header and `port` the gateway's; else a Service's.

    `path` may hold a query ("/?a=1"). `speaks` matters where it isn't what the port is declared to be.
    """

    source: Source
    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    path: str = "/"
    method: str = "GET"
    speaks: Speech = Speech.AS_DECLARED


class Ending(StrEnum):
    """How a request ends."""

    SERVED = "served"  # a pod answers
    NO_LISTENER = "connection refused"  # nothing listens there
    NO_ROUTE = "404"  # a listener, no route that matches
    FORBIDDEN = "403"  # the pod's proxy refuses the request by an AuthorizationPolicy (HTTP)
    TIMED_OUT = "504"  # the route's own time limit is too short for most answers
    UNAVAILABLE = "503"  # a route to where no ready pod is, or whose two ends don't fit (HTTP)
    RESET = "reset"  # the same for TCP, and plaintext to a strict port
    FAULT = "injected fault"
    REDIRECT = "redirect"
    NOT_SENT = "not sent"  # no pod is ready to send it
    REWRITTEN = "another path"  # a pod answers, and is asked for something else than was sent
    UNKNOWN = "unknown"  # uses a feature that the model does not support; never to be judged as fine


class Wire(StrEnum):
    """What travels between the two ends."""

    MTLS = "mTLS"
    TLS = "TLS"
    PLAIN = "plaintext"
    NONE = "-"  # nothing reaches a server


@dataclass(frozen=True, slots=True)
class Lack:
    """What a route names and no object defines at this moment, though one may come: a subset of a host.

    Attributes:
        named: the route that names it, as "VirtualService/web (file:line) routes to subset v1".
        place: the line that names it.
        host: the full name of the host.
        subset: the subset, "" where the host itself is no Service.
    """

    named: str
    place: Place
    host: str
    subset: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way that a request can end.

    Attributes:
        probability: how likely it is.
        ending: how the request ends.
        pods: the workload's name ("voting-app 1.0") once for each ready pod that may serve it, each equally
            likely within the outcome. A FAULT that is a delay has the pods that serve after it.
        port: the pod's port.
        wire: what travels between the two ends.
        rules: the objects that decided: first the one that is responsible for a failure, then the deciding
            route (VirtualService route, DestinationRule, Service, PeerAuthentication).
        reason: why, in one clause, where the ending isn't SERVED.
        suspect: what would explain this outcome if it is not the right one: a route that seems meant for
            the request and does not count here.
        lack: what the deciding route names and nothing defines.
        hashed: why these pods are not equally likely, None where they are; `one_pod` is whether one of them
            gets all requests.
        loses_cookie: what keeps the application's own Set-Cookie from the client.
        hides_flag: what keeps the client's flag from the application.
        shows_flag: what shows the application a flag that the client may not have.
        unclear: what may change how a browser takes the answer, which the model does not support.
    """

    probability: Fraction
    ending: Ending
    pods: tuple[str, ...]
    port: int | None
    wire: Wire
    rules: tuple[Rule, ...]
    reason: str = ""
    suspect: Rule | None = None
    lack: Lack | None = None
    hashed: Rule | None = None
    one_pod: bool = False
    loses_cookie: Rule | None = None
    hides_flag: Rule | None = None
    shows_flag: Rule | None = None
    unclear: Rule | None = None

    @property
    def cause(self) -> Rule | None:
        """What is responsible for this outcome, should it be wrong; None where nothing is known."""
        return self.suspect or next((rule for rule in self.rules if rule.place), None)

    def by_pod(self) -> tuple[tuple[str, Fraction], ...]:
        """Return the workload of each pod that may serve, with its share of all requests; none if nobody."""
        if self.ending is not Ending.SERVED:
            return ()
        return tuple((workload, self.probability / len(self.pods)) for workload in self.pods)


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that can become of a request; the probabilities of the outcomes add up to 1.

    `passed_over` are the rules that were looked at before the deciding one and don't match, each with why
    not. `copies` are the outcomes of the copies that are made of the request, whose answers nobody waits for.
    """

    outcomes: tuple[Outcome, ...]
    passed_over: tuple[Rule, ...] = ()
    copies: tuple[Outcome, ...] = ()

    def share_of(self, workload: str) -> Fraction:
        """Return the probability that a pod of this workload ("voting-app 1.0") serves the request."""
        shares = (pair for outcome in self.outcomes for pair in outcome.by_pod())
        return sum((share for name, share in shares if name == workload), Fraction(0))

    @property
    def endings(self) -> frozenset[Ending]:
        """Return every ending that has a chance."""
        return frozenset(outcome.ending for outcome in self.outcomes if outcome.probability)


# More rules than these are passed over only where somebody generates them.
_MOST_PASSED_OVER = 6


def explain(answer: Answer) -> str:
    """Return who answers, over what, by which rules, and why the rules before them don't match.

    Rules are "file:line: sentence", one a line; indented are those that an outcome follows from.
    """
    lines = [f"does not match: {rule}" for rule in answer.passed_over[:_MOST_PASSED_OVER]]
    left = len(answer.passed_over) - _MOST_PASSED_OVER
    if left > 0:
        lines.append(f"and {left} more rules that do not match")
    for outcome in answer.outcomes:
        lines.append(_outcome(outcome))
        # What a reason says is not said again.
        lines += [f"  by {rule}" for rule in outcome.rules if rule.sentence not in outcome.reason]
        lines += [f"  does not count: {outcome.suspect}"] if outcome.suspect else []
    return "\n".join(lines)


def _outcome(outcome: Outcome) -> str:
    share = f"{float(100 * outcome.probability):.4g} %: " if outcome.probability != 1 else ""
    pods = ", ".join(f"{name} ({outcome.pods.count(name)})" for name in dict.fromkeys(outcome.pods))
    if outcome.ending is Ending.SERVED:
        return f"{share}served by {pods} at port {outcome.port} over {outcome.wire}"
    text = f"{share}{outcome.ending}"
    text += f": {outcome.reason}" if outcome.reason else ""
    return f"{text} by {pods}" if pods else text

"""What becomes of a connection by what its two ends do: the client's TLS against what the pod's port takes.

Sources: Istio, "Understanding TLS Configuration", "PeerAuthentication", "Mutual TLS Migration". A client that
a proxy stands in for sees a broken connection as status 503 (HTTP) or as its end (TCP); one that connects by
itself sees it reset.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from canary_conformance.model.objects.questions import Ending, Rule, Source, Wire
from canary_conformance.model.pods.peer_authentication import Policies, PolicyInForce
from canary_conformance.model.pods.workloads import Workload
from canary_conformance.model.routing.destination_rules import ClientMode, ClientTls
from canary_conformance.model.routing.services import Backend


class Takes(StrEnum):
    """What a pod's port takes, in Istio's words; NO_PROXY: whatever the component itself takes."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLE = "DISABLE"
    NO_PROXY = "no sidecar"


class Client(StrEnum):
    """Who stands at the client's end."""

    HTTP_PROXY = "proxy that speaks HTTP"
    TCP_PROXY = "proxy that passes bytes on"
    ITSELF = "no proxy"


@dataclass(frozen=True, slots=True)
class Server:
    """What a port of a workload takes, and the policy that says so (None: Istio's default, PERMISSIVE)."""

    takes: Takes
    policy: PolicyInForce | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class End:
    """How a connection ends: as an Outcome without its probability and pods."""

    ending: Ending
    wire: Wire
    rules: tuple[Rule, ...]
    reason: str = ""


def server(policies: Policies, workload: Workload, port: int) -> Server:
    """Return what a port of a workload's pods takes."""
    if not workload.guards(port):
        return Server(Takes.NO_PROXY, None, ())
    policy = policies.in_force(workload.namespace, workload.labels, port)
    if policy is None:
        unset = policies.unset(workload.namespace, workload.labels)
        undecided = [
            Rule(policies.place_of(one, port), f"PeerAuthentication/{one.name}: UNSET") for one in unset
        ]
        return Server(Takes.PERMISSIVE, None, tuple(undecided))
    rule = Rule(policies.place_of(policy, port), f"PeerAuthentication/{policy.name}: {policy.mode}")
    return Server(Takes(policy.mode), policy, (rule,))


def client_wire(client_tls: ClientTls | None, policies: Policies, backend: Backend) -> Wire | None:
    """Return what a client's proxy sends to a backend; None when it is unknown (certificates in files).

    Without settings, a proxy uses mutual TLS towards pods with a sidecar, unless a policy turns it off.
    """
    mode = client_tls.mode if client_tls else ClientMode.AUTO
    if mode is ClientMode.AUTO:
        return Wire.MTLS if _automatic(policies, backend) else Wire.PLAIN
    wires: dict[ClientMode, Wire | None] = {
        ClientMode.ISTIO_MUTUAL: Wire.MTLS,
        ClientMode.DISABLE: Wire.PLAIN,
        ClientMode.SIMPLE: Wire.TLS,
        ClientMode.MUTUAL: None,
    }
    return wires[mode]


def join(wire: Wire | None, client: Client, server: Server, backend: Backend) -> End:
    """Return how a connection of this wire to a backend ends."""
    broken = Ending.UNAVAILABLE if client is Client.HTTP_PROXY else Ending.RESET
    who = f"{backend.workload}:{backend.port}"
    if wire is None:
        reason = "client certificates are files, which no manifest holds"
        return End(Ending.UNKNOWN, Wire.NONE, server.rules, reason)
    guarded = server.takes in {Takes.STRICT, Takes.PERMISSIVE}
    if wire is Wire.PLAIN and server.takes is Takes.STRICT:
        return End(broken, Wire.NONE, server.rules, f"{who} refuses plaintext")
    if wire is Wire.TLS:
        what = "requires a certificate" if guarded else "does not support TLS"
        return End(broken, Wire.NONE, server.rules, f"the client sends one-way TLS, and {who} {what}")
    if wire is Wire.MTLS and not guarded:
        why = "has no sidecar" if server.takes is Takes.NO_PROXY else "takes plaintext only"
        rules = server.rules or (Rule(backend.workload.place, f"{who} {why}"),)
        return End(broken, Wire.NONE, rules, f"the client sends mutual TLS, and {who} {why}")
    if not backend.workload.listens_at(backend.port):
        alone = client is Client.ITSELF and server.takes is Takes.NO_PROXY
        ending = Ending.NO_LISTENER if alone else broken
        reason = f"{who}: nothing listens there by the contract"
        return End(
            ending,
            Wire.NONE,
            (Rule(backend.chosen_at or backend.workload.place, reason), *server.rules),
            reason,
        )
    return End(Ending.SERVED, wire, server.rules)


def _automatic(policies: Policies, backend: Backend) -> bool:
    workload = backend.workload
    if not workload.sidecar or workload.plain_by_label:
        return False
    # Istio looks at the namespace first, and believes it even where a workload's own policy differs.
    everywhere = policies.in_force(workload.namespace, {}, 0)
    if everywhere is not None and everywhere.mode == Takes.DISABLE:
        return False
    own = policies.in_force(workload.namespace, workload.labels, backend.port)
    return own is None or own.mode != Takes.DISABLE


def source_of(workload: Workload) -> Source:
    """Return a pod of a workload as the source of requests."""
    return Source(
        str(workload),
        workload.labels,
        sidecar=workload.sidecar,
        namespace=workload.namespace,
        past=workload.past,
        account=workload.account,
        bypass=workload.bypass,
        no_dns=workload.no_dns,
    )

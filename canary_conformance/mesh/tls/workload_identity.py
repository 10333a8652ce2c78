"""The identities that the two ends of a leg present, and those that each of them insists on.

Each proxy shows its own certificate on its admin port (`GET /certs`). Istio writes the SPIFFE id of the
workload into it, made of trust domain, namespace and service account. The client's cluster and the server's
filter chain hold the names that they take from the other side; a leg is proved when each certificate is one
that the other end insists on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary_conformance.mesh.tls.envoy_config import DumpIncomplete, EnvoyConfig
from canary_conformance.mesh.tls.tls_modes import client_tls, server_tls
from canary_conformance.mesh.tls.tls_table import ServingPod, TlsLeg
from canary_conformance.mesh.tls.transport_sockets import SanMatcher

CERTS = "/certs"

_SCHEME = "spiffe://"


@dataclass(frozen=True, slots=True)
class LegIdentity:
    """One client and one pod behind a cluster that it uses: the ids of both, and whom each end insists on."""

    leg: TlsLeg
    cluster: str
    pod: str
    client_ids: tuple[str, ...]
    server_ids: tuple[str, ...]
    client_insists: tuple[SanMatcher, ...]
    server_insists: tuple[SanMatcher, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What isn't proved, one sentence each; none when both ends are who the other insists on (R3.6)."""
        client = _problems("client", self.client_ids, "server", self.server_insists)
        server = _problems("server", self.server_ids, "client", self.client_insists)
        return tuple(f"{self.leg} ({self.cluster}, {self.pod}): {text}" for text in (*client, *server))


def workload_ids(certs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the SPIFFE ids in a proxy's own certificates, sorted, each once; a sound proxy has exactly one.

    certs: the answer to CERTS. Raises DumpIncomplete when it is none. Source: Envoy, "Administration
    interface".
    """
    if "certificates" not in certs:
        raise DumpIncomplete(f"no certificates in the answer; ask for {CERTS}")
    # The first of a chain is the proxy's own, the others are those of its issuers.
    own = [entry["cert_chain"][0] for entry in certs["certificates"] if entry.get("cert_chain")]
    names = [name.get("uri", "") for certificate in own for name in certificate.get("subject_alt_names", [])]
    return tuple(sorted({name for name in names if name.startswith(_SCHEME)}))


def leg_identities(
    leg: TlsLeg,
    client: EnvoyConfig,
    addresses: Sequence[str],
    servers: Sequence[ServingPod],
    ids: Mapping[str, Sequence[str]],
) -> tuple[LegIdentity, ...]:
    """Return the identities on a leg, one for each pod behind each cluster that the client uses (R3.6).

    addresses and servers: as for tls_row. ids: workload_ids by the name of the pod, the client's under
    leg.client; a pod that isn't in it has none. Empty when the leg leads nowhere, which proves nothing.
    Raises DumpIncomplete.
    """
    return tuple(_identities(leg, client, addresses, {server.address: server for server in servers}, ids))


def _identities(
    leg: TlsLeg,
    client: EnvoyConfig,
    addresses: Sequence[str],
    servers: Mapping[str, ServingPod],
    ids: Mapping[str, Sequence[str]],
) -> Iterator[LegIdentity]:
    for cluster in client_tls(client, leg.host, leg.port, addresses):
        for one in cluster.endpoints:
            server = servers.get(one.endpoint.address)
            config = server.config if server else None
            yield LegIdentity(
                leg,
                cluster.name,
                server.pod if server else one.endpoint.address,
                client_ids=tuple(ids.get(leg.client, ())),
                server_ids=tuple(ids.get(server.pod, ())) if server else (),
                client_insists=one.peers,
                server_insists=server_tls(config, one.endpoint.port).peers if config else (),
            )


def _problems(end: str, ids: Sequence[str], other: str, insists: Sequence[SanMatcher]) -> Iterator[str]:
    if not insists:
        yield f"the {other} insists on no identity"
    if len(ids) != 1:
        yield f"the {end} has {len(ids)} identities, not one{': ' if ids else ''}{', '.join(ids)}"
    elif insists and not any(matcher.accepts(ids[0]) for matcher in insists):
        yield f"the {end} is {ids[0]}, the {other} insists on {' or '.join(map(str, insists))}"

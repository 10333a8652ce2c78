"""The mutual TLS of the scenario's legs, read from both ends' proxies: table, identities, handshakes.

Which legs there are follows from the pods: the ingress leads to the app, each app pod to analytics and to its
version's store, each analytics pod to its store; analytics 1.0 is locked out since stage 3 and has none
(R3.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import RequirementFailed
from canary_conformance.mesh.proxies import proxied_pods
from canary_conformance.mesh.tls.envoy_config import CONFIG_DUMP, EnvoyConfig, read_config
from canary_conformance.mesh.tls.tls_counters import (
    CLUSTERS,
    TLS_STATS,
    Traffic,
    inbound_ports,
    inbound_traffic,
    passthrough_traffic,
    server_handshakes,
)
from canary_conformance.mesh.tls.tls_table import ServingPod, TlsLeg, TlsRow, tls_row
from canary_conformance.mesh.tls.workload_identity import CERTS, LegIdentity, leg_identities, workload_ids
from canary_conformance.model.objects.host_names import completed
from canary_conformance.model.pods.peer_authentication import policy_in_force
from canary_conformance.model.routing.destination_rules import cells_by_host
from canary_conformance.model.routing.expected_legs import required_policy, required_row, row_text
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.voting.contract import OLD, STORAGE
from canary_conformance.voting.stage_contract import INGRESS
from canary_conformance.voting.voting_app import VOTING_APP

NO_TRAFFIC = Traffic(connections=0, failed_connections=0, requests=0)


@dataclass(frozen=True, slots=True)
class TlsView:
    """What the proxies of all legs said at one moment."""

    rows: tuple[TlsRow, ...]
    identities: tuple[LegIdentity, ...]

    def table(self) -> dict[str, str]:
        """Return each leg with its row in istioctl's words: status, server, client, policy, rule."""
        return {str(row.leg): _cells(row) for row in self.rows}


def tls_view(namespace: NamespaceUnderTest) -> TlsView:
    """Ask every proxy of the scenario and of the ingress gateway what it runs and who it is.

    Raises OSError; RequirementFailed for a pod that has no sidecar.
    """
    gateway = namespace.mesh.gateway
    ingress = proxied_pods(namespace.api.list("v1", "Pod", gateway.namespace, gateway.pod_labels))
    pods = [workload for workload in namespace.workloads() if workload.ready]
    names = [*ingress, *(workload.pod for workload in pods if workload.has_proxy())]
    configs = {name: read_config(dump) for name, dump in namespace.proxies.ask(names, CONFIG_DUMP).items()}
    ids = {name: workload_ids(certs) for name, certs in namespace.proxies.ask(names, CERTS).items()}
    servers = [_serving(workload, configs) for workload in pods]
    services = {s["metadata"]["name"]: s for s in namespace.api.list("v1", "Service", namespace.name)}
    policies = _policies(namespace)
    rules = _rules(namespace)
    cells = cells_by_host(rules, namespace.name)
    merged = {f"{name}/{namespace.name}": cells[host] for host, name in rules}
    rows: list[TlsRow] = []
    identities: list[LegIdentity] = []
    for client, service, port in _legs(ingress, pods):
        if client not in configs:
            raise RequirementFailed(
                f"pod {client} has no sidecar: nothing encrypts what it sends to {service}"
            )
        leg = TlsLeg(client.name, f"{service}.{namespace.name}.svc.cluster.local", port)
        addresses = services[service]["spec"].get("clusterIPs", []) if service in services else []
        behind = [server for server in servers if server.labels["app"] == service]
        rows.append(
            tls_row(
                leg,
                configs[client],
                addresses,
                behind,
                policies=policies,
                root_namespace=namespace.mesh.root_namespace,
                merged=merged,
            )
        )
        by_name = {name.name: found for name, found in ids.items()}
        identities += leg_identities(leg, configs[client], addresses, behind, by_name)
    view = TlsView(tuple(rows), tuple(identities))
    namespace.progress.event("tls_seen", stage=namespace.stage, rows=_facts(namespace, view))
    return view


def _facts(namespace: NamespaceUnderTest, view: TlsView) -> list[list[str]]:
    """Return the rows for the run's events, each leg once, as the contract names it."""
    names = names_of_pods(namespace)
    rows = [(leg_of_workloads(str(row.leg), names), *_columns(row)) for row in view.rows]
    return [list(row) for row in dict.fromkeys(rows)]


def required_table(namespace: NamespaceUnderTest, view: TlsView) -> dict[str, str]:
    """Return the table that is required: every leg OK and mutual, by policy `default` and a rule of its host.

    See required_policy for policies beside `default`. Istio merges the DestinationRules of one host, so that
    any of them may set the TLS mode.
    """
    rules = cells_by_host(_rules(namespace), namespace.name)
    own, root = namespace.name, namespace.mesh.root_namespace
    everywhere = policy_in_force(_policies(namespace), namespace=own, labels={}, port=0, root_namespace=root)
    required: dict[str, str] = {}
    for row in view.rows:
        policy = required_policy(row.authn_policy, everywhere, own)
        service = row.leg.host.partition(".")[0]
        required[str(row.leg)] = required_row(rules, service, own, policy)
    return required


def names_of_pods(namespace: NamespaceUnderTest) -> Mapping[str, str]:
    """Return the workload ("voting-app 1.0") of each pod by the pod's name."""
    return {workload.pod.name: str(workload) for workload in namespace.workloads()}


def leg_of_workloads(leg: str, names: Mapping[str, str]) -> str:
    """Return a leg of the table as the contract names it: "voting-app 1.0 -> voting-storage:6379".

    Args:
        leg: From a pod to a Service's full name.
        names: The workload of each pod; any other pod is the ingress gateway's.
    """
    client, _, server = leg.partition(" -> ")
    host, _, port = server.rpartition(":")
    return f"{names.get(client, INGRESS)} -> {host.partition('.')[0]}:{port}"


# The pods whose handshakes are counted (R3.6).
COUNTED_PODS = {"app": STORAGE, "version": OLD.storage}


def handshakes(namespace: NamespaceUnderTest) -> Mapping[PodName, int | None]:
    """Return how many TLS handshakes each of the application's sidecars has completed as a server.

    None stands for a sidecar that reports no number.
    """
    pods = [workload.pod for workload in namespace.workloads() if workload.has_proxy()]
    return {pod: server_handshakes(stats) for pod, stats in namespace.proxies.ask(pods, TLS_STATS).items()}


def inbound(namespace: NamespaceUnderTest, workload: Workload) -> Mapping[int, Traffic]:
    """Return what a pod's sidecar has passed on to each port, by its Envoy's own counters (R3.2).

    Those that any Service leads to, the component's own among them, whether its container declares it or not;
    what came to all other ports stands under 0. Raises DumpIncomplete where the sidecar does not serve that.
    """
    clusters = namespace.proxies.of(workload.pod).get_json(CLUSTERS)
    ports = sorted({*inbound_ports(clusters), *workload.own_ports})
    return {0: passthrough_traffic(clusters)} | {port: inbound_traffic(clusters, port) for port in ports}


def _policies(namespace: NamespaceUnderTest) -> list[dict[str, Any]]:
    """Return the PeerAuthentications of the namespace and of the whole mesh."""
    return [
        policy
        for name in (namespace.name, namespace.mesh.root_namespace)
        for policy in namespace.api.list("security.istio.io/v1", "PeerAuthentication", name)
    ]


def _rules(namespace: NamespaceUnderTest) -> list[tuple[str, str]]:
    """Return the full name of the host, and the name, of each DestinationRule of the namespace."""
    bodies = namespace.api.list("networking.istio.io/v1", "DestinationRule", namespace.name)
    return [(completed(body["spec"]["host"], namespace.name), body["metadata"]["name"]) for body in bodies]


def _legs(ingress: Sequence[PodName], pods: Sequence[Workload]) -> list[tuple[PodName, str, int]]:
    entry = VOTING_APP.entry
    found = [(pod, entry.service, entry.port) for pod in ingress]
    for workload in pods:
        for callee in VOTING_APP.callees(workload.app, workload.version):
            found.append((workload.pod, callee.service, callee.port))
    return found


def _serving(workload: Workload, configs: Mapping[PodName, EnvoyConfig]) -> ServingPod:
    labels = {"app": workload.app, "version": workload.version}
    return ServingPod(
        workload.pod.name, workload.pod.namespace, workload.address, labels, configs.get(workload.pod)
    )


def _cells(row: TlsRow) -> str:
    return row_text(*_columns(row))


def _columns(row: TlsRow) -> tuple[str, str, str, str, str]:
    return row.status, row.server, row.client, row.authn_policy, row.destination_rule

"""What the cluster has of the scenario's objects, as lists of short texts to compare."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from canary_conformance.cluster.endpoints import addresses_by_port
from canary_conformance.errors import NotJudged
from canary_conformance.mesh.running_components import control_plane
from canary_conformance.model.model import Model
from canary_conformance.model.objects.host_names import completed, full_name, is_wild
from canary_conformance.model.objects.state import State
from canary_conformance.scenario.manifests import Manifest, parse_manifests
from canary_conformance.scenario.observations import Transition
from canary_conformance.scenario.stages import Verb
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.verdicts import expect, same
from canary_conformance.voting.stage_contract import PODS_AT
from canary_conformance.voting.voting_app import VOTING_APP

NETWORKING = "networking.istio.io/v1"
# Istio 1.31 says so of every EnvoyFilter, whatever it holds: it advises, and nothing is deprecated.
_ADVICE = ": EnvoyFilter exposes internal implementation details"
# An annotation that this release still heeds (IST0135, "Info") leads nowhere wrong: R1.3 judges what it did.
_DEPRECATED = "IST0135 "


def applied_objects(transition: Transition) -> list[str]:
    """Return what became of each object of a stage: "Service/voting-app created"."""
    return [str(applied) for step in transition.steps for applied in step.applied]


def warnings_of(transition: Transition) -> list[str]:
    """Return what the API server warned of as a stage was entered, without advice that everybody gets.

    Source: R0.1 (nothing is deprecated).
    """
    return [warning for warning in transition.warnings if _ADVICE not in warning]


def findings_of(namespace: NamespaceUnderTest) -> list[str]:
    """Return what `istioctl analyze` finds in the namespace, without advice (EnvoyFilters, annotations)."""
    return [one for one in namespace.analyze() if _ADVICE not in one and not one.startswith(_DEPRECATED)]


def page_routed_at(namespace: NamespaceUnderTest, transition: Transition) -> float:
    """Return when the page's routes of a stage were live, in whatever file and step they are.

    Those are the VirtualServices of a gateway that it applied; where it applied none, its first step counts.
    """
    refs = {
        one.ref
        for one in namespace.manifests.objects
        if one.ref.kind == "VirtualService" and _is_of_gateway(one)
    }
    moments = [
        applied.live_at
        for step in transition.steps
        for applied in step.applied
        if applied.ref in refs and applied.verb in {Verb.CREATED, Verb.CONFIGURED}
    ]
    live = [moment for moment in moments if moment is not None]
    return max(live) if live else transition.steps[0].live_at


def _is_of_gateway(manifest: Manifest) -> bool:
    """Istio, "Virtual Service" (gateways): without any, or with "mesh" alone, it is for sidecars only."""
    spec = manifest.body.get("spec")
    gateways = spec.get("gateways") if isinstance(spec, Mapping) else None
    return isinstance(gateways, list) and any(gateway != "mesh" for gateway in gateways)


def counted_pods(pods: Sequence[Workload]) -> dict[str, int]:
    """Return how many ready pods each version of each component has: "voting-app 1.0" -> 3."""
    counts: dict[str, int] = {}
    for pod in pods:
        if pod.ready:
            counts[str(pod)] = counts.get(str(pod), 0) + 1
    return counts


def endpoints(namespace: NamespaceUnderTest, service: str) -> dict[int, list[str]]:
    """Return each port of a Service with the addresses of its ready endpoints, from its EndpointSlices."""
    slices = namespace.api.list("discovery.k8s.io/v1", "EndpointSlice", namespace.name)
    return addresses_by_port(slices, service)


def behind_service(namespace: NamespaceUnderTest, service: str, port: int) -> list[str]:
    """Return the workload of each ready endpoint of a Service at a port of its pods, or its bare address."""
    names = {workload.address: str(workload) for workload in namespace.workloads()}
    addresses = endpoints(namespace, service).get(port, [])
    return [names.get(address, address) for address in addresses]


def replicas(namespace: NamespaceUnderTest, workload: str) -> list[str]:
    """Return the names of the pods of a workload ("voting-app 1.0"), which must be as many as R1.2 has."""
    names = [one.pod.name for one in namespace.workloads() if str(one) == workload]
    expect(len(names), same(PODS_AT[namespace.stage][workload], f"pods of {workload}"))
    return names


def routing_objects(namespace: NamespaceUnderTest) -> Model:
    """Return the cluster's DestinationRules and VirtualServices, to be asked what is asked of manifests.

    Raises NotJudged for an object that is not understood here, though the API server has it.
    """
    found = [
        {**item, "apiVersion": NETWORKING, "kind": kind}
        for kind in ("DestinationRule", "VirtualService")
        for item in namespace.api.list(NETWORKING, kind, namespace.name)
    ]
    # As the API server gives it, an object is a document of a file, too.
    read = parse_manifests("\n---\n".join(map(json.dumps, found)).encode(), "cluster", namespace.name)
    if found and read.findings:
        raise NotJudged(f"the API server gave {read.findings[0]}")
    state = State(namespace.name, application=VOTING_APP)
    for manifest in read.manifests:
        state = state.apply(manifest)
    return Model(state)


def dangling_rules(namespace: NamespaceUnderTest) -> list[str]:
    """Return each DestinationRule of the cluster whose host is no Service or whose subset selects no pod.

    `istioctl analyze` does not report the former.
    """
    api, name = namespace.api, namespace.name
    selectors = {
        completed(service["metadata"]["name"], name): service["spec"].get("selector") or {}
        for service in api.list("v1", "Service", name)
    }
    labels = [pod["metadata"].get("labels") or {} for pod in api.list("v1", "Pod", name)]
    found = []
    for rule in api.list(NETWORKING, "DestinationRule", name):
        host, of = completed(rule["spec"]["host"], name), f"DestinationRule/{rule['metadata']['name']}"
        of_the_namespace = host.endswith(full_name("", name)) and not is_wild(host)
        if of_the_namespace and host not in selectors:
            found.append(f"{of}: Service {rule['spec']['host']} does not exist")
        for subset in rule["spec"].get("subsets") or () if host in selectors else ():
            wanted = {**selectors[host], **(subset.get("labels") or {})}
            if not any(wanted.items() <= one.items() for one in labels):
                found.append(f"{of}: subset {subset['name']} selects no pods")
    return found


def what_proxies_run(namespace: NamespaceUnderTest, pods: Iterable[Workload]) -> Mapping[str, str]:
    """Return, by pod, the Istio and the Envoy that its proxy says it runs. Raises OSError."""
    names = [workload.pod for workload in pods]
    namespace.versions.look(names)
    return {name.name: str(namespace.versions.seen[name]) for name in names}


def what_the_mesh_runs(namespace: NamespaceUnderTest) -> str:
    """Return the Istio of the control plane and the Envoy of the ingress gateway, in the same words."""
    istio = " and ".join(control_plane(namespace.api, namespace.mesh.root_namespace).istio)
    gateways = {
        version.envoy
        for pod, version in namespace.versions.seen.items()
        if pod.namespace == namespace.mesh.gateway.namespace
    }
    return f"Istio {istio} on Envoy {' and '.join(sorted(gateways))}"

"""Why the pods of a workload never get ready: what is missing, refused, unschedulable or never passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from canary_conformance.model.objects.host_names import full_name
from canary_conformance.model.objects.state import State
from canary_conformance.model.pods.component import declared_ports
from canary_conformance.model.pods.container_environment import EnvVar
from canary_conformance.model.pods.injection import requests_over_limits
from canary_conformance.model.pods.name_resolution import unresolved_names
from canary_conformance.model.pods.pod_needs import missing_needs
from canary_conformance.model.pods.pod_security import refused_by_standard
from canary_conformance.model.pods.pod_template import PodTemplate, occupied_ports
from canary_conformance.model.pods.probes import asks_for_the_chain, impossible_probes, is_own_image
from canary_conformance.model.pods.scheduling import never_scheduled, one_per_node
from canary_conformance.scenario.application import Application, is_port
from canary_conformance.scenario.places import Finding

_LONGEST_HOSTNAME = 64
_SHORTEST_HASH = 8


def never_ready(pods: PodTemplate, state: State) -> tuple[Finding, ...]:
    """Return why no pod gets ready, whatever the mesh does later; doubts become problems of the pods."""
    _check_command(pods)
    return (
        *missing_needs(pods.whole, state, pods.labels),
        *refused_by_standard(pods.spec, state, sidecar=pods.sidecar),
        *(requests_over_limits(pods.annotations) if pods.sidecar else ()),
        *never_scheduled(pods.spec, state),
        *refused_settings(
            pods.application, pods.name, pods.component, pods.labels.get("version", ""), pods.env
        ),
        *_probes(pods),
        *_names(pods, state),
        *_long_names(pods, state),
        *_clashes(pods),
    )


@dataclass(frozen=True, slots=True)
class Crowd:
    """Why not all pods of a workload find a node, and how many do."""

    finding: Finding
    room: int


def crowded(pods: PodTemplate, replicas: int, state: State) -> Crowd | None:
    """Return why not all pods of a workload find a node; None where they do.

    Where it is not known how many nodes there are, that becomes a problem of the pods' spec.
    """
    part = one_per_node(pods.spec, pods.labels)
    nodes = state.mesh.cluster.nodes
    if part is None or replicas <= 1:
        return None
    if nodes is None:
        part.problem("how many nodes there are is not in the manifests")
        return None
    if nodes >= replicas:
        return None
    sentence = f"{pods.whole.manifest.ref} has {replicas} pods, and each node takes one of them ({part.name})"
    return Crowd(Finding(part.place, f"{sentence}; the cluster has {nodes}"), nodes)


def _probes(pods: PodTemplate) -> Iterator[Finding]:
    for container in pods.running:
        own = container is pods.own
        listens = pods.listens
        if listens is not None and own and not is_own_image(pods.application, container, pods.component):
            # Another image than the suite's may listen at more ports than the contract names.
            listens |= declared_ports(container.value)
        yield from impossible_probes(pods.application, container, pods.component, listens, own=own)


def _names(pods: PodTemplate, state: State) -> Iterator[Finding]:
    """Yield that pods never get ready as they resolve no Service, where readiness depends on one.

    An injected proxy is ready once istiod has sent its configuration, and looks istiod up by its Service's
    name (Istio, "Architecture").
    """
    rule = unresolved_names(pods.spec, state.names_of("Service"))
    if rule is None or rule.place is None:
        return
    if pods.sidecar or asks_for_the_chain(pods.application, pods.own, pods.component):
        yield Finding(rule.place, rule.sentence)


def _long_names(pods: PodTemplate, state: State) -> Iterator[Finding]:
    """Yield that pods have a full name as their hostname that is longer than a kernel takes.

    Source: Kubernetes, "DNS for Services and Pods" (setHostnameAsFQDN: no pod starts with more than 64
    characters). A Deployment's pods are called by it, the hash of its template and five letters more.
    """
    full, subdomain = pods.spec["setHostnameAsFQDN"], pods.spec["subdomain"].text()
    if full.value is not True or not subdomain:
        return
    name = pods.spec["hostname"].text() or f"{pods.name}-{'0' * _SHORTEST_HASH}-00000"
    length = len(full_name(f"{name}.{subdomain}", state.namespace))
    if length > _LONGEST_HOSTNAME:
        sentence = f"{pods.whole.manifest.ref} has setHostnameAsFQDN, and a pod's full name has {length}"
        yield Finding(full.place, f"{sentence} characters, where {_LONGEST_HOSTNAME} are allowed")


def _clashes(pods: PodTemplate) -> Iterator[Finding]:
    for container in pods.helpers:
        for port in sorted(occupied_ports(pods.application, container) & (pods.own_ports or frozenset())):
            sentence = f"{pods.whole.manifest.ref} has two containers that listen at port {port}"
            yield Finding(container.place, sentence)


def _check_command(pods: PodTemplate) -> None:
    """Note a command in place of our own image's; other images may need one to be what the contract says."""
    for name in ("command", "args"):
        part = pods.own[name]
        if part.items() and is_own_image(pods.application, pods.own, pods.component):
            part.problem("what this starts instead of the image's own command is not in the manifests")


def refused_settings(
    application: Application, workload: str, component: str, version: str, env: Mapping[str, EnvVar]
) -> Iterator[Finding]:
    """Yield each setting with which the component of a workload ends as it starts.

    Args:
        application: Whose component it is.
        workload: The workload's name.
        component: What runs there, "" for no component.
        version: The pods' label, which counts where the name does not say.
        env: The variables of the component's container.
    """
    name = application.named(workload)
    version = name.version if name else version
    for variable_name in application.port_settings(component, version):
        if (
            (variable := env.get(variable_name))
            and variable.value is not None
            and not is_port(variable.value)
        ):
            yield Finding(variable.place, _no_port(variable, workload))
    for refused in application.refused_values(component, version):
        found = env.get(refused.variable)
        if found is not None and found.value == refused.value:
            sentence = f"{refused.variable} of {workload} is {refused.value}, and {refused.reason}"
            yield Finding(found.place, sentence)


def _no_port(variable: EnvVar, workload: str) -> str:
    setting = f"{variable.name}={variable.value}, which is not the number of a port"
    if variable.origin.startswith("Service/"):
        links = "Kubernetes sets such variables in every pod for each Service (enableServiceLinks)"
        return f"{variable.origin} gives the pods of {workload} {setting}: {links}"
    return f"{workload} has {setting}"

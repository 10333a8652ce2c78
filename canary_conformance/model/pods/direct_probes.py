"""Probes that the kubelet itself sends to a pod's ports, past the sidecar's agent.

Source: Istio, "Health Checking of Istio Services": with rewriteAppHTTPProbers off, a probe is plaintext from
outside the mesh, so it is refused where the port takes mutual TLS only. A probe of TCP wants no more than a
connection, which the sidecar always takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from canary_conformance.model.pods.injection import unrewritten_probes
from canary_conformance.model.pods.peer_authentication import Policies
from canary_conformance.model.pods.pod_template import PodTemplate
from canary_conformance.model.pods.probes import Probed, probed_ports
from canary_conformance.scenario.places import Finding, Place

_STRICT, _ONLY_AT_START = "STRICT", "startupProbe"


@dataclass(frozen=True, slots=True)
class DirectProbes:
    """The probes of a workload that reach its ports as plaintext, and the annotation that says so.

    `since` is the step that made the pods.
    """

    workload: str
    probes: tuple[Probed, ...]
    place: Place
    since: int


def direct_probes(pods: PodTemplate) -> DirectProbes | None:
    """Return the probes that pass the sidecar's agent by; None for none."""
    annotation = unrewritten_probes(pods.annotations)
    if annotation is None or not pods.sidecar:
        return None
    found = (probed for part in pods.running for probed in probed_ports(part))
    probes = tuple(probed for probed in found if probed.way != "tcpSocket")
    return DirectProbes(str(pods.whole.manifest.ref), probes, annotation.place, pods.maker.pods_since)


def refused(
    direct: DirectProbes,
    policies: Policies,
    namespace: str,
    labels: Mapping[str, str],
    guarded: frozenset[int],
) -> Iterator[Finding]:
    """Yield the direct probes that are refused under these policies.

    A startup probe counts only where the pods were made under the policy.

    Args:
        direct: The probes.
        policies: The policies in force.
        namespace: That of the pods.
        labels: Those of the pods.
        guarded: The ports that the pods' sidecar guards.
    """
    for probed in direct.probes:
        if probed.port not in guarded:
            continue
        policy = policies.in_force(namespace, labels, probed.port)
        if policy is None or policy.mode != _STRICT:
            continue
        if probed.probe == _ONLY_AT_START and policies.objects[str(policy)].created > direct.since:
            continue
        mode = f"STRICT by {policies.place_of(policy, probed.port)}"
        sentence = f"the {probed.probe} of {direct.workload} is not rewritten (rewriteAppHTTPProbers: false)"
        yield Finding(
            direct.place, f"{sentence}, and the kubelet's plaintext is refused at port {probed.port} ({mode})"
        )

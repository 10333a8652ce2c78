"""Probes that never pass, so that a pod never gets ready or is killed over and over.

Sources: Kubernetes, "Configure Liveness, Readiness and Startup Probes" (a named port is one of the
container's own); Istio, "Health Checking of Istio Services" (HTTP and gRPC probes are answered by the
sidecar's agent, unless rewriteAppHTTPProbers is off: such a probe is plaintext from outside the mesh, refused
where the port takes mutual TLS only; a probe of TCP passes at any port that the sidecar guards).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.pods.component import image_name
from canary_conformance.model.pods.injection import unrewritten_probes
from canary_conformance.model.pods.peer_authentication import Policies
from canary_conformance.model.pods.pod_template import PodTemplate
from canary_conformance.scenario.application import Application
from canary_conformance.scenario.places import Finding, Place

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_WAYS = ("httpGet", "tcpSocket", "grpc")


@dataclass(frozen=True, slots=True)
class Probed:
    """A port that a probe asks, the port's part in the manifest, and by which probe and way."""

    probe: str
    way: str
    port: int
    part: Part


def impossible_probes(
    application: Application,
    container: Part,
    component: str,
    listens: Collection[int] | None,
    *,
    own: bool,
) -> Iterator[Finding]:
    """Yield the probes of a container that no pod passes.

    Args:
        application: Whose component it is.
        container: The container.
        component: The component of its pods, "" for none.
        listens: The ports at which anything listens in its pods; None where that is not known.
        own: Whether the container is the component itself.
    """
    for probe in PROBES:
        for way in _WAYS:
            port = container.at(probe, way, "port")
            if not port:
                continue
            number = port_number(container, port)
            if number is None:
                sentence = (
                    f"{container.manifest.ref} probes port {port.value}, which its container does not name"
                )
                yield Finding(port.place, sentence)
            elif listens is not None and number not in listens:
                sentence = f"{container.manifest.ref} probes port {port.value}, where nothing listens"
                yield Finding(port.place, sentence)
            elif own and component:
                yield from _unspoken(application, container, container[probe], way, component)


def probed_ports(container: Part) -> Iterator[Probed]:
    """Yield what the probes of a container ask over the network."""
    for probe in PROBES:
        for way in _WAYS:
            port = container.at(probe, way, "port")
            if port and (number := port_number(container, port)) is not None:
                yield Probed(probe, way, number, port)


def asks_for_the_chain(application: Application, container: Part, component: str) -> bool:
    """Return whether a component is ready only once what it calls answers: any path but the alive path."""
    asked = [container.at(probe, "httpGet") for probe in ("startupProbe", "readinessProbe")]
    others = any(part and _path(part["path"]) != application.alive_path for part in asked)
    return others and application.paths(component) is not None


def is_own_image(application: Application, container: Part, component: str) -> bool:
    """Return whether a container runs the suite's own image of a component."""
    image = container["image"].value
    ours = isinstance(image, str) and image.startswith(application.image_prefix)
    return ours and image_name(container.value) == component


def port_number(container: Part, port: Part) -> int | None:
    """Return the number of a probe's port; None for a name that the container has not."""
    if isinstance(port.value, str):
        if port.value.isascii() and port.value.isdigit():
            return int(port.value[:6])
        named = (one for one in container["ports"].items() if one["name"].value == port.value)
        return next((one["containerPort"].number(0) for one in named), None)
    return port.number(0)


def _unspoken(
    application: Application, container: Part, probe: Part, way: str, component: str
) -> Iterator[Finding]:
    """Yield a probe that the component does not answer, though it listens."""
    asked, ref = probe[way], container.manifest.ref
    served = application.paths(component)
    if way == "grpc":
        yield Finding(asked.place, f"{ref} is probed by gRPC, which {component} does not support")
    elif way == "httpGet" and served is None:
        yield Finding(asked.place, f"{ref} is probed by HTTP, which {component} does not support")
    elif way == "httpGet" and asked["scheme"].text("HTTP").upper() == "HTTPS":
        yield Finding(asked["scheme"].place, f"{ref} is probed by HTTPS, and {component} serves plain HTTP")
    elif way == "httpGet" and served is not None and is_own_image(application, container, component):
        path = _path(asked["path"])
        if path not in served:
            yield Finding(asked["path"].place, f"{ref} is probed at {path}, which {component} does not serve")
    if way != "grpc" and asked["host"]:
        asked["host"].problem("what answers a probe at another host is not in the manifests")


def _path(path: Part) -> str:
    return "/" + path.text("/").partition("?")[0].lstrip("/")


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

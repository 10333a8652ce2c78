"""The variables by which Kubernetes gives a container the Services of its namespace.

Source: Kubernetes, "Service" (discovering services, environment variables), and the kubelet: a container gets
those of each Service with an address that is there when it starts, unless its pod says enableServiceLinks:
false. A container's own variables, and those of envFrom, count before them.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.scenario.places import Place

_HEADLESS = "None"
_ADDRESS = "ADDRESS"


def service_links(state: State, spec: Part, pods: InForce) -> Iterator[tuple[str, str | None, str, Place]]:
    """Yield name, value (None: an address), origin and place of each variable that pods have from Services.

    Args:
        state: The objects in force.
        spec: The spec of the pods.
        pods: What made the pods. Services of the same step count: containers start after the whole file.
    """
    if spec["enableServiceLinks"].value is False:
        return
    for one in state.of("Service"):
        if one.key.namespace == pods.key.namespace and one.created <= pods.pods_since:
            yield from _links(one)


def _links(service: InForce) -> Iterator[tuple[str, str | None, str, Place]]:
    spec = Part.whole(service.manifest)["spec"]
    ports = [(port, port["port"].number()) for port in spec["ports"].items()]
    address = spec["clusterIP"].text() or None
    if address == _HEADLESS or spec["type"].text() == "ExternalName" or not ports:
        return
    prefix, origin = service.key.name.upper().replace("-", "_"), str(service.key)
    (first, number), place = ports[0], service.manifest.place

    def link(suffix: str, value: str | None) -> tuple[str, str | None, str, Place]:
        return f"{prefix}_{suffix}", value, origin, place

    yield link("SERVICE_HOST", address)
    yield link("SERVICE_PORT", str(number))
    yield link("PORT", _url(first, address, number))
    for port, own in ports:
        protocol = port["protocol"].text("TCP")
        if name := port["name"].text():
            yield link(f"SERVICE_PORT_{name.upper().replace('-', '_')}", str(own))
        whole = f"PORT_{own}_{protocol.upper()}"
        yield link(whole, _url(port, address, own))
        yield link(f"{whole}_PROTO", protocol.lower())
        yield link(f"{whole}_PORT", str(own))
        yield link(f"{whole}_ADDR", address)


def _url(port: Part, address: str | None, number: int | None) -> str:
    return f"{port['protocol'].text('TCP').lower()}://{address or _ADDRESS}:{number}"

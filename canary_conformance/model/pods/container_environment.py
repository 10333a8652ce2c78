"""A container's environment as far as manifests show it: values, what Secrets, ConfigMaps and Services give.

Sources: Kubernetes, "Define Environment Variables for a Container", "Define Dependent Environment Variables",
"Service" (discovering services, environment variables), and the kubelet: a container gets those of each
Service with an address that is there when it starts, unless its pod says enableServiceLinks: false. A
container's own variables, and those of envFrom, count before them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, Key, State
from canary_conformance.scenario.places import Place

_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_.-][A-Za-z0-9_.-]*)\))")
_FROM = (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"))
_ALL_FROM = (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))


@dataclass(frozen=True, slots=True)
class EnvVar:
    """A variable of a container: its value, None where manifests do not show it.

    `origin` names what it is taken from ("Secret/voting-storage-secret:MYSQL_USER", "Service/redis"), "" for
    a plain value.
    """

    name: str
    value: str | None = field(repr=False)
    origin: str
    place: Place


def environment(container: Part, state: State, spec: Part, pods: InForce) -> dict[str, EnvVar]:
    """Return a container's variables by name.

    A variable of an optional reference to what isn't there is not set, so it isn't among them (see unset()).
    Where the reference isn't optional its value is unknown: no such container starts.
    """
    linked = {
        name: EnvVar(name, value, origin, place)
        for name, value, origin, place in service_links(state, spec, pods)
    }
    own: dict[str, EnvVar] = {}
    for source in container["envFrom"].items():
        for field_name, kind in _ALL_FROM:
            name = source.at(field_name, "name").text()
            for key, value in (data_of(state, kind, name) or {}).items():
                variable = source["prefix"].text() + key
                own[variable] = EnvVar(variable, value, f"{kind}/{name}:{key}", source.place)
    for part in container["env"].items():
        if one := _variable(part, state, {**linked, **own}):
            own[one.name] = one
    return {**linked, **own}


def unset(container: Part, state: State) -> dict[str, Rule]:
    """Return the variables that a container names and doesn't get, each with why: what they are taken from.

    Source: Kubernetes, "Secrets" and "ConfigMaps": an optional reference to what isn't there sets nothing.
    """
    found = {}
    for part in container["env"].items():
        for field_name, kind in _FROM:
            reference = part.at("valueFrom", field_name)
            if reference and _is_absent(reference, kind, state):
                holder, key = reference["name"].text(), reference["key"].text()
                sentence = f"{kind}/{holder} has no key {key}, and the reference is optional: it is not set"
                found[part["name"].text()] = reference["key"].rule(sentence)
    return found


def data_of(state: State, kind: str, name: str) -> dict[str, str | None] | None:
    """Return what a Secret or ConfigMap holds by its keys; None when it isn't there.

    A value is None when it can't be read as text.
    """
    key = Key(kind, state.namespace, name)
    if key not in state.objects:
        return None
    whole = Part.whole(state.objects[key].manifest)
    found: dict[str, str | None] = {}
    for name_of_key, part in whole["data"].entries().items():
        found[name_of_key] = _decoded(part) if kind == "Secret" else _text(part)
    # What a Secret has as text replaces what it has encoded.
    for name_of_key, part in whole["stringData" if kind == "Secret" else "binaryData"].entries().items():
        found[name_of_key] = _text(part) if kind == "Secret" else None
    return found


def _is_absent(reference: Part, kind: str, state: State) -> bool:
    optional = reference["optional"].value is True
    return optional and reference["key"].text() not in (data_of(state, kind, reference["name"].text()) or {})


def _variable(part: Part, state: State, before: Mapping[str, EnvVar]) -> EnvVar | None:
    name = part["name"].text()
    for field_name, kind in _FROM:
        reference = part.at("valueFrom", field_name)
        if reference and _is_absent(reference, kind, state):
            return None
        if reference:
            holder, key = reference["name"].text(), reference["key"].text()
            value = (data_of(state, kind, holder) or {}).get(key)
            return EnvVar(name, value, f"{kind}/{holder}:{key}", part.place)
    if part["valueFrom"]:
        return EnvVar(name, None, "the pod", part.place)
    return EnvVar(name, _expanded(part["value"].text(), before), "", part.place)


def _expanded(value: str, before: Mapping[str, EnvVar]) -> str | None:
    """Return a value with $(NAME) replaced by what was defined before; None where that isn't known."""
    unknown = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal unknown
        name = match[2]
        if name is None:
            return "$"
        if name not in before:
            return match[0]
        known = before[name].value
        unknown = unknown or known is None
        return known or ""

    text = _REFERENCE.sub(replaced, value) if "$" in value else value
    return None if unknown else text


def _text(part: Part) -> str | None:
    # Null is read as the empty value of its type.
    return "" if part.value is None else part.value if isinstance(part.value, str) else None


def _decoded(part: Part) -> str | None:
    try:
        return base64.b64decode(part.text(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


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

"""Whether Istio injects its proxy into a pod, its image and resources, and which traffic passes it by.

Sources: Istio, "Installing the Sidecar" (controlling the injection policy), "Resource Annotations" (traffic,
proxyImage, resources, log levels, volumes), "Application Requirements" (UID 1337 is the proxy's own). The
control plane is that of the mesh profile, without an injection policy of its own. What a proxy asks for has
to fit on a node, what it may use has to be enough for it to get ready; a word that Envoy does not take keeps
it from starting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from canary_conformance.model.objects.mesh_profile import INJECTION, REVISION, MeshProfile
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.quantities import amount
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.pods.component import PROXY
from canary_conformance.model.pods.proxy_settings import check_proxy_config, is_pattern
from canary_conformance.scenario.places import Finding

_INJECT = "sidecar.istio.io/inject"
_PROXY_IMAGE, _PROXY_TYPE = "sidecar.istio.io/proxyImage", "sidecar.istio.io/proxyImageType"
_REWRITES = "sidecar.istio.io/rewriteAppHTTPProbers"
# The user and group of Istio's proxy: istio-iptables captures nothing that they send.
_PROXY_ID = 1337
_RELEASE = re.compile(r"v?(\d+\.\d+)(\.\d+)?([-.+].*)?")
_TRAFFIC = "traffic.sidecar.istio.io"
_TLS_MODE = "security.istio.io/tlsMode"

# Read here, or without a part in whether and how traffic reaches the pod. Others may depend on addresses, or
# replace the injected proxy.
_SPOKEN = frozenset(
    {
        _INJECT,
        _PROXY_IMAGE,
        _PROXY_TYPE,
        _REWRITES,
        "proxy.istio.io/config",
        "prometheus.istio.io/merge-metrics",
        f"{_TRAFFIC}/excludeInboundPorts",
        f"{_TRAFFIC}/excludeOutboundPorts",
        f"{_TRAFFIC}/includeInboundPorts",
        f"{_TRAFFIC}/includeOutboundPorts",
        "sidecar.istio.io/agentLogLevel",
        "sidecar.istio.io/componentLogLevel",
        "sidecar.istio.io/extraStatTags",
        "sidecar.istio.io/logLevel",
        "sidecar.istio.io/nativeSidecar",
        "sidecar.istio.io/proxyCPU",
        "sidecar.istio.io/proxyCPULimit",
        "sidecar.istio.io/proxyMemory",
        "sidecar.istio.io/proxyMemoryLimit",
        "sidecar.istio.io/statsHistogramBuckets",
        "sidecar.istio.io/statsInclusionPrefixes",
        "sidecar.istio.io/statsInclusionRegexps",
        "sidecar.istio.io/statsInclusionSuffixes",
        "sidecar.istio.io/userVolume",
        "sidecar.istio.io/userVolumeMount",
    }
)
# Values that say what holds without them ("Resource Annotations").
_DEFAULTS: Mapping[str, str] = {
    "inject.istio.io/templates": "sidecar",
    "sidecar.istio.io/interceptionMode": "REDIRECT",
    "status.sidecar.istio.io/port": "15020",
    f"{_TRAFFIC}/excludeOutboundIPRanges": "",
    f"{_TRAFFIC}/includeOutboundIPRanges": "*",
}


@dataclass(frozen=True, slots=True)
class Capture:
    """The ports that a sidecar guards: those of `only` (None: all) that aren't in `but`."""

    only: frozenset[int] | None = None
    but: frozenset[int] = frozenset()

    def __contains__(self, port: int) -> bool:
        return port not in self.but and (self.only is None or port in self.only)


def is_injected(
    mesh: MeshProfile, namespace: Mapping[str, str], template: Part, labels: Mapping[str, str]
) -> bool:
    """Return whether a pod of this template gets a sidecar, by its namespace's labels and its own.

    The pod's label beats its annotation, and the namespace's istio-injection its istio.io/rev.
    """
    if template.at("spec", "hostNetwork").value is True:
        return False
    annotation = template.at("metadata", "annotations", _INJECT)
    if annotation:
        annotation.text()
    asked = labels.get(_INJECT, annotation.value if isinstance(annotation.value, str) else "")
    # Seen in Istio 1.31: "False", "no", "off" and "0" forbid nothing.
    if asked == "false":
        return False
    for label in (INJECTION, REVISION):
        if label in namespace:
            return mesh.injects_by(label, namespace[label])
    if REVISION in labels:
        return mesh.injects_by(REVISION, labels[REVISION])
    # In a namespace without a word about it, only the label is looked at.
    return mesh.by_istio_injection and labels.get(_INJECT) == "true"


def why_not_injecting(mesh: MeshProfile, namespace: Mapping[str, str]) -> tuple[str, str]:
    """Return the label by which a namespace gets no sidecars ("" for an absent one) and why, or "" twice.

    One that the control plane does not see has sidecars without configuration.

    The label istio-injection counts before istio.io/rev, whatever its value is.
    """
    label = next((one for one in (INJECTION, REVISION) if one in namespace), "")
    if label and mesh.injects_by(label, namespace[label]):
        unseen = {key: value for key, value in mesh.discovery.items() if namespace.get(key) != value}
        labels = " and ".join(f"{key}: {value}" for key, value in unseen.items())
        return "", labels and f"the control plane of {mesh.title} sees only namespaces labelled {labels}"
    labelled = f"the label {label}: {namespace[label]}" if label else "no label"
    what = f"the namespace has {labelled}, and the control plane of {mesh.title} injects"
    return label, f"{what} by {mesh.injection_labels}"


def bypass_of(container: Part, spec: Part) -> Rule | None:
    """Return why nothing that a container sends passes its sidecar: it runs as the sidecar's own user."""
    for key in ("runAsUser", "runAsGroup"):
        own = container["securityContext"][key] or spec["securityContext"][key]
        if own.value == _PROXY_ID:
            what = "user" if key == "runAsUser" else "group"
            sentence = f"{own.manifest.ref} runs as {what} {_PROXY_ID}, which is the sidecar's own"
            return own.rule(f"{sentence}: what it sends is not captured, so it leaves in plaintext")
    return None


def unrewritten_probes(annotations: Part) -> Part | None:
    """Return the annotation by which the kubelet sends its probes past the sidecar's agent; None without."""
    part = annotations[_REWRITES]
    return part if part.text("true").strip().lower() in {"false", "0", "f"} else None


def pinned_proxy(template: Part, mesh: MeshProfile) -> Rule | None:
    """Return why the proxy is not the one that the control plane injects; None where it is.

    An image of the mesh's own release may still come from elsewhere: that is noted as a problem. A container
    of the proxy's name in the template replaces what is injected, its image too ("Installing the Sidecar",
    customizing injection; the image `auto` is the injected one).
    """
    kind, image = template.at("metadata", "annotations")[_PROXY_TYPE], own_proxy_image(template)
    if kind and kind.text() not in {"", "default"}:
        kind.problem("which variants of the proxy's image the mesh has is not in the manifests")
    if not image.text():
        return None
    tag = image.text().partition("@")[0].rpartition("/")[2].partition(":")[2]
    found = _RELEASE.fullmatch(tag)
    if found and any(_same_release(found, version) for version in mesh.versions):
        image.problem("whether this is the mesh's own proxy image is not in the manifests")
        return None
    runs = f"Istio {' or '.join(mesh.versions)}" if mesh.versions else "its own release"
    sentence = f"{image.manifest.ref} pins the proxy image {image.text()}"
    return image.rule(f"{sentence}, and the running control plane injects that of {runs}")


def own_proxy_image(template: Part) -> Part:
    """Return the proxy image that pods name themselves, by a container of its name or an annotation."""
    spec = template["spec"]
    for container in (*spec["initContainers"].items(), *spec["containers"].items()):
        if container["name"].value == PROXY and container["image"].text("auto") != "auto":
            return container["image"]
    return template.at("metadata", "annotations")[_PROXY_IMAGE]


def _same_release(tag: re.Match[str], version: str) -> bool:
    """Return whether an image's tag is of a version, which may be a minor release like 1.30."""
    release = f"{tag[1]}{tag[2] or ''}"
    return release == version or (version.count(".") == 1 and tag[1] == version)


def capture_of(annotations: Part) -> Capture:
    """Return which ports the sidecar guards; what the model does not support is noted as a problem."""
    for name, part in annotations.entries().items():
        own = name.partition("/")[0].endswith("istio.io")
        if own and name not in _SPOKEN and part.value != _DEFAULTS.get(name):
            part.problem("the model does not support this annotation")
    check_proxy_annotations(annotations)
    only = annotations[f"{_TRAFFIC}/includeInboundPorts"]
    listed = None if not only or only.text() == "*" else _numbers(only)
    return Capture(listed, _numbers(annotations[f"{_TRAFFIC}/excludeInboundPorts"]))


def ports_past(annotations: Part) -> dict[int, Rule]:
    """Return the ports at which what the pod sends passes its sidecar by, with why."""
    excluded = annotations[f"{_TRAFFIC}/excludeOutboundPorts"]
    who = excluded.manifest.ref
    return {
        port: excluded.rule(f"{who} sends what goes to port {port} past its sidecar")
        for port in _numbers(excluded)
    }


def is_plain_by_label(labels: Mapping[str, str]) -> bool:
    """Return whether the pod's own label keeps automatic mutual TLS away from it."""
    return labels.get(_TLS_MODE, "istio") != "istio"


def _numbers(part: Part) -> frozenset[int]:
    words = [word.strip() for word in part.text().split(",") if word.strip()]
    if any(not (word.isascii() and word.isdigit() and len(word) <= 5) for word in words):
        part.problem("has to list ports")
        return frozenset()
    return frozenset(map(int, words))


_LEVEL = r"(?:trace|debug|info|warning|warn|error|critical|off|none|fatal)"
_SCOPES = re.compile(rf"(?:[A-Za-z_-]+:)?{_LEVEL}(?:,[A-Za-z_-]+:{_LEVEL})*")
_COMPONENTS = re.compile(
    rf"(?:misc|upstream|connection|http|http2|router|filter|config|client|pool|rbac|jwt|dns):{_LEVEL}"
    rf"(?:,(?:misc|upstream|connection|http|http2|router|filter|config|client|pool|rbac|jwt|dns):{_LEVEL})*"
)


def _at_most(most: str) -> Callable[[str], bool]:
    return lambda value: (number := amount(value)) is not None and 0 <= number <= (amount(most) or 0)


def _at_least(least: str) -> Callable[[str], bool]:
    return lambda value: (number := amount(value)) is not None and number >= (amount(least) or 0)


def _of(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


_FINE: Mapping[str, Callable[[str], bool]] = {
    "proxyCPU": _at_most("1"),
    "proxyMemory": _at_most("1Gi"),
    "proxyCPULimit": _at_least("50m"),
    "proxyMemoryLimit": _at_least("64Mi"),
    "agentLogLevel": _of(_SCOPES),
    "logLevel": _of(re.compile(_LEVEL)),
    "componentLogLevel": _of(_COMPONENTS),
    "extraStatTags": _of(re.compile(r"\w+(?:,\w+)*")),
    "statsInclusionRegexps": is_pattern,
    "userVolume": lambda value: value.strip() in {"", "[]", "{}"},
    "userVolumeMount": lambda value: value.strip() in {"", "[]", "{}"},
}


def check_proxy_annotations(annotations: Part) -> None:
    """Note each annotation with which the proxy may never get ready as a problem of the pods."""
    check_proxy_config(annotations["proxy.istio.io/config"])
    for name, fine in _FINE.items():
        part = annotations[f"sidecar.istio.io/{name}"]
        if part and not fine(part.text()):
            part.problem("whether the proxy gets ready with this is not in the manifests")


def requests_over_limits(annotations: Part) -> Iterator[Finding]:
    """Yield each amount that the proxy asks for and may not use: the API server refuses such pods.

    Sources: Istio, "Resource Annotations" (they replace the mesh's own requests and limits); Kubernetes,
    "Resource Management for Pods and Containers" (a request is at most its limit).
    """
    for name in ("proxyCPU", "proxyMemory"):
        request, limit = (annotations[f"sidecar.istio.io/{name}{end}"] for end in ("", "Limit"))
        wanted, most = amount(request.text()), amount(limit.text())
        if wanted is not None and most is not None and wanted > most:
            sentence = f"{request.manifest.ref}: its proxy asks for {request.text()} ({name})"
            yield Finding(request.place, f"{sentence}, more than its limit of {limit.text()}")

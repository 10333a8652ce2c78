"""Annotations that give the injected proxy resources, log levels and volumes, and the values that do no harm.

Source: Istio, "Resource Annotations". What a proxy asks for has to fit on a node, what it may use has to be
enough for it to get ready; a word that Envoy does not take keeps it from starting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.quantities import amount
from canary_conformance.scenario.places import Finding

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
    "userVolume": lambda value: value.strip() in {"", "[]", "{}"},
    "userVolumeMount": lambda value: value.strip() in {"", "[]", "{}"},
}


def check_proxy_annotations(annotations: Part) -> None:
    """Note each annotation with which the proxy may never get ready as a problem of the pods."""
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

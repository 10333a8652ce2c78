"""Which container of a pod is the application's component: one rule, for manifests and for pods that run.

A pod may have containers beside its component (exporters, log shippers, Istio's proxy), before or after it.
Everything that reads a component's settings, ports or image asks here. It reads plain data, as YAML or the
API server gives it, and believes none of its types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from canary_conformance.scenario.application import Application

PROXY = "istio-proxy"
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_WAYS = ("httpGet", "tcpSocket", "grpc")


def component_name(application: Application, owner: str, labels: Mapping[str, Any]) -> str:
    """Return the component that a workload runs ("voting-app"), "" for a workload of no component.

    Args:
        application: Whose component it is.
        owner: The workload's name.
        labels: The labels of its pods; `app` counts where the name does not say.
    """
    if name := application.named(owner):
        return name.component
    app = labels.get("app")
    return app if isinstance(app, str) and app in application.components else ""


def component_index(
    application: Application, containers: Sequence[Any], component: str, owner: str = ""
) -> int | None:
    """Return which container is the component; None for a pod without containers of its own.

    The first rule that any container meets decides, and of several containers the first in the list: the
    container of the component's (or its workload's) name; the one whose image is called so; the one that
    declares or probes the component's port; the first one that is not Istio's proxy.

    Args:
        application: Whose component it is.
        containers: `spec.containers` of a pod or a template.
        component: What component_name() returns; "" for a pod of no component.
        owner: The name of the workload.
    """
    own = [(index, one) for index, one in enumerate(containers) if _text(one, "name") != PROXY]
    ports = application.possible_ports(component)
    rules: tuple[Callable[[Any], bool], ...] = (
        lambda one: _text(one, "name") in {component, owner} - {""},
        lambda one: component != "" and image_name(one) == component,
        lambda one: bool(ports & (declared_ports(one) | probed_ports(one))),
        lambda _: True,
    )
    for rule in rules:
        for index, one in own:
            if rule(one):
                return index
    return None


def image_name(container: Any) -> str:
    """Return the last part of a container's image, without tag and digest: "voting-app"."""
    return _text(container, "image").partition("@")[0].rpartition("/")[2].partition(":")[0]


def declared_ports(container: Any) -> frozenset[int]:
    """Return the numbers of a container's ports."""
    ports = container.get("ports") if isinstance(container, Mapping) else None
    found = (port.get("containerPort") for port in _list(ports) if isinstance(port, Mapping))
    return frozenset(number for number in found if isinstance(number, int))


def probed_ports(container: Any) -> frozenset[int]:
    """Return the ports that a container's probes name by number."""
    found = set()
    for probe in _PROBES:
        for way in _WAYS:
            part = _at(_at(_at(container, probe), way), "port")
            if isinstance(part, int):
                found.add(part)
    return frozenset(found)


def _text(container: Any, key: str) -> str:
    value = _at(container, key)
    return value if isinstance(value, str) else ""


def _at(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, Mapping) else None


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()

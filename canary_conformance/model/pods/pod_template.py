"""The pods that a Deployment, StatefulSet or DaemonSet makes, as they are written, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.model.pods.component import (
    COMPONENTS,
    component_index,
    component_name,
    declared_ports,
    image_name,
)
from canary_conformance.model.pods.container_environment import EnvVar, environment
from canary_conformance.model.pods.injection import is_injected
from canary_conformance.voting.contract import ANALYTICS, APP, PAGE_PORT, is_port, listening_ports

_ALWAYS = "Always"


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """A workload's pods: what makes them, its parts, and what the application's contract says of them.

    `component` is what runs there ("" for none), `own` the component's container (absent in pods without one)
    with its variables `env`; `own_ports` are the ports at which it listens, None when the contract doesn't
    tell. `running` are all containers that run beside each other. `sidecar`: whether Istio injects a proxy.
    """

    maker: InForce
    whole: Part
    spec: Part
    annotations: Part
    labels: Mapping[str, str]
    component: str
    own: Part
    running: tuple[Part, ...]
    env: Mapping[str, EnvVar]
    own_ports: frozenset[int] | None
    sidecar: bool

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.maker.key.name

    @property
    def image_component(self) -> str:
        """The component whose image the component's container has, "" for an image by another name."""
        name = image_name(self.own.value)
        return name if name in COMPONENTS else ""

    @property
    def helpers(self) -> tuple[Part, ...]:
        """The containers that run beside the component."""
        return tuple(part for part in self.running if part is not self.own)

    @property
    def listens(self) -> frozenset[int] | None:
        """The ports at which anything listens; what a container beside the component declares is believed."""
        if self.own_ports is None:
            return None
        return self.own_ports.union(*(declared_ports(part.value) for part in self.helpers))


def pod_template(maker: InForce, state: State) -> PodTemplate:
    """Return what a Deployment, StatefulSet or DaemonSet says of its pods."""
    whole = Part.whole(maker.manifest)
    template = whole.at("spec", "template")
    spec = template["spec"]
    labels = template.at("metadata", "labels").labels()
    containers = spec["containers"].items()
    component = component_name(maker.key.name, labels)
    index = component_index([part.value for part in containers], component, maker.key.name)
    own = spec["none"] if index is None else containers[index]
    env = environment(own, state, spec, maker)
    native = (part for part in spec["initContainers"].items() if part["restartPolicy"].value == _ALWAYS)
    # Kubernetes, "Sidecar Containers": an init container that restarts always runs beside the others.
    return PodTemplate(
        maker=maker,
        whole=whole,
        spec=spec,
        annotations=template.at("metadata", "annotations"),
        labels=labels,
        component=component,
        own=own,
        running=(*containers, *native),
        env=env,
        own_ports=listening_ports(maker.key.name, {name: one.value for name, one in env.items()}),
        sidecar=is_injected(state.mesh, state.namespace_labels, template, labels),
    )


def occupied_port(container: Part) -> int | None:
    """Return the port at which a container beside the component listens by the contract of its image.

    None where its image is not known to listen at any.
    """
    if image_name(container.value) not in {APP, ANALYTICS}:
        return None
    ports = (one["value"] for one in container["env"].items() if one["name"].value == "PORT")
    value = next(ports, None)
    if value is None:
        return PAGE_PORT
    return int(value.value) if isinstance(value.value, str) and is_port(value.value) else None

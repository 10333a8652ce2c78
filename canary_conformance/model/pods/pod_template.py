"""The pods that a Deployment, StatefulSet or DaemonSet makes, as they are written, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.model.pods.component import (
    component_index,
    component_name,
    declared_ports,
    image_name,
)
from canary_conformance.model.pods.container_environment import EnvVar, environment
from canary_conformance.model.pods.injection import is_injected
from canary_conformance.scenario.application import Application, ContainerFacts

_ALWAYS = "Always"


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """A workload's pods: what makes them, its parts, and what the application's contract says of them.

    `component` is what runs there ("" for none), `own` the component's container (absent in pods without one)
    with its variables `env`; `own_ports` are the ports at which it listens, None when the contract does not
    name them. `running` are all containers that run beside each other. `sidecar`: whether Istio injects one.
    """

    application: Application
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
        return name if name in self.application.components else ""

    @property
    def facts(self) -> ContainerFacts | None:
        """What the component's container needs; None for pods of no component."""
        return self.application.container(self.component, self.labels.get("version", ""))

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
    application, name = state.application, state.application.named(maker.key.name)
    component = component_name(application, maker.key.name, labels)
    index = component_index(application, [part.value for part in containers], component, maker.key.name)
    own = spec["none"] if index is None else containers[index]
    env = environment(own, state, spec, maker)
    native = (part for part in spec["initContainers"].items() if part["restartPolicy"].value == _ALWAYS)
    # Kubernetes, "Sidecar Containers": an init container that restarts always runs beside the others.
    return PodTemplate(
        application=application,
        maker=maker,
        whole=whole,
        spec=spec,
        annotations=template.at("metadata", "annotations"),
        labels=labels,
        component=component,
        own=own,
        running=(*containers, *native),
        env=env,
        own_ports=application.listening_ports(name.component, name.version, values_of(env)) if name else None,
        sidecar=is_injected(state.mesh, state.namespace_labels, template, labels),
    )


def values_of(env: Mapping[str, EnvVar]) -> Mapping[str, str | None]:
    """Return the values of variables, None for those that the manifests do not state."""
    return {name: one.value for name, one in env.items()}


def occupied_ports(application: Application, container: Part) -> frozenset[int]:
    """Return the ports at which a container beside the component listens by the contract of its image.

    None where its image is not known to listen at any.
    """
    written = {one["name"].text(): one["value"].value for one in container["env"].items()}
    settings = {name: value if isinstance(value, str) else None for name, value in written.items()}
    return application.listening_ports(image_name(container.value), "", settings) or frozenset()

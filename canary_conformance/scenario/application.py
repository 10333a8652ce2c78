"""The application that a scenario deploys, as far as its manifests do not describe it.

Kubernetes and Istio do not know what a container does once it runs. The model asks here which workload runs
which component, where a component listens, which paths it answers, which settings it refuses and which other
services it calls. One application implements it (canary_conformance.voting.voting_app); everything below
receives it as a value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from canary_conformance.scenario.observations import Opening

_LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Callee:
    """A Service that a component calls, the Service's port, and whether it is called by HTTP."""

    service: str
    port: int
    http: bool


@dataclass(frozen=True, slots=True)
class RefusedValue:
    """A value of a variable with which a component ends as it starts, and why it does."""

    variable: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class WorkloadName:
    """What a workload runs by its name: the component, and the version ("1.0")."""

    component: str
    version: str


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """What a component's container needs and reads beside its contract, whatever image it runs.

    Attributes:
        images: the last parts of the names of images that are known to hold it.
        versions: the versions that it exists in; a tag among them states the image's version.
        least_memory: the limit of memory, as a quantity, with which it is known to run.
        starts_in: the seconds within which it is known to start.
        own_folders: where it writes beside its volumes, so that its root file system can't be read-only.
        user: the user who can read and write its files, None where any can.
        unclear: variables outside of the contract that change what it does.
        outlives: whether what it calls is replaced while it runs.
        words: variables whose other values end it as it starts, each with its values in small letters.
    """

    images: frozenset[str]
    versions: frozenset[str]
    least_memory: str
    starts_in: float
    own_folders: tuple[str, ...] = ()
    user: int | None = None
    unclear: frozenset[str] = frozenset()
    outlives: bool = False
    words: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)


class Application(Protocol):
    """What the model and the runner ask of an application. Every answer is a fact of its contract."""

    @property
    def components(self) -> Collection[str]:
        """The names of all components, which are also their labels `app` and the names of their images."""

    @property
    def entry(self) -> Callee:
        """The Service to which the ingress leads."""

    @property
    def canary_cookie(self) -> str:
        """The raw Cookie header with which a user opens the canary."""

    @property
    def image_prefix(self) -> str:
        """The beginning of the images whose every path and port is known; of others only the contract is."""

    @property
    def alive_path(self) -> str:
        """The path that a component answers whether or not what it calls answers."""

    def named(self, workload: str) -> WorkloadName | None:
        """Return the component and version that a workload's name states; None for any other name."""

    def listening_ports(
        self, component: str, version: str, settings: Mapping[str, str | None]
    ) -> frozenset[int] | None:
        """Return the ports at which a component listens.

        Args:
            component: Any name, also of no component.
            version: Its version, "" where that is not known.
            settings: The variables of its container; None for a value that the manifests do not state.

        Returns:
            The ports; None where the contract does not state them.
        """

    def possible_ports(self, component: str) -> frozenset[int]:
        """Return every port at which any version of a component listens; empty for no component."""

    def paths(self, component: str) -> Collection[str] | None:
        """Return the paths that the own image answers to GET with 200; None for a component without HTTP."""

    def port_settings(self, component: str, version: str) -> Sequence[str]:
        """Return the variables whose values a component reads as port numbers when it starts."""

    def refused_values(self, component: str, version: str) -> Sequence[RefusedValue]:
        """Return values with which a component does not start."""

    def container(self, component: str, version: str) -> ContainerFacts | None:
        """Return what the container of a component's version needs; None for no component."""

    def callees(self, component: str, version: str) -> Sequence[Callee]:
        """Return what a version of a component may call; empty for one that may call nothing."""

    def opening(self, component: str, host: str, port: int, *, at_pod: bool = False) -> Opening:
        """Return how a plaintext client opens a connection to a component.

        Args:
            component: The component, or the Service of that name.
            host: What the client calls.
            port: The port there.
            at_pod: Whether it is a pod's own port, which unlike a Service's states who listens behind it.
        """


def is_port(text: str) -> bool:
    """Return whether the value of a variable is the number of a port."""
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= _LARGEST_PORT

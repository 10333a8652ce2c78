"""The scenario's first Gateway: every way in is tried before it, and the suite's own is made after it."""

from __future__ import annotations

from collections.abc import Callable

from canary_conformance.cluster.rollouts import KINDS
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.observations import Reply
from canary_conformance.scenario.stages import Apply
from canary_conformance.stages.closed_ingress import knock_everywhere
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest


def knock_before(
    namespace: NamespaceUnderTest,
    step: Apply,
    knocks: dict[str, Reply],
    pods_ready: Callable[[], None],
    manifest: Manifest,
) -> None:
    """Knock at every way in right before the first Gateway, with the pods ready that could answer by then.

    Args:
        namespace: Where the step is made.
        step: It applies the manifest.
        knocks: What becomes of the knocks; filled once.
        pods_ready: Waits for the pods of the step.
        manifest: The object that is applied next.
    """
    if manifest.ref.kind != "Gateway" or namespace.reached.opened or knocks:
        return
    objects = namespace.manifests.files[step.file]
    if not any(one.ref.kind in KINDS for one in objects[objects.index(manifest) :]):
        pods_ready()
    services, pods = (namespace.api.list("v1", kind, namespace.name) for kind in ("Service", "Pod"))
    application = namespace.setting.application
    listening = sorted({port for one in application.components for port in application.possible_ports(one)})
    gateway, unopened = namespace.mesh.gateway, namespace.unopened
    knocks.update(knock_everywhere(gateway, namespace.cluster, services, pods, listening, unopened))


def open_if_gateway(namespace: NamespaceUnderTest, step: Apply) -> None:
    """Make the suite's own Gateway after a step that brought the first; before, nothing opens the ingress."""
    kinds = {manifest.ref.kind for manifest in namespace.manifests.files[step.file]}
    if "Gateway" in kinds and not namespace.reached.opened:
        namespace.sentinel.create()
        namespace.reached.opened = True

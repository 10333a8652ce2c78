"""Whether the application's own pods are in the way of a look, where nothing else is known to be."""

from __future__ import annotations

from typing import TypeVar

from canary_conformance.cluster.container_exits import habits
from canary_conformance.cluster.pod_state import pod_troubles
from canary_conformance.errors import RequirementFailed
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest

Failure = TypeVar("Failure", bound=RequirementFailed)


def own_trouble(
    namespace: NamespaceUnderTest, seen: str, kind: type[Failure], stage: int | None = None
) -> Failure | None:
    """Return the failure of pods that by their own status can't be ready, None where all of them can.

    Args:
        namespace: The namespace under test, which nothing disturbed.
        seen: What could not be looked at, for the message.
        kind: What to return.
        stage: The stage that it is on its way into; the one that it is at by default.
    """
    for pod in namespace.api.list("v1", "Pod", namespace.name):
        for trouble in (*pod_troubles(pod), *habits([pod])):
            breaks = namespace.rules.broken.by_pods_until(stage or namespace.stage)
            return kind(f"{trouble.reason}; by it: {seen}", breaks=breaks, concerns=trouble.concerns)
    return None

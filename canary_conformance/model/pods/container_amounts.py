"""Requests that no ordinary node may have room for, and limits with which a component may not run.

Source: Kubernetes, "Resource Management for Pods and Containers" (a limit without a request is one, too; a
container above its limit of memory is killed). An ordinary cluster is what the suite itself requires of a
machine: 2 cores and 4 GiB, of which the mesh and the other pods have their part.
"""

from __future__ import annotations

from fractions import Fraction

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.quantities import amount

# What all pods of a workload may request together.
_ROOM = {"cpu": Fraction(1), "memory": Fraction(1024**3), "ephemeral-storage": Fraction(4 * 1024**3)}
# Less CPU lets probes and requests time out; less disk gets a pod evicted for its log.
_LEAST_CPU, _LEAST_DISK = Fraction(1, 20), Fraction(64 * 1024**2)


def check_amounts(container: Part, replicas: int, least_memory: str) -> None:
    """Note amounts of a container that may be too large or too small, as problems.

    Args:
        container: The container.
        replicas: How many pods have it.
        least_memory: The limit of memory with which it is known to run, "" where that is not known.
    """
    resources = container["resources"]
    for name, room in _ROOM.items():
        asked = resources["requests"][name] or resources["limits"][name]
        number = amount(asked.value)
        if number is not None and number * replicas > room:
            asked.problem(
                f"whether the nodes have room for {replicas} times {asked.value} is not in the manifests"
            )
    least = {"cpu": _LEAST_CPU, "memory": amount(least_memory), "ephemeral-storage": _LEAST_DISK}
    for name, enough in least.items():
        limit = resources["limits"][name]
        number = amount(limit.value)
        if number is not None and enough is not None and number < enough:
            limit.problem(f"whether it runs with so little {name} is not in the manifests")

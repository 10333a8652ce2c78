"""What the API server refuses in an object's metadata that was copied from a running cluster.

Sources: Kubernetes, "API Concepts" (resource versions), "Server-Side Apply" (managedFields has to be left
out) and the reference of ObjectMeta. A uid makes an apply a conflict where there is no object of that uid,
and where there is one the cluster chose its uid itself. A resourceVersion is refused on creation, by `kubectl
apply` (resourceVersion should not be set on objects to be created), and on a change it is of another object's
life. The rest of what a dump has (creationTimestamp, generation, selfLink, status) is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem

_DUMPED = "the object was copied from a running cluster"


def metadata(whole: Node) -> Iterator[Problem]:
    """Yield what only a cluster may write, and refuses from anybody else."""
    part = whole["metadata"]
    if part["uid"].text:
        yield part["uid"].problem(
            f"no object has this uid, so that it can't be created: {_DUMPED}; leave uid out"
        )
    if part["resourceVersion"].text:
        told = "is refused on an object to be created"
        yield part["resourceVersion"].problem(f"{told}: {_DUMPED}; leave resourceVersion out")
    if part["managedFields"].items():
        yield part["managedFields"].problem(f"must be absent in an apply: {_DUMPED}; leave managedFields out")

"""The names of a run in a cluster that others use: claimed before anything is made, cleared at the end.

Nothing is created where a namespace of these names exists and no run of this suite made it. What a dead run
of the same names left is removed once its Lease is taken over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import is_terminating
from canary_conformance.cluster.run_lease import RunLease
from canary_conformance.errors import BadInput
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.stages.cluster_objects import (
    check_not_others,
    delete_all,
    objects_of_cluster,
    wait_until_gone,
)
from canary_conformance.stages.owned_namespaces import (
    MADE_BY,
    apply_namespace,
    check_ours,
    remove_namespaces,
)
from canary_conformance.stages.run_names import RunNames

# Kubernetes, "Object Names and IDs": RFC 1123 label names.
LONGEST = 63


def check_free(
    api: Api, names: RunNames, written: str, manifests: ManifestFolder
) -> dict[str, dict[str, Any]]:
    """Return the namespaces of these names that the suite made.

    Raises:
        BadInput: A namespace or an object of the cluster is somebody else's, or the names are too long.
    """
    every = _every(names, written)
    if long := [name for name in every if len(name) > LONGEST]:
        raise BadInput(f"no namespace can be named {long[0]}: choose a shorter --namespace-prefix")
    found = check_ours(api, every)
    check_not_others(api, objects_of_cluster(api, manifests), names.suite)
    return found


def _every(names: RunNames, written: str) -> tuple[str, str, str]:
    return names.of(written), names.ingress, names.suite


@contextmanager
def claimed_namespaces(
    api: Api, names: RunNames, written: str, manifests: ManifestFolder, run: str, progress: Progress
) -> Iterator[RunLease]:
    """Yield the Lease on the names of a run; at the end all that was made under them is removed.

    Args:
        api: The cluster's API server.
        names: The names.
        written: The namespace of the scenario as it is written.
        manifests: They may have objects of the cluster.
        run: The word of the run: see RunLease.
        progress: What reports how far it is.

    Raises:
        BadInput: A namespace or an object of the cluster is somebody else's, another run has the names, or
            they are too long.
        EnvironmentFailed: What a dead run left can't be removed.
    """
    of_cluster = objects_of_cluster(api, manifests)
    found = check_free(api, names, written, manifests)
    left, lease = found.get(names.suite), RunLease(api, names.suite, run)
    if left is not None and not is_terminating(left):
        # That of a dead run is taken over, so that no other removes the same at the same time.
        lease.acquire()
        lease.stop()
    remove_namespaces(api, _every(names, written), progress)
    apply_namespace(api, names.suite, {"istio-injection": "disabled", MADE_BY: names.suite})
    lease = RunLease(api, names.suite, run)
    lease.acquire()
    try:
        delete_all(api, of_cluster, names.suite)
        wait_until_gone(api, of_cluster, names.suite)
        yield lease
    finally:
        lease.stop()
        remove_claimed(api, names, written, manifests, run, progress)


def remove_claimed(
    api: Api, names: RunNames, written: str, manifests: ManifestFolder, run: str, progress: Progress
) -> None:
    """Remove all that was made under the names of a run where it still has them; see claimed_namespaces."""
    if RunLease(api, names.suite, run).is_held():
        of_cluster = objects_of_cluster(api, manifests)
        delete_all(api, of_cluster, names.suite)
        remove_namespaces(api, _every(names, written), progress)
        wait_until_gone(api, of_cluster, names.suite)

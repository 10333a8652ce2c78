"""What dead runs left in a cluster that the suite did not make: found by its label, and removed (--clean).

A run is dead where its Lease was not renewed. It is taken over first, so that no run begins meanwhile.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import is_terminating
from canary_conformance.cluster.run_lease import RunLease
from canary_conformance.errors import BadInput
from canary_conformance.progress import Progress
from canary_conformance.stages.owned_namespaces import MADE_BY, remove_namespaces

FORBIDDEN, NOT_ALLOWED = 403, 405


def remove_dead_runs(api: Api, progress: Progress) -> list[str]:
    """Remove what dead runs left; return a line for each thing that was removed, and for each live run.

    Raises:
        BadInput: The namespaces of the cluster may not be listed, or a run of the same names has just begun.
        EnvironmentFailed: A namespace can't be removed.
    """
    try:
        found = api.list("v1", "Namespace", None, MADE_BY)
    except ApiException as error:
        if error.status != FORBIDDEN:
            raise
        raise BadInput("--clean needs the right to list namespaces in the whole cluster") from error
    namespaces: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in found:
        namespaces[_run_of(one)].append(one)
    of_cluster: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for run, thing in _labelled(api):
        of_cluster[run].append(thing)
    lines = []
    for run in dict.fromkeys((*namespaces, *of_cluster)):
        if alive := _alive(api, run, namespaces[run]):
            lines.append(f"left {run}: a run uses it now ({alive})")
            continue
        for version, kind, name in of_cluster[run]:
            api.delete(version, kind, name)
            lines.append(f"removed {kind}/{name}, left by a run that is dead")
        names = tuple(str(one["metadata"]["name"]) for one in namespaces[run])
        remove_namespaces(api, names, progress)
        lines += [f"removed namespace {name}, left by a run that is dead" for name in names]
    return lines


def _alive(api: Api, run: str, namespaces: list[dict[str, Any]]) -> str:
    """Return who uses the names of a run now, "" where nobody does; these are taken over then."""
    if not any(one["metadata"]["name"] == run and not is_terminating(one) for one in namespaces):
        return ""
    lease = RunLease(api, run, secrets.token_hex(3))
    if alive := lease.holder():
        return alive
    lease.acquire()
    lease.stop()
    return ""


def _labelled(api: Api) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Yield the objects of the cluster that runs made, by run: apiVersion, kind, name."""
    for version, kind, namespaced in api.kinds():
        if namespaced or kind == "Namespace":
            continue
        try:
            found = api.list(version, kind, None, MADE_BY)
        except ApiException as error:
            if error.status not in {FORBIDDEN, NOT_ALLOWED}:
                raise
            continue
        yield from ((_run_of(one), (version, kind, str(one["metadata"]["name"]))) for one in found)


def _run_of(item: dict[str, Any]) -> str:
    return str(item["metadata"]["labels"][MADE_BY])

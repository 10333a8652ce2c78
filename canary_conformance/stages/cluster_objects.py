"""Objects of the scenario that belong to the cluster, which no deleted namespace takes along.

A run makes them, so it removes them: those that are there at its start from a run that was ended, and those
that are left at its end. One of another's making is left alone, and refused before anything is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.scenario.kinds import CLUSTER_SCOPED, is_known
from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.stages.owned_namespaces import MADE_BY
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

_NAMESPACE = "Namespace"


def objects_of_cluster(api: Api, manifests: ManifestFolder) -> list[Manifest]:
    """Return each object of the cluster that the files have, once, the last first."""
    found = {one.ref: one for one in manifests.objects if is_of_cluster(api, one)}
    return list(reversed(found.values()))


def check_not_others(api: Api, objects: Iterable[Manifest], run: str) -> None:
    """Raise BadInput where one of the objects is there and no run of this name made it."""
    for one, item in _there(api, objects):
        if not _made_by(item, run):
            raise BadInput(
                f"{one.place}: {one.ref} exists in the cluster and this run did not make it: it would have "
                "to be changed and deleted. Remove it yourself, or choose another cluster."
            )


def left_of(api: Api, objects: Iterable[Manifest]) -> list[str]:
    """Return what there is of the objects."""
    return [str(one.ref) for one, _ in _there(api, objects)]


def delete_all(api: Api, objects: Iterable[Manifest], run: str) -> None:
    """Ask for the deletion of the objects that a run of this name made."""
    for one, item in _there(api, objects):
        if _made_by(item, run):
            api.delete(one.api_version, str(one.body["kind"]), one.ref.name)


def wait_until_gone(api: Api, objects: Iterable[Manifest], run: str) -> None:
    """Wait until the objects that a run of this name made are gone. Raises EnvironmentFailed."""
    objects = list(objects)
    try:
        wait_until(
            lambda: [str(one.ref) for one, item in _there(api, objects) if _made_by(item, run)],
            until=lambda left: not left,
            limit=LIMITS.objects_gone,
            what="the scenario's objects of the cluster are gone",
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late


def _made_by(item: Mapping[str, Any], run: str) -> bool:
    return bool((item["metadata"].get("labels") or {}).get(MADE_BY) == run)


def _there(api: Api, objects: Iterable[Manifest]) -> Iterator[tuple[Manifest, dict[str, Any]]]:
    for one in objects:
        try:
            item = api.get(one.api_version, str(one.body["kind"]), one.ref.name)
        except Refused:
            # Its kind went with the definition of it.
            continue
        if item is not None:
            yield one, item


def is_of_cluster(api: Api, manifest: Manifest) -> bool:
    """Return whether an object belongs to the cluster, the namespace under test not counted."""
    kind = str(manifest.body["kind"])
    if is_known(manifest.api_version, kind):
        return kind in CLUSTER_SCOPED and kind != _NAMESPACE
    try:
        return not api.resource(manifest.api_version, kind)[1]
    except Refused:
        # The cluster has no such kind, at least not yet; applying says so (R0.1).
        return False

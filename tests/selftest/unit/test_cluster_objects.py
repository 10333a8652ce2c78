"""Objects of the cluster that the scenario brings are removed by the run that made them, and no others."""

from pathlib import Path
from typing import Any, cast

import pytest

from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.errors import BadInput
from canary_conformance.scenario.manifests import ManifestFolder, parse_manifests
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.cluster_objects import (
    check_not_others,
    delete_all,
    left_of,
    objects_of_cluster,
    wait_until_gone,
)
from canary_conformance.stages.owned_namespaces import MADE_BY

TEXT = """\
apiVersion: v1
kind: Namespace
metadata: {name: voting}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "voting:reader"}
---
apiVersion: v1
kind: Service
metadata: {name: app}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
---
apiVersion: example.com/v1
kind: Gadget
metadata: {name: g}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "voting:reader"}
"""
RUN = "a-voting-conformance"
OURS, ANOTHER_RUNS, THEIRS = {MADE_BY: RUN}, {MADE_BY: "b-voting-conformance"}, {"team": "b"}


class Cluster:
    """An API server that holds these objects by kind; of Widgets it knows that they are the cluster's."""

    def __init__(self, **held: dict[str, str]) -> None:
        self.held = held
        self.deleted: list[str] = []

    def resource(self, _version: str, kind: str) -> tuple[str, bool]:
        if kind != "Widget":
            raise Refused(ObjectRef(kind, "?"), "no matches for kind")
        return "widgets", False

    def get(self, _version: str, kind: str, _name: str) -> dict[str, Any] | None:
        labels = self.held.get(kind)
        return None if labels is None else {"metadata": {"labels": labels}}

    def delete(self, _version: str, kind: str, name: str) -> bool:
        self.deleted.append(f"{kind}/{name}")
        return self.held.pop(kind, None) is not None


@pytest.fixture
def folder() -> ManifestFolder:
    parsed = parse_manifests(TEXT.encode(), "a.yaml", "voting")
    assert not parsed.findings
    return ManifestFolder(Path(), {"a.yaml": parsed.manifests})


def api_of(**held: dict[str, str]) -> Any:
    return cast(Any, Cluster(**held))


def test_the_clusters_own_are_found_once_and_the_last_first(folder: ManifestFolder) -> None:
    found = objects_of_cluster(api_of(), folder)
    assert [str(one.ref) for one in found] == ["Widget/w", "ClusterRole/voting:reader"]


def test_what_this_suite_made_is_deleted_and_gone(folder: ManifestFolder) -> None:
    api = api_of(ClusterRole=OURS, Widget=OURS)
    objects = objects_of_cluster(api, folder)
    check_not_others(api, objects, RUN)
    assert left_of(api, objects) == ["Widget/w", "ClusterRole/voting:reader"]
    delete_all(api, objects, RUN)
    wait_until_gone(api, objects, RUN)
    assert api.deleted == ["Widget/w", "ClusterRole/voting:reader"]


@pytest.mark.parametrize("labels", [THEIRS, ANOTHER_RUNS])
def test_what_another_made_is_refused_and_left_alone(folder: ManifestFolder, labels: dict[str, str]) -> None:
    api = api_of(ClusterRole=labels)
    objects = objects_of_cluster(api, folder)
    with pytest.raises(BadInput, match=r"a\.yaml:21: ClusterRole/voting:reader exists in the cluster"):
        check_not_others(api, objects, RUN)
    delete_all(api, objects, RUN)
    wait_until_gone(api, objects, RUN)
    assert api.deleted == []

"""Objects of the cluster that the scenario brings are removed by the run that made them, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from canary_conformance.cluster.apply_answers import FIELD_MANAGER, Refused
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

pytestmark = pytest.mark.selftest

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
OURS, THEIRS = [{"manager": FIELD_MANAGER}], [{"manager": "helm"}]


class Cluster:
    """An API server that holds these objects by kind; of Widgets it knows that they are the cluster's."""

    def __init__(self, **held: list[dict[str, str]]) -> None:
        self.held = held
        self.deleted: list[str] = []

    def is_namespaced(self, _version: str, kind: str) -> bool:
        if kind != "Widget":
            raise Refused(ObjectRef(kind, "?"), "no matches for kind")
        return False

    def get(self, _version: str, kind: str, _name: str) -> dict[str, Any] | None:
        managed = self.held.get(kind)
        return None if managed is None else {"metadata": {"managedFields": managed}}

    def delete(self, _version: str, kind: str, name: str) -> bool:
        self.deleted.append(f"{kind}/{name}")
        return self.held.pop(kind, None) is not None


@pytest.fixture
def folder() -> ManifestFolder:
    parsed = parse_manifests(TEXT.encode(), "a.yaml", "voting")
    assert not parsed.findings
    return ManifestFolder(Path(), {"a.yaml": parsed.manifests})


def api_of(**held: list[dict[str, str]]) -> Any:
    return cast(Any, Cluster(**held))


def test_the_clusters_own_are_found_once_and_the_last_first(folder: ManifestFolder) -> None:
    found = objects_of_cluster(api_of(), folder)
    assert [str(one.ref) for one in found] == ["Widget/w", "ClusterRole/voting:reader"]


def test_what_this_suite_made_is_deleted_and_gone(folder: ManifestFolder) -> None:
    api = api_of(ClusterRole=OURS, Widget=OURS)
    objects = objects_of_cluster(api, folder)
    check_not_others(api, objects)
    assert left_of(api, objects) == ["Widget/w", "ClusterRole/voting:reader"]
    delete_all(api, objects)
    wait_until_gone(api, objects)
    assert api.deleted == ["Widget/w", "ClusterRole/voting:reader"]


def test_what_another_made_is_refused_and_left_alone(folder: ManifestFolder) -> None:
    api = api_of(ClusterRole=THEIRS)
    objects = objects_of_cluster(api, folder)
    with pytest.raises(BadInput, match=r"a\.yaml:21: ClusterRole/voting:reader exists in the cluster"):
        check_not_others(api, objects)
    delete_all(api, objects)
    wait_until_gone(api, objects)
    assert api.deleted == []

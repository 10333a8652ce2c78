"""What a run leaves is looked for in the whole cluster where that is the suite's, else where it could be."""

from pathlib import Path
from typing import Any, cast

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, parse_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages.cluster_snapshot import compared, held_beside, remains
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.voting.voting_app import VOTING_APP

CLUSTER_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
"""
BEFORE = frozenset(
    {
        "Namespace voting: does not exist",
        "volumes claimed from it: none",
        "objects of the cluster that the manifests have: none",
    }
)


class Server:
    """An API server that lists nothing but volumes: whoever asks for more has asked too much."""

    def __init__(self, *there: str, claimed_from: str = "") -> None:
        self.there = there
        self.claimed_from = claimed_from

    def get(self, _: str, kind: str, __: str) -> dict[str, Any] | None:
        return {"metadata": {}} if kind in self.there else None

    def list(self, _: str, kind: str) -> list[dict[str, Any]]:
        assert kind == "PersistentVolume"
        claim = {"claimRef": {"namespace": self.claimed_from}}
        return [{"metadata": {"name": "pv"}, "spec": claim}] if self.claimed_from else []


@pytest.fixture
def setting() -> Setting:
    parsed = parse_manifests(CLUSTER_ROLE.encode(), "a.yaml", "voting")
    manifests = ManifestFolder(Path(), {"a.yaml": parsed.manifests})
    lease = cast(Any, object())
    return Setting(load_scenario(MANIFESTS), manifests, cast(Any, None), VOTING_APP, lease=lease)


def test_what_others_come_and_go_with_makes_no_difference(setting: Setting) -> None:
    assert held_beside(cast(Any, Server()), setting) == BEFORE
    assert held_beside(cast(Any, Server(claimed_from="others")), setting) == BEFORE
    assert remains(cast(Any, Server(claimed_from="others")), setting) == []
    assert "what could be the run's" in compared(setting)


@pytest.mark.parametrize(
    ("server", "state", "left"),
    [
        (Server("Namespace"), "Namespace voting: exists", "Namespace voting"),
        (Server(claimed_from="voting"), "volumes claimed from it: pv", "PersistentVolume pv"),
        (Server("ClusterRole"), "objects of the cluster that the manifests have: ClusterRole/reader",
         "ClusterRole/reader belongs to the cluster: the last stage has to delete it"),
    ],
)  # fmt: skip
def test_what_is_left_of_the_run_is_seen(setting: Setting, server: Server, state: str, left: str) -> None:
    assert state in held_beside(cast(Any, server), setting) - BEFORE
    assert remains(cast(Any, server), setting) == [left]

"""In a cluster of others the scenario has names of its own, and is refused before anything is made."""

from pathlib import Path
from typing import Any, cast

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.model.objects.mesh_profile import DEFAULT
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, parse_manifests
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE
from canary_conformance.settings import Source, read_source
from canary_conformance.stages.namespace_setting import Setting, in_shared_cluster, renaming_beside
from canary_conformance.stages.owned_namespaces import MADE_BY
from canary_conformance.stages.run_names import RunNames
from canary_conformance.voting.voting_app import VOTING_APP

NAMES = RunNames("team-a-")
NODE_PORT = """\
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}
"""
OF_CLUSTER = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
"""


def setting(source: Source, names: RunNames = NAMES) -> Setting:
    nothing = cast(Any, None)
    renaming = renaming_beside(nothing, nothing, source.scenario.namespace, names, own_ingress=False)
    return in_shared_cluster(nothing, source, VOTING_APP, names, renaming)


def source_of(text: str) -> Source:
    scenario = read_source(MANIFESTS, MANIFESTS / SCENARIO_FILE).scenario
    parsed = parse_manifests(text.encode(), "a.yaml", scenario.namespace)
    assert not parsed.findings
    return Source(scenario, ManifestFolder(Path(), {"a.yaml": parsed.manifests}), DEFAULT)


def test_names_begin_with_the_prefix_and_the_gateways_labels_stay() -> None:
    made = setting(read_source(MANIFESTS, MANIFESTS / SCENARIO_FILE))
    assert made.namespaces == ("team-a-voting", "team-a-voting-conformance")
    assert made.label == {MADE_BY: "team-a-voting-conformance"}
    (gateway,) = (one for one in made.manifests.objects if one.ref.kind == "Gateway")
    assert gateway.body["spec"]["selector"] == {"istio": "ingressgateway"}
    assert made.as_written("mtls/team-a-voting") == "mtls/voting"


def test_a_port_of_the_nodes_may_be_somebody_elses() -> None:
    with pytest.raises(BadInput, match=r"(?s)can't be judged in a cluster that others use.*a\.yaml:4"):
        setting(source_of(NODE_PORT))


def test_objects_of_the_cluster_are_fine_but_for_several_workers() -> None:
    assert setting(source_of(OF_CLUSTER)).manifests.objects
    with pytest.raises(BadInput, match="in several namespaces at once: leave -n out"):
        setting(source_of(OF_CLUSTER), RunNames("team-a-", "gw0"))


def test_workers_have_names_and_labels_of_their_own() -> None:
    names = RunNames("team-a-", "gw1")
    assert (names.suite, names.ingress) == (
        "team-a-voting-conformance-gw1",
        "team-a-voting-conformance-ingress-gw1",
    )
    assert names.suffix == "team-a-gw1"

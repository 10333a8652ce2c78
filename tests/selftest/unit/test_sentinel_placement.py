"""In which namespace the sentinel lives, by what the Sidecars of the manifests show."""

from dataclasses import replace
from typing import cast

import pytest

from canary_conformance.mesh.base import Mesh
from canary_conformance.mesh.propagation import KINDS_WITH_TOKEN
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import load_manifests, parse_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages.namespace_creation import kinds_with_token, namespace_shown_to_all
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.run_names import SUITE_NAMESPACE
from canary_conformance.voting.voting_app import VOTING_APP

SIDECAR = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: default}}
spec: {{egress: [{{hosts: [{hosts}]}}]}}
"""


class IstioSystem:
    root_namespace = "istio-system"


def home(*hosts: str) -> str:
    """Return where the sentinel lives beside a Sidecar that shows these hosts, none without hosts."""
    scenario = load_scenario(MANIFESTS)
    manifests = load_manifests(MANIFESTS, scenario)
    if hosts:
        quoted = ", ".join(f'"{host}"' for host in hosts)
        sidecar = parse_manifests(SIDECAR.format(hosts=quoted).encode(), "a.yaml", "voting").manifests
        manifests = replace(manifests, files={**manifests.files, "a.yaml": sidecar})
    return namespace_shown_to_all(Setting(scenario, manifests, cast(Mesh, IstioSystem()), VOTING_APP))


@pytest.mark.parametrize("hosts", [(), ("*/*",), ("./voting-app.voting.svc.cluster.local", "*/*")])
def test_the_suites_own_namespace_holds_it_where_nothing_hides_it(hosts: tuple[str, ...]) -> None:
    assert home(*hosts) == SUITE_NAMESPACE


@pytest.mark.parametrize("hosts", [("./*", "istio-system/*"), ("voting/*",)])
def test_the_pods_namespace_holds_it_where_only_that_is_shown(hosts: tuple[str, ...]) -> None:
    assert home(*hosts) == "voting"


def test_it_stays_where_it_is_where_no_namespace_is_shown_to_all() -> None:
    assert home("./voting-app.voting.svc.cluster.local", "istio-system/*") == SUITE_NAMESPACE


@pytest.mark.parametrize(
    ("spec", "kinds"),
    [
        ({"host": "voting-app"}, KINDS_WITH_TOKEN),
        ({"host": "*"}, {"VirtualService"}),
        ({"host": "*.internal"}, {"VirtualService"}),
        # No map: it is left to the API server.
        ([{"host": "*"}], KINDS_WITH_TOKEN),
    ],
)
def test_a_rule_for_any_host_takes_the_token_from_ours(spec: object, kinds: set[str]) -> None:
    manifests = load_manifests(MANIFESTS, load_scenario(MANIFESTS))
    file = "istio/step-2-update-and-add-routing-for-all-components.yaml"
    first, *others = manifests.files[file]
    assert first.ref.kind == "DestinationRule"
    body = {**first.body, "spec": spec}
    changed = replace(manifests, files={**manifests.files, file: (replace(first, body=body), *others)})
    assert kinds_with_token(changed) == kinds

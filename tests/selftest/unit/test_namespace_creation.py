"""Before a namespace is made: whose tokens its proxies are sure to show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary_conformance.mesh.propagation import KINDS_WITH_TOKEN
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.loading import load_scenario
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.stages.namespace_creation import kinds_with_token

pytestmark = pytest.mark.selftest


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

"""A counter that the mesh hides is asked for by the pods that need it, which is printed."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from canary_conformance.model.handshake_counters import PROXY_CONFIG, counts, with_counter
from canary_conformance.scenario.manifests import ManifestFolder, parse_manifests

COUNTER = "ssl.handshake"
PODS = {"app": "store", "version": "1.0"}
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  template:
    metadata:
      labels: {app: store, version: "VERSION"}ANNOTATIONS
    spec: {containers: []}
---
"""


def folder(version: str = "1.0", annotations: str = "") -> ManifestFolder:
    text = DEPLOYMENT.replace("NAME", "other").replace("VERSION", "2.0").replace("ANNOTATIONS", "")
    added = f"\n      annotations: {annotations}" if annotations else ""
    text += DEPLOYMENT.replace("NAME", "store").replace("VERSION", version).replace("ANNOTATIONS", added)
    parsed = parse_manifests(text.encode(), "a.yaml", "voting")
    assert not parsed.findings
    return ManifestFolder(Path(), {"a.yaml": parsed.manifests})


def rewritten(manifests: ManifestFolder) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    made = with_counter(manifests, cast(Any, None), PODS, COUNTER)
    found = [one.body["spec"]["template"]["metadata"] for one in made.manifests.objects]
    annotations = [one.get("annotations") or {} for one in found]
    return [json.loads(one.get(PROXY_CONFIG, "{}")) for one in annotations], made.diff()


def test_only_the_pods_that_need_it_ask_for_the_counter() -> None:
    configs, diff = rewritten(folder())
    assert configs == [{}, {"proxyStatsMatcher": {"inclusionSuffixes": [COUNTER]}}]
    asked = json.dumps(json.dumps(configs[1]))
    assert diff == (
        "--- a.yaml",
        "+++ a.yaml (for this mesh)",
        "@@ -15,0 +15 @@ Deployment/store spec.template.metadata.annotations",
        f"+{PROXY_CONFIG}: {asked}",
    )


def test_what_they_ask_for_already_stays() -> None:
    theirs = {"concurrency": 2, "proxyStatsMatcher": {"inclusionSuffixes": ["upstream_rq"]}}
    written = json.dumps({PROXY_CONFIG: json.dumps(theirs), "a": "b"})
    made = with_counter(folder(annotations=written), cast(Any, None), PODS, COUNTER)
    annotations = made.manifests.objects[1].body["spec"]["template"]["metadata"]["annotations"]
    matcher = {"inclusionSuffixes": ["upstream_rq", COUNTER]}
    assert json.loads(annotations[PROXY_CONFIG]) == {"concurrency": 2, "proxyStatsMatcher": matcher}
    assert annotations["a"] == "b"
    assert sum(line.startswith("-") for line in made.diff()) == 2


@pytest.mark.parametrize(
    "text", ['{"proxyStatsMatcher": {"inclusionSuffixes": ["handshake"]}}', "not: [closed", "a text"]
)
def test_pods_that_count_and_configurations_that_are_none_are_left_as_they_are(text: str) -> None:
    manifests = folder(annotations=json.dumps({PROXY_CONFIG: text}))
    assert with_counter(manifests, cast(Any, None), PODS, COUNTER).changes == ()


@pytest.mark.parametrize(
    ("config", "counted"),
    [
        (None, False),
        ({}, False),
        ({"proxyStatsMatcher": {"inclusionSuffixes": ["x"]}}, False),
        ({"proxyStatsMatcher": {"inclusionSuffixes": ["x", "ssl.handshake"]}}, True),
    ],
)
def test_a_mesh_counts_what_its_configuration_includes(config: object, *, counted: bool) -> None:
    assert counts(config, COUNTER) is counted

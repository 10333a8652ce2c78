"""What istioctl's outputs say, as they were seen."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.istioctl import FINDINGS, read_findings, read_proxy_status
from canary_conformance.mesh.revisions import revision_name, revisions
from canary_conformance.processes import Completed


def control_plane(*proxies: tuple[str, str]) -> str:
    """Return a control plane's answer: of each proxy its id and the status of its listeners."""
    listener = "type.googleapis.com/envoy.config.listener.v3.Listener"
    resources = [
        {"node": {"id": name}, "genericXdsConfigs": [{"typeUrl": listener, "configStatus": status}]}
        for name, status in proxies
    ]
    return json.dumps({"versionInfo": "1", "resources": resources}, indent=4)


def test_proxies_of_every_control_plane_are_looked_at() -> None:
    output = f"{control_plane(('a.voting', 'SYNCED'))}\n{control_plane(('b.voting', 'STALE'))}\n"
    assert read_proxy_status(output) == {"a.voting": [], "b.voting": ["Listener STALE"]}
    both = control_plane(("a.voting", "SYNCED"), ("c.voting", "NOT_SENT"))
    assert read_proxy_status(both) == {"a.voting": [], "c.voting": []}
    assert read_proxy_status("") == {}


def test_findings_are_read_and_a_clean_cluster_has_none() -> None:
    found = [{"code": "IST0102", "origin": "Namespace default", "message": "not enabled", "level": "Info"}]
    assert read_findings(Completed(FINDINGS, json.dumps(found))) == ["IST0102 Namespace default: not enabled"]
    assert read_findings(Completed(0, json.dumps(found))) == ["IST0102 Namespace default: not enabled"]
    assert read_findings(Completed(0, "\n✔ No issues found when checking the cluster.\n")) == []
    assert read_findings(Completed(0, "\n✔ No validation issues found when analyzing a.yaml.\n")) == []
    assert read_findings(Completed(0, "[]\n")) == []


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (FINDINGS, ""),
        (FINDINGS, "[]"),
        (FINDINGS, "✔ No issues found when checking the cluster."),
        (FINDINGS, "Error [IST0101] (VirtualService voting/gone) Referenced host not found"),
        (0, ""),
        (0, "Warning: the cluster could not be read"),
        (0, "[1, 2]"),
        (0, '[{"level": "Error"}]'),
    ],
)
def test_an_output_that_is_not_known_is_no_clean_cluster(code: int, output: str) -> None:
    with pytest.raises(NotJudged, match="istioctl"):
        read_findings(Completed(code, output))


def test_objects_of_a_revision_are_found_and_none_that_all_revisions_share() -> None:
    found: dict[str, list[dict[str, str] | None]] = {
        "Deployment": [
            {"istio.io/rev": "new", "operator.istio.io/component": "Pilot"},
            {"app": "other"},
            None,
        ],
        "ConfigMap": [{"istio.io/rev": "old", "operator.istio.io/component": "Pilot"}],
        "ServiceAccount": [{"istio.io/rev": "older", "operator.istio.io/component": "Base"}],
        "ValidatingWebhookConfiguration": [{"istio.io/rev": "tagged"}],
    }
    api = SimpleNamespace(
        list=lambda _, kind, *__: [
            {"metadata": {"name": "one", "labels": labels}} for labels in found.get(kind, ())
        ]
    )
    assert revisions(cast(Any, SimpleNamespace(api=api))) == {
        "new": ["Deployment one"],
        "old": ["ConfigMap one"],
        "tagged": ["ValidatingWebhookConfiguration one"],
    }


def test_a_versions_revision_can_be_part_of_a_name() -> None:
    assert revision_name("1.31.0+envoy1.40.0") == "1-31-0-envoy1-40-0"

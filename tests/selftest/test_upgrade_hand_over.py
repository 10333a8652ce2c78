"""What a store in memory had is added to what its successor was given meanwhile."""

from __future__ import annotations

import pytest

from fixtures.mesh.running import ProxyVersion
from fixtures.upgrade.hand_over import additions
from fixtures.upgrade.proxies import proxy_seen

pytestmark = pytest.mark.selftest


def test_counts_are_added_whether_numbers_or_fields_of_a_hash() -> None:
    assert additions({"votes": {"Cats": 2, "Dogs": 5}, "Birds": 1}) == [
        ("HINCRBY", "votes", "Cats", "2"),
        ("HINCRBY", "votes", "Dogs", "5"),
        ("INCRBY", "Birds", "1"),
    ]
    assert additions({}) == []


def test_a_proxy_is_what_its_envoy_says_and_its_pods_image() -> None:
    pod = {
        "metadata": {"name": "app-1", "labels": {"app": "voting-app", "version": "1.0"}},
        "spec": {
            "containers": [{"name": "voting-app", "image": "app"}],
            "initContainers": [{"name": "istio-proxy", "image": "localhost/proxyv2:1"}],
        },
    }
    seen = proxy_seen(pod, ProxyVersion("1.31.0", "1.40.0"), now=7.0)
    assert (seen.workload, seen.runs) == (
        "voting-app 1.0",
        "Istio 1.31.0, Envoy 1.40.0, image localhost/proxyv2:1",
    )

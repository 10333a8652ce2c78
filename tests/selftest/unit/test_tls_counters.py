"""Counters of real proxies, and what can't be compared or isn't counted."""

from typing import Any

import pytest

from canary_conformance.mesh.tls.envoy_config import DumpIncomplete
from canary_conformance.mesh.tls.tls_counters import (
    CounterReset,
    Traffic,
    inbound_ports,
    inbound_traffic,
    passthrough_traffic,
    server_handshakes,
)
from tests.selftest.dumps import dump

STORAGE = "outbound|6379|v1-0|voting-storage.voting.svc.cluster.local"

# The names that an Envoy 1.40 used when its statistics matcher included STATS_SUFFIXES. Two calls, and a
# third in plaintext, gave these numbers; those of the other listeners are made up, to be left out.
STATS = {
    "stats": [
        {"name": f"cluster.{STORAGE};.ssl.connection_error", "value": 0},
        {"name": f"cluster.{STORAGE};.ssl.handshake", "value": 2},
        {"name": "listener.0.0.0.0_15006.no_filter_chain_match", "value": 1},
        {"name": "listener.0.0.0.0_15006.ssl.connection_error", "value": 0},
        {"name": "listener.0.0.0.0_15006.ssl.handshake", "value": 2},
        {"name": "listener.127.0.0.1_15001.no_filter_chain_match", "value": 7},
        {"name": "listener.admin.no_filter_chain_match", "value": 9},
        {"histograms": {"supported_quantiles": [0, 50]}},
    ]
}


def clusters(name: str) -> dict[str, Any]:
    return dump(name, "clusters")


class TestTraffic:
    def test_requests_and_connections_passed_on_to_the_app_are_counted(self) -> None:
        assert inbound_traffic(clusters("stage-2-analytics-1-0"), 8080) == Traffic(1, 0, 26)
        assert inbound_traffic(clusters("stage-2-storage-1-0"), 6379) == Traffic(5, 0, 5)

    def test_the_ports_that_a_sidecar_serves(self) -> None:
        assert inbound_ports(clusters("stage-2-analytics-1-0")) == {8080}
        assert inbound_ports(clusters("stage-2-storage-1-0")) == {6379}

    def test_a_cluster_made_anew_starts_at_zero(self) -> None:
        before = inbound_traffic(clusters("stage-2-analytics-1-0"), 8080)
        after = inbound_traffic(clusters("stage-3-analytics-1-0"), 8080)
        assert after == Traffic(0, 0, 0)
        with pytest.raises(CounterReset, match="made anew"):
            after.since(before)

    def test_what_was_added_is_the_difference(self) -> None:
        assert Traffic(3, 1, 20).since(Traffic(1, 1, 5)) == Traffic(2, 0, 15)
        assert Traffic(3, 1, 20).since(Traffic(3, 1, 20)) == Traffic(0, 0, 0)

    def test_one_counter_that_went_back_is_enough(self) -> None:
        with pytest.raises(CounterReset):
            Traffic(3, 0, 4).since(Traffic(1, 0, 5))

    def test_a_port_that_is_not_served_is_an_error_and_not_zero(self) -> None:
        for port in (9999, 80):
            with pytest.raises(DumpIncomplete, match=f"port {port}"):
                inbound_traffic(clusters("stage-2-analytics-1-0"), port)

    def test_another_answer_is_no_list_of_clusters(self) -> None:
        with pytest.raises(DumpIncomplete, match="/clusters"):
            inbound_traffic({}, 8080)


class TestTlsStats:
    def test_handshakes_with_callers_are_counted_by_name(self) -> None:
        assert server_handshakes(STATS) == 2

    def test_what_the_mesh_does_not_count_is_none_and_not_zero(self) -> None:
        none: dict[str, Any] = {"stats": []}
        assert server_handshakes(none) is None


def test_what_comes_to_ports_without_a_service_is_counted_together() -> None:
    def host(requests: str) -> dict[str, Any]:
        return {"address": {}, "stats": [{"name": "rq_total", "value": requests}, {"name": "cx_total"}]}

    answer = {
        "cluster_statuses": [
            {"name": "InboundPassthroughCluster", "host_statuses": [host("2"), host("1")]},
            {"name": "inbound|8080||", "host_statuses": [host("7")]},
        ]
    }
    assert passthrough_traffic(answer) == Traffic(0, 0, 3)
    assert passthrough_traffic({"cluster_statuses": []}) == Traffic(0, 0, 0)

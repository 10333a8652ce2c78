"""What a cluster has beyond those of a plain mesh is named, with the cluster; what Istio writes is not."""

from typing import Any

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.foreign_clusters import RunningCluster, running_clusters

PAGE = "outbound|8080|v2-0|voting-app.voting.svc.cluster.local"
PROTOCOLS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
FILTERS = "type.googleapis.com/envoy.extensions.filters"
NO_LIMIT = {"max_connections": 4294967295, "max_requests": 4294967295, "track_remaining": True}
# As Istio 1.31 writes it, by a DestinationRule with all that one has.
PLAIN = {
    "name": PAGE,
    "type": "EDS",
    "alt_stat_name": f"{PAGE};",
    "eds_cluster_config": {"service_name": PAGE},
    "connect_timeout": "10s",
    "lb_policy": "LEAST_REQUEST",
    "circuit_breakers": {"thresholds": [NO_LIMIT]},
    "outlier_detection": {"consecutive_5xx": 5},
    "typed_extension_protocol_options": {
        PROTOCOLS: {"@type": "…", "common_http_protocol_options": {"max_requests_per_connection": 9}}
    },
    "filters": [
        {
            "name": "istio.metadata_exchange",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange"
            },
        }
    ],
    "transport_socket": {"name": "envoy.transport_sockets.tls"},
    "metadata": {},
}


def read(**changes: Any) -> tuple[RunningCluster, ...]:
    return running_clusters({"configs": [{"cluster": {**PLAIN, **changes}}]}, "voting")


def of_requests(*kinds: str) -> dict[str, Any]:
    filters = [{"name": kind, "typed_config": {"@type": f"{FILTERS}.http.{kind}"}} for kind in kinds]
    return {"typed_extension_protocol_options": {PROTOCOLS: {"http_filters": filters}}}


def test_a_cluster_of_a_plain_mesh_has_nothing_foreign() -> None:
    (found,) = read()
    assert (found.name, found.inbound, found.foreign) == (PAGE, False, ())
    (inbound,) = read(name="inbound|8080||", type="ORIGINAL_DST", upstream_bind_config={})
    assert (inbound.inbound, inbound.foreign) == (True, ())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lb_subset_config": {}}, f"lb_subset_config at the cluster {PAGE}"),
        ({"load_balancing_policy": {}}, f"load_balancing_policy at the cluster {PAGE}"),
        (
            {"circuit_breakers": {"thresholds": [NO_LIMIT, {"max_requests": 60}]}},
            f"max_requests 60 at the circuit breakers of the cluster {PAGE}",
        ),
        (
            {"circuit_breakers": {"per_host_thresholds": [{"max_connections": 1}]}},
            f"max_connections 1 at the circuit breakers of the cluster {PAGE}",
        ),
        (
            of_requests("lua.v3.Lua", "upstream_codec.v3.UpstreamCodec"),
            "lua.v3.Lua (envoy.extensions.filters.http.lua.v3.Lua) "
            f"at the HTTP filters of the cluster {PAGE}",
        ),
        (
            {"typed_extension_protocol_options": {"envoy.filters.network.redis_proxy": {}}},
            f"envoy.filters.network.redis_proxy at the cluster {PAGE}",
        ),
        (
            {"filters": [{"name": "slow", "typed_config": {"@type": f"{FILTERS}.network.wasm.v3.Wasm"}}]},
            f"slow (envoy.extensions.filters.network.wasm.v3.Wasm) at the cluster {PAGE}",
        ),
    ],
)
def test_what_a_filter_brought_into_a_cluster_is_foreign(changes: dict[str, Any], named: str) -> None:
    (found,) = read(**changes)
    assert [str(one) for one in found.foreign] == [named]


def test_clusters_of_other_namespaces_are_left_out_and_those_that_a_filter_made_are_not() -> None:
    assert read(name=PAGE.replace(".voting.", ".other."), lb_subset_config={}) == ()
    assert len(read(name="made-by-a-filter", lb_subset_config={})) == 1


def test_an_answer_without_clusters_is_no_plain_mesh() -> None:
    with pytest.raises(NotJudged, match="no clusters"):
        running_clusters({"configs": []}, "voting")

"""Where a client's traffic goes, from reduced dumps of real proxies (Istio 1.31) and twins made wrong."""

from typing import Any

import pytest

from canary_conformance.mesh.tls.envoy_config import read_config
from canary_conformance.mesh.tls.outbound_clusters import ClusterName, clusters_towards, outbound_cluster
from tests.selftest.dumps import Edit, dump, listener, part, routes

APP = "voting-app.voting.svc.cluster.local"
ANALYTICS = "voting-analytics.voting.svc.cluster.local"
STORAGE = "voting-storage.voting.svc.cluster.local"
ANALYTICS_IP = "10.96.112.121"
STORAGE_IP = "10.96.153.108"


def towards_analytics(edit: Edit, name: str = "stage-3-app-1-0") -> tuple[str, ...]:
    document = dump(name)
    edit(document)
    return clusters_towards(read_config(document), ANALYTICS, 8080, [ANALYTICS_IP])


class TestClustersTowards:
    def test_http_leads_where_the_route_of_the_host_leads(self) -> None:
        found = towards_analytics(lambda _: None)
        assert found == (f"outbound|8080|v1-1|{ANALYTICS}",)

    @pytest.mark.parametrize(
        ("proxy", "host", "port", "address", "clusters"),
        [
            # By the listener of the address; the source decides and not the port.
            ("stage-4-app-1-0", STORAGE, 6379, STORAGE_IP, [f"outbound|6379|v1-0|{STORAGE}"]),
            ("stage-4-app-1-0", STORAGE, 3306, STORAGE_IP, [f"outbound|6379|v1-0|{STORAGE}"]),
            ("stage-4-app-2-0", STORAGE, 6379, STORAGE_IP, [f"outbound|3306|v2-0|{STORAGE}"]),
            ("stage-4-app-2-0", STORAGE, 3306, STORAGE_IP, [f"outbound|3306|v2-0|{STORAGE}"]),
            # A source that no rule names reaches the whole Service.
            ("stage-3-analytics-1-0", STORAGE, 6379, STORAGE_IP, [f"outbound|6379||{STORAGE}"]),
            # A gateway leads to each subset that its routes name, and without a route nowhere.
            ("stage-4-ingressgateway", APP, 8080, "",
             [f"outbound|8080|v2-0|{APP}", f"outbound|8080|v1-0|{APP}"]),
            ("stage-4-ingressgateway", ANALYTICS, 8080, "", []),
            # Another port or address goes past the mesh.
            ("stage-3-app-1-0", STORAGE, 3306, STORAGE_IP, ["PassthroughCluster"]),
            ("stage-3-app-1-0", STORAGE, 6379, "10.96.0.99", ["PassthroughCluster"]),
        ],
    )  # fmt: skip
    def test_where_a_real_proxy_leads(
        self, proxy: str, host: str, port: int, address: str, clusters: list[str]
    ) -> None:
        found = clusters_towards(read_config(dump(proxy)), host, port, [address] if address else [])
        assert found == tuple(clusters)

    def test_weights_count_unless_they_are_zero_and_mirrors_count(self) -> None:
        def edit(document: dict[str, Any]) -> None:
            shares = [{"name": "a", "weight": 99}, {"name": "b", "weight": 1}, {"name": "c", "weight": 0}]
            routes(document, ANALYTICS)[0]["route"] = {
                "weighted_clusters": {"clusters": shares},
                "request_mirror_policies": [{"cluster": "d"}],
            }

        assert towards_analytics(edit) == ("a", "b", "d")

    def test_an_unknown_host_goes_past_the_mesh(self) -> None:
        def edit(document: dict[str, Any]) -> None:
            for config in part(document, "RoutesConfigDump")["dynamic_route_configs"]:
                hosts = config["route_config"]["virtual_hosts"]
                hosts[:] = [one for one in hosts if ANALYTICS not in one["domains"]]

        assert towards_analytics(edit) == ("PassthroughCluster",)

    def test_a_listener_of_the_very_address_comes_before_one_for_any(self) -> None:
        def edit(document: dict[str, Any]) -> None:
            own = {
                "name": "own",
                "address": {"socket_address": {"address": ANALYTICS_IP, "port_value": 8080}},
                "filter_chains": [
                    {
                        "filters": [
                            {"name": "envoy.filters.network.tcp_proxy", "typed_config": {"cluster": "own"}}
                        ]
                    }
                ],
            }
            listeners = part(document, "ListenersConfigDump")["dynamic_listeners"]
            listeners.append({"name": "own", "active_state": {"listener": own}})

        assert towards_analytics(edit) == ("own",)

    @pytest.mark.parametrize(
        ("domains", "wins"),
        [
            (["*", ANALYTICS], True),
            (["*.cluster.local", f"{ANALYTICS}:8080"], True),
            (["voting-analytics.*", "*.voting.svc.cluster.local"], True),
            (["*.cluster.local", "*.voting.svc.cluster.local"], True),
            (["*", "voting-analytics.*"], True),
            (["*", "*.example.com"], False),
        ],
    )
    def test_the_closest_domain_wins(self, domains: list[str], *, wins: bool) -> None:
        def edit(document: dict[str, Any]) -> None:
            hosts = [
                {"domains": [domain], "routes": [{"route": {"cluster": name}}]}
                for domain, name in zip(domains, ("other", "closest"), strict=True)
            ]
            config = part(document, "RoutesConfigDump")["dynamic_route_configs"][0]
            config["route_config"]["virtual_hosts"] = hosts

        assert towards_analytics(edit) == (("closest",) if wins else ("other",))

    def test_the_chain_with_the_longest_prefix_over_the_address_wins(self) -> None:
        def edit(document: dict[str, Any]) -> None:
            ranges = (("wide", "10.96.0.0", 16), ("narrow", ANALYTICS_IP, 32), ("else", "10.1.0.0", 16))
            listener(document, "0.0.0.0_8080")["filter_chains"] = [
                {
                    "filter_chain_match": {
                        "prefix_ranges": [{"address_prefix": start, "prefix_len": length}]
                    },
                    "filters": [
                        {"name": "envoy.filters.network.tcp_proxy", "typed_config": {"cluster": name}}
                    ],
                }
                for name, start, length in ranges
            ]

        assert towards_analytics(edit) == ("narrow",)

    def test_a_chain_for_the_tls_of_an_app_is_not_taken(self) -> None:
        def edit(document: dict[str, Any]) -> None:
            tls = {"transport_protocol": "tls"}
            listener(document, "0.0.0.0_8080")["filter_chains"][0]["filter_chain_match"] = tls

        assert towards_analytics(edit) == ("PassthroughCluster",)


def test_names_of_outbound_clusters_are_taken_apart() -> None:
    assert outbound_cluster(f"outbound|8080|v1-1|{ANALYTICS}") == ClusterName(8080, "v1-1", ANALYTICS)
    assert outbound_cluster(f"outbound|6379||{STORAGE}") == ClusterName(6379, "", STORAGE)
    for other in ("inbound|8080||", "PassthroughCluster", "outbound|http|v1|a", "outbound|1|2|3|4"):
        assert outbound_cluster(other) is None

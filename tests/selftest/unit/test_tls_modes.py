"""What two ends of a leg do, from reduced dumps of real proxies (Istio 1.31) and from twins made wrong."""

from typing import Any

import pytest

from canary_conformance.mesh.tls.envoy_config import DumpIncomplete, read_config
from canary_conformance.mesh.tls.tls_modes import Mode, client_tls, modes_text, server_tls
from tests.selftest.dumps import Edit, cluster, dump, endpoints, listener, part, routes

ANALYTICS = "voting-analytics.voting.svc.cluster.local"
STORAGE = "voting-storage.voting.svc.cluster.local"
ANALYTICS_IP = "10.96.112.121"
STORAGE_IP = "10.96.153.108"
PLAIN_CHAIN = {"filter_chain_match": {"destination_port": 8080, "transport_protocol": "raw_buffer"}}
OTHER_PORT = {"destination_port": 8081, "transport_protocol": "raw_buffer"}
PASSED = {"destination_port": 8080, "transport_protocol": "tls"}


class TestClientTls:
    def test_istio_mutual_is_mutual_tls_by_a_rule(self) -> None:
        (found,) = client_tls(read_config(dump("stage-3-app-1-0")), ANALYTICS, 8080, [ANALYTICS_IP])
        assert (found.subset, found.mode, found.automatic) == ("v1-1", Mode.MTLS, False)
        assert found.destination_rule == "voting-analytics/voting"
        assert [str(one.endpoint) for one in found.endpoints] == ["10.244.0.11:8080"]
        assert [str(peer) for peer in found.endpoints[0].peers] == [
            "spiffe://cluster.local/ns/voting/sa/default"
        ]

    def test_automatic_mutual_tls_depends_on_the_label_of_the_endpoint(self) -> None:
        document = dump("stage-2-app-1-0")
        labelled, bare = [one for one in endpoints(document) if _port(one) == 8080]
        del bare["metadata"]
        (found,) = client_tls(read_config(document), ANALYTICS, 8080, [ANALYTICS_IP])
        assert (found.mode, found.automatic, found.destination_rule) == (None, True, "-")
        assert [one.mode for one in found.endpoints] == [Mode.MTLS, Mode.HTTP]
        assert modes_text(found.modes) == "mTLS/HTTP"
        assert labelled["metadata"]

    def test_without_a_socket_it_is_plaintext(self) -> None:
        document = dump("stage-3-app-1-0")
        del cluster(document, f"outbound|8080|v1-1|{ANALYTICS}")["transport_socket"]
        (found,) = client_tls(read_config(document), ANALYTICS, 8080, [ANALYTICS_IP])
        assert found.modes == {Mode.HTTP}
        assert _client_mode(lambda socket: socket.update(name="raw_buffer")) == {Mode.HTTP}

    def test_without_the_workloads_certificate_it_is_no_mutual_tls(self) -> None:
        def simple(socket: dict[str, Any]) -> None:
            del socket["typed_config"]["common_tls_context"]["tls_certificate_sds_secret_configs"]

        def custom(socket: dict[str, Any]) -> None:
            secrets = socket["typed_config"]["common_tls_context"]["tls_certificate_sds_secret_configs"]
            secrets[0]["name"] = "kubernetes://somebody-elses"

        assert _client_mode(simple) == {Mode.TLS}
        assert _client_mode(custom) == {Mode.TLS}

    def test_a_socket_of_an_unknown_kind_is_not_judged(self) -> None:
        assert _client_mode(lambda socket: socket.update(name="envoy.transport_sockets.tap")) == frozenset()

    def test_a_cluster_that_only_the_route_names_is_unknown(self) -> None:
        document = dump("stage-3-app-1-0")
        routes(document, ANALYTICS)[0]["route"]["cluster"] = f"outbound|8080|v9|{ANALYTICS}"
        (found,) = client_tls(read_config(document), ANALYTICS, 8080, [ANALYTICS_IP])
        assert (found.known, found.endpoints, found.modes) == (False, (), frozenset())

    def test_a_cluster_without_endpoints_still_shows_what_it_would_do(self) -> None:
        (found,) = client_tls(read_config(dump("stage-4-app-2-0")), STORAGE, 3306, [STORAGE_IP])
        assert (found.known, found.endpoints) == (True, ())
        assert found.modes == {Mode.MTLS}

    def test_an_object_that_is_no_destination_rule_is_not_named(self) -> None:
        document = dump("stage-3-app-1-0")
        path = "/apis/networking.istio.io/v1/namespaces/voting/virtual-service/voting-analytics"
        metadata = cluster(document, f"outbound|8080|v1-1|{ANALYTICS}")["metadata"]
        metadata["filter_metadata"]["istio"]["config"] = path
        (found,) = client_tls(read_config(document), ANALYTICS, 8080, [ANALYTICS_IP])
        assert found.destination_rule == "-"


class TestServerTls:
    @pytest.mark.parametrize(
        ("name", "port", "accepted"),
        [
            ("stage-2-app-1-0", 8080, "mTLS/HTTP"),
            ("stage-2-storage-1-0", 6379, "mTLS/HTTP"),
            ("stage-3-app-1-0", 8080, "mTLS"),
            ("stage-3-storage-1-0", 6379, "mTLS"),
            ("stage-2-app-1-0", 9999, "mTLS/HTTP"),
            ("stage-3-app-1-0", 9999, "mTLS"),
        ],
    )
    def test_a_port_accepts_what_its_chains_accept(self, name: str, port: int, accepted: str) -> None:
        found = server_tls(read_config(dump(name)), port)
        assert str(found) == accepted
        assert found.strict == (accepted == "mTLS")
        assert [str(peer) for peer in found.peers] == ["prefix spiffe://cluster.local/"]

    @pytest.mark.parametrize(
        ("edit", "accepted"),
        [
            (lambda inbound: inbound["filter_chains"].append(PLAIN_CHAIN), "mTLS/HTTP"),
            (lambda inbound: inbound.update(default_filter_chain={}), "mTLS/HTTP"),
            (lambda inbound: inbound["filter_chains"].append({"filter_chain_match": OTHER_PORT}), "mTLS"),
            (lambda inbound: inbound["filter_chains"].append({"filter_chain_match": PASSED}), "mTLS/HTTP"),
            (lambda inbound: inbound.update(filter_chains=[]), "-"),
        ],
        ids=["a plain chain", "a plain default", "of another port", "TLS that is passed on", "no chain"],
    )
    def test_chains_beside_the_strict_ones(self, edit: Edit, accepted: str) -> None:
        assert _server_text(edit) == accepted

    def test_only_plain_chains_are_plaintext_whatever_the_other_ports_demand(self) -> None:
        def edit(inbound: dict[str, Any]) -> None:
            chains = inbound["filter_chains"]
            chains[:] = [one for one in chains if _chain_port(one) != 8080] + [PLAIN_CHAIN]

        assert _server_text(edit) == "HTTP"

    def test_tls_without_a_demand_for_a_certificate_is_not_mutual(self) -> None:
        def edit(inbound: dict[str, Any]) -> None:
            for chain in inbound["filter_chains"]:
                chain.get("transport_socket", {}).get("typed_config", {}).pop(
                    "require_client_certificate", None
                )

        assert _server_text(edit) == "TLS"


class TestIncompleteDumps:
    @pytest.mark.parametrize("kind", ["Bootstrap", "Clusters", "Listeners", "Routes"])
    def test_a_missing_section_is_an_error(self, kind: str) -> None:
        document = dump("stage-3-app-1-0")
        document["configs"].remove(part(document, f"{kind}ConfigDump"))
        with pytest.raises(DumpIncomplete, match=f"no {kind}ConfigDump"):
            read_config(document)

    def test_a_dump_without_endpoints_is_an_error_once_they_are_needed(self) -> None:
        document = dump("stage-3-app-1-0")
        document["configs"].remove(part(document, "EndpointsConfigDump"))
        config = read_config(document)
        assert server_tls(config, 8080).strict
        with pytest.raises(DumpIncomplete, match="include_eds"):
            client_tls(config, ANALYTICS, 8080, [ANALYTICS_IP])

    def test_a_gateway_has_no_inbound_listener(self) -> None:
        with pytest.raises(DumpIncomplete, match="no sidecar"):
            server_tls(read_config(dump("stage-3-ingressgateway")), 8080)

    def test_a_listener_that_is_only_warming_is_not_read(self) -> None:
        document = dump("stage-3-app-1-0")
        for one in part(document, "ListenersConfigDump")["dynamic_listeners"]:
            one["warming_state"] = one.pop("active_state")
        assert read_config(document).listeners == ()


def _client_mode(edit: Edit) -> frozenset[Mode]:
    document = dump("stage-3-app-1-0")
    edit(cluster(document, f"outbound|8080|v1-1|{ANALYTICS}")["transport_socket"])
    (found,) = client_tls(read_config(document), ANALYTICS, 8080, [ANALYTICS_IP])
    return found.modes


def _server_text(edit: Edit) -> str:
    document = dump("stage-3-app-1-0")
    edit(listener(document, "virtualInbound"))
    return str(server_tls(read_config(document), 8080))


def _chain_port(chain: dict[str, Any]) -> int | None:
    found: int | None = chain.get("filter_chain_match", {}).get("destination_port")
    return found


def _port(endpoint: dict[str, Any]) -> int:
    found: int = endpoint["endpoint"]["address"]["socket_address"]["port_value"]
    return found

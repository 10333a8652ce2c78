"""The table of stage 3 as the source prints it, and a row for each way in which a leg can be wrong."""

import json
from dataclasses import replace
from typing import Any

from canary_conformance.mesh.tls.envoy_config import EnvoyConfig, read_config
from canary_conformance.mesh.tls.tls_table import ServingPod, TlsLeg, TlsRow, TlsStatus, tls_row
from canary_conformance.mesh.tls.transport_sockets import PLAIN
from tests.selftest.dumps import dump

DOMAIN = "voting.svc.cluster.local"
ADDRESSES = {
    "voting-app": "10.96.131.249",
    "voting-analytics": "10.96.112.121",
    "voting-storage": "10.96.153.108",
}
PODS = {
    "10.244.0.8": ("voting-app", "1.0", "app-1-0"),
    "10.244.0.9": ("voting-app", "1.0", "app-1-0"),
    "10.244.0.10": ("voting-app", "1.0", "app-1-0"),
    "10.244.0.11": ("voting-analytics", "1.1", "analytics-1-1"),
    "10.244.0.6": ("voting-storage", "1.0", "storage-1-0"),
}
STRICT = [
    {
        "metadata": {"name": "default", "namespace": "voting", "creationTimestamp": "2026-11-22T10:08:40Z"},
        "spec": {"mtls": {"mode": "STRICT"}},
    }
]
ANALYTICS_V11 = f"outbound|8080|v1-1|voting-analytics.{DOMAIN}"

# The lines of the source, less the spaces between its columns, each with the client of its table.
SOURCE = f"""\
istio-ingressgateway voting-app.{DOMAIN}:8080 OK mTLS mTLS default/voting voting-app/voting
voting-app-1-0 voting-analytics.{DOMAIN}:8080 OK mTLS mTLS default/voting voting-analytics/voting
voting-app-1-0 voting-storage.{DOMAIN}:6379 OK mTLS mTLS default/voting voting-storage/voting
voting-analytics-1-1 voting-storage.{DOMAIN}:6379 OK mTLS mTLS default/voting voting-storage/voting"""


def edited(name: str, old: str, new: str) -> EnvoyConfig:
    """The proxy of a dump with one text replaced throughout, which must have been there."""
    text = json.dumps(dump(name))
    assert old in text
    return read_config(json.loads(text.replace(old, new)))


def without_socket(config: EnvoyConfig, name: str) -> EnvoyConfig:
    """The proxy with one cluster made plaintext, as trafficPolicy.tls DISABLE makes it."""
    assert config.cluster(name)
    clusters = [replace(one, socket=PLAIN) if one.name == name else one for one in config.clusters]
    return replace(config, clusters=tuple(clusters))


def workloads(stage: int = 3) -> list[ServingPod]:
    """The pods that serve; in stage 2 only the app and the storage are at hand."""
    return [
        ServingPod(
            f"{app}-{version}-{address.rpartition('.')[2]}",
            "voting",
            address,
            {"app": app, "version": version},
            read_config(dump(f"stage-{stage}-{name}")),
        )
        for address, (app, version, name) in PODS.items()
        if stage == 3 or name != "analytics-1-1"
    ]


def row(
    client: str,
    service: str,
    port: int = 8080,
    *,
    config: EnvoyConfig | None = None,
    servers: list[ServingPod] | None = None,
    policies: list[dict[str, Any]] | None = None,
    merged: dict[str, str] | None = None,
) -> TlsRow:
    leg = TlsLeg(f"voting-{client}" if client[0] == "a" else f"istio-{client}", f"{service}.{DOMAIN}", port)
    return tls_row(
        leg,
        config or read_config(dump(f"stage-3-{client}")),
        [ADDRESSES[service]],
        workloads() if servers is None else servers,
        policies=STRICT if policies is None else policies,
        root_namespace="istio-system",
        merged=merged or {},
    )


def mutual(one: TlsRow) -> bool:
    return (one.status, one.server, one.client) == (TlsStatus.OK, "mTLS", "mTLS")


def test_stage_3_prints_what_the_source_prints() -> None:
    rows = [
        row("ingressgateway", "voting-app"),
        row("app-1-0", "voting-analytics"),
        row("app-1-0", "voting-storage", 6379),
        row("analytics-1-1", "voting-storage", 6379),
    ]
    printed = [
        f"{one.leg.client} {one.leg.host}:{one.leg.port} {one.status} {one.server} {one.client} "
        f"{one.authn_policy} {one.destination_rule}"
        for one in rows
    ]
    assert printed == SOURCE.splitlines()
    assert all(map(mutual, rows))
    assert all(one.notes == () for one in rows)


def test_permissive_is_ok_and_yet_not_mutual() -> None:
    found = row(
        "app-1-0",
        "voting-storage",
        6379,
        config=read_config(dump("stage-2-app-1-0")),
        servers=workloads(2),
        policies=[],
    )
    assert (found.status, found.server, found.client) == (TlsStatus.OK, "mTLS/HTTP", "mTLS")
    assert (found.authn_policy, found.destination_rule, mutual(found)) == ("-", "-", False)


def test_a_rule_that_sets_no_tls_mode_is_not_named() -> None:
    """Its client does mutual TLS by itself, as all clients do before there is any rule."""
    config, before = read_config(dump("stage-3-app-1-0")), read_config(dump("stage-2-app-1-0"))
    by_itself = before.cluster(f"outbound|6379||voting-storage.{DOMAIN}")
    assert by_itself is not None
    assert by_itself.matches
    clusters = [
        replace(one, matches=by_itself.matches) if one.name == ANALYTICS_V11 else one
        for one in config.clusters
    ]
    found = row("app-1-0", "voting-analytics", config=replace(config, clusters=tuple(clusters)))
    assert (mutual(found), found.authn_policy, found.destination_rule) == (True, "default/voting", "-")


def test_a_plaintext_client_of_a_strict_server_is_a_conflict() -> None:
    config = without_socket(read_config(dump("stage-3-app-1-0")), ANALYTICS_V11)
    found = row("app-1-0", "voting-analytics", config=config)
    assert (found.status, found.server, found.client) == (TlsStatus.CONFLICT, "mTLS", "HTTP")
    assert found.notes == (
        f"{ANALYTICS_V11} to 10.244.0.11:8080 (voting-analytics-1.1-11): client HTTP, server mTLS",
    )
    assert not mutual(found)


def test_a_mutual_client_of_a_plaintext_server_is_a_conflict() -> None:
    without = [replace(one, config=None) for one in workloads()]
    found = row("app-1-0", "voting-analytics", servers=without)
    assert (found.status, found.server, found.client) == (TlsStatus.CONFLICT, "HTTP", "mTLS")


def test_one_plaintext_subset_of_two_is_a_conflict_with_its_name() -> None:
    new, old = (f"outbound|8080|{subset}|voting-app.{DOMAIN}" for subset in ("v2-0", "v1-0"))
    gateway = without_socket(read_config(dump("stage-4-ingressgateway")), new)
    others = [
        ServingPod(f"voting-app-2.0-{one}", "voting", f"10.244.0.{one}", {}, workloads()[0].config)
        for one in (13, 14, 15)
    ]
    found = row("ingressgateway", "voting-app", config=gateway, servers=[*workloads(), *others])
    assert found.client == "mTLS/HTTP"
    assert found.status is TlsStatus.CONFLICT
    assert len(found.notes) == 3
    assert all(note.startswith(new) for note in found.notes)
    assert old not in "".join(found.notes)


def test_a_plaintext_cluster_that_no_route_names_does_not_matter() -> None:
    config = without_socket(
        read_config(dump("stage-3-app-1-0")), f"outbound|6379|v1-0|voting-storage.{DOMAIN}"
    )
    assert mutual(row("app-1-0", "voting-analytics", config=config))
    assert not mutual(row("app-1-0", "voting-storage", 6379, config=config))


def test_one_replica_that_differs_is_a_conflict() -> None:
    servers = [replace(one, config=None) if one.address == "10.244.0.9" else one for one in workloads()]
    found = row("ingressgateway", "voting-app", servers=servers)
    assert (found.status, found.server) == (TlsStatus.CONFLICT, "mTLS/HTTP")
    assert len(found.notes) == 1
    assert "10.244.0.9:8080" in found.notes[0]


def test_the_policy_is_that_of_each_server() -> None:
    own = {
        "metadata": {"name": "app", "namespace": "voting"},
        "spec": {"selector": {"matchLabels": {"app": "voting-app"}}, "mtls": {"mode": "STRICT"}},
    }
    policies = [*STRICT, own]
    assert row("ingressgateway", "voting-app", policies=policies).authn_policy == "app/voting"
    assert row("app-1-0", "voting-analytics", policies=policies).authn_policy == "default/voting"


def test_a_source_that_no_rule_names_still_has_its_row() -> None:
    found = row("analytics-1-0", "voting-storage", 6379)
    assert mutual(found)
    assert found.destination_rule == "voting-storage/voting"


class TestUnknown:
    def test_without_a_route(self) -> None:
        found = row("ingressgateway", "voting-analytics")
        assert (found.status, found.server, found.client) == (TlsStatus.UNKNOWN, "-", "-")
        assert found.notes == (f"istio-ingressgateway has no route to voting-analytics.{DOMAIN}:8080",)

    def test_without_an_endpoint(self) -> None:
        found = row("app-2-0", "voting-storage", 3306, config=read_config(dump("stage-4-app-2-0")))
        assert (found.status, found.server, found.client) == (TlsStatus.UNKNOWN, "-", "mTLS")
        assert found.notes == (f"outbound|3306|v2-0|voting-storage.{DOMAIN}: no endpoint, client mTLS",)

    def test_while_one_subset_of_two_is_empty(self) -> None:
        gateway = read_config(dump("stage-4-ingressgateway"))
        new = f"outbound|8080|v2-0|voting-app.{DOMAIN}"
        left = tuple(one for one in gateway.endpoint_sets or () if one.name != new)
        found = row("ingressgateway", "voting-app", config=replace(gateway, endpoint_sets=left))
        assert (found.status, found.server, found.client) == (TlsStatus.UNKNOWN, "mTLS", "mTLS")
        assert found.notes == (f"{new}: no endpoint, client mTLS",)

    def test_past_the_mesh(self) -> None:
        found = row("app-1-0", "voting-storage", 3306)
        assert (found.status, found.client) == (TlsStatus.UNKNOWN, "HTTP")
        assert found.notes == ("PassthroughCluster: no endpoint, client HTTP",)

    def test_with_a_cluster_that_only_the_route_knows(self) -> None:
        config = edited("stage-3-app-1-0", f'"cluster": "{ANALYTICS_V11}"', '"cluster": "outbound|8080|v9|x"')
        found = row("app-1-0", "voting-analytics", config=config)
        assert (found.status, found.client) == (TlsStatus.UNKNOWN, "-")
        assert found.notes == (
            "outbound|8080|v9|x: routes lead to it, but the client's Envoy has no such cluster",
        )

    def test_with_an_endpoint_that_is_no_pod_of_the_service(self) -> None:
        found = row("app-1-0", "voting-analytics", servers=[])
        assert (found.status, found.server, found.client) == (TlsStatus.UNKNOWN, "-", "mTLS")
        assert found.notes[0].startswith(ANALYTICS_V11)
        assert "isn't among" in found.notes[0]


def test_a_rule_that_istio_merged_with_others_of_its_host_is_named_with_them() -> None:
    together = "voting-storage + voting-storage-tls/voting"
    found = row("app-1-0", "voting-storage", 6379, merged={"voting-storage/voting": together})
    assert (mutual(found), found.destination_rule) == (True, together)
    other = row("app-1-0", "voting-storage", 6379, merged={"voting-app/voting": "other/voting"})
    assert other.destination_rule == "voting-storage/voting"

"""Every way in from outside is knocked at before the Gateway exists (R1.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.base import Address, Cluster
from canary_conformance.cluster.host_reach import HostReach
from canary_conformance.cluster.kind import KindCluster
from canary_conformance.errors import NotJudged
from canary_conformance.mesh.base import Gateway
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.stages import closed_ingress

LISTENING = (8080, 6379, 3306)

GATEWAY = Gateway("n", "ingress", Address("192.0.2.1", 31080), {})
KIND = KindCluster("ours", cast(Any, None), HostReach("192.0.2.9"), reused=False)
ADDRESSES = [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "10.0.0.9"}]
NODE = {"status": {"addresses": ADDRESSES}}
BEHIND = Address("10.0.0.9", 31080)
RELAY = replace(GATEWAY, address=Address("127.0.0.1", 49153, behind=BEHIND))


def service(name: str, **port: int) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80, **port}]}}


def pod(*ports: Mapping[str, int], **spec: object) -> dict[str, Any]:
    owner = {"kind": "StatefulSet", "name": "storage", "controller": True}
    containers = [{"name": "redis", "ports": list(ports)}]
    return {
        "metadata": {"name": "storage-0", "ownerReferences": [owner]},
        "spec": {"containers": containers, **spec},
    }


@dataclass
class Nodes:
    """Knocks in a node, which end by the port; notes the addresses."""

    ends: Mapping[int, ReplyKind] = field(default_factory=dict)
    knocked: list[str] = field(default_factory=list)

    def knock(self, addresses: Sequence[Address]) -> Sequence[Reply]:
        self.knocked += map(str, addresses)
        return [Reply(self.ends.get(one.port, ReplyKind.REFUSED), b"", "", 0.0) for one in addresses]


class Unable(Nodes):
    """A node in which nothing can be run."""

    def knock(self, _: Sequence[Address]) -> Sequence[Reply]:
        raise NotJudged("nothing can be tried in the node")


def out_of_reach(nodes: Nodes) -> Cluster:
    """A kind cluster whose node's address has no route."""
    server = SimpleNamespace(list=lambda *_: [NODE])
    return cast(
        Cluster, SimpleNamespace(api=server, node_address=None, nodes=nodes, address_of=lambda *_: None)
    )


@pytest.fixture
def knocked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were knocked at."""
    urls: list[str] = []

    def knock(url: str) -> Reply:
        urls.append(url)
        return Reply(ReplyKind.REFUSED, b"", "", 0.0)

    monkeypatch.setattr(closed_ingress, "knock", knock)
    return urls


def test_the_ingress_alone_where_nothing_else_is_open(knocked: list[str]) -> None:
    seen = closed_ingress.knock_everywhere(
        GATEWAY, KIND, [service("app")], [pod({"containerPort": 6379})], LISTENING
    )
    assert list(seen) == ["ingress gateway"]
    assert knocked == [GATEWAY.url]


def test_ports_of_the_node_that_services_and_pods_open(knocked: list[str]) -> None:
    pods = [pod({"containerPort": 6379, "hostPort": 6380})] * 2
    opened = [service("app", nodePort=30080)]
    seen = closed_ingress.knock_everywhere(GATEWAY, KIND, opened, pods, LISTENING)
    names = ["Service/app port 30080 of the node", "StatefulSet/storage port 6380 of the node"]
    assert list(seen) == ["ingress gateway", *names]
    assert knocked == [GATEWAY.url, "http://192.0.2.9:30080/", "http://192.0.2.9:6380/"]


def test_external_addresses_and_load_balancers_without_a_port_of_the_node_count_too(
    knocked: list[str],
) -> None:
    opened = service("app")
    opened["spec"]["externalIPs"] = ["192.0.2.9", "198.51.100.7"]
    opened["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.5"}]}}
    seen = closed_ingress.knock_everywhere(GATEWAY, KIND, [opened], [], LISTENING)
    assert knocked == [GATEWAY.url, "http://192.0.2.9:80/", "http://203.0.113.5:80/"]
    assert seen["Service/app port 80 of 198.51.100.7"] is closed_ingress.UNREACHABLE


def test_a_sidecars_port_counts_too(knocked: list[str]) -> None:
    before = {"name": "helper", "restartPolicy": "Always", "ports": [{"containerPort": 1, "hostPort": 9000}]}
    closed_ingress.knock_everywhere(GATEWAY, KIND, [], [pod(initContainers=[before])], LISTENING)
    assert knocked == [GATEWAY.url, "http://192.0.2.9:9000/"]


def test_a_pod_on_the_nodes_network_is_asked_at_the_contracts_ports(knocked: list[str]) -> None:
    closed_ingress.knock_everywhere(GATEWAY, KIND, [], [pod(hostNetwork=True)], LISTENING)
    assert {"http://192.0.2.9:8080/", "http://192.0.2.9:6379/", "http://192.0.2.9:3306/"} < set(knocked)


OPENED = [service("app", nodePort=30080)]
ON_THE_NODE = [{**pod({"containerPort": 6379, "hostPort": 6380}), "status": {"hostIP": "10.0.0.9"}}]


def through_a_relay(monkeypatch: pytest.MonkeyPatch, ends: ReplyKind) -> None:
    monkeypatch.setattr(closed_ingress, "knock", lambda _: Reply(ends, b"", "", 0.0))


@pytest.mark.parametrize("seen", [one for one in ReplyKind if one is not ReplyKind.ANSWERED])
@pytest.mark.parametrize("inside", [ReplyKind.REFUSED, ReplyKind.RESET, ReplyKind.ANSWERED])
def test_what_a_silent_relay_stands_before_is_decided_in_the_node(
    monkeypatch: pytest.MonkeyPatch, seen: ReplyKind, inside: ReplyKind
) -> None:
    """It accepts what nobody listens to; and one that refuses by itself would hide an open port."""
    through_a_relay(monkeypatch, seen)
    nodes = Nodes({31080: inside})
    knocks = closed_ingress.knock_everywhere(RELAY, out_of_reach(nodes), [], [], LISTENING)
    assert closed_ingress.ways_in(knocks) == {"ingress gateway": str(inside)}
    assert nodes.knocked == [str(BEHIND)]


def test_an_answer_through_a_relay_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    through_a_relay(monkeypatch, ReplyKind.ANSWERED)
    knocks = closed_ingress.knock_everywhere(RELAY, out_of_reach(Unable()), [], [], LISTENING)
    assert closed_ingress.ways_in(knocks) == {"ingress gateway": "answered"}


@pytest.mark.parametrize("ends", [ReplyKind.REFUSED, ReplyKind.ANSWERED])
def test_ports_of_a_node_without_a_route_are_tried_in_the_node(
    monkeypatch: pytest.MonkeyPatch, ends: ReplyKind
) -> None:
    through_a_relay(monkeypatch, ReplyKind.RESET)
    nodes = Nodes({30080: ends})
    cluster = out_of_reach(nodes)
    knocks = closed_ingress.knock_everywhere(RELAY, cluster, OPENED, ON_THE_NODE, LISTENING)
    assert closed_ingress.ways_in(knocks) == {
        "ingress gateway": "refused",
        "Service/app port 30080 of the node": str(ends),
        "StatefulSet/storage port 6380 of the node": "refused",
    }
    assert nodes.knocked == ["10.0.0.9:31080", "10.0.0.9:30080", "10.0.0.9:6380"]


def test_an_external_address_is_tried_in_the_node_only_where_it_is_the_nodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cluster answers at any external address by itself, whether a network leads there or not."""
    through_a_relay(monkeypatch, ReplyKind.RESET)
    opened, nodes = service("app"), Nodes()
    opened["spec"]["externalIPs"] = ["10.0.0.9", "198.51.100.7"]
    knocks = closed_ingress.knock_everywhere(RELAY, out_of_reach(nodes), [opened], [], LISTENING)
    assert nodes.knocked == ["10.0.0.9:31080", "10.0.0.9:80"]
    with pytest.raises(NotJudged, match=r"Service/app port 80 of 198\.51\.100\.7: this machine can't reach"):
        closed_ingress.ways_in(knocks)


def test_where_nothing_can_be_tried_in_the_node_nothing_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    through_a_relay(monkeypatch, ReplyKind.RESET)
    cluster = out_of_reach(Unable())
    knocks = closed_ingress.knock_everywhere(RELAY, cluster, OPENED, [], LISTENING)
    with pytest.raises(NotJudged, match=r"ingress gateway, Service/app .*, and nothing can be tried in the"):
        closed_ingress.ways_in(knocks)
    with pytest.raises(NotJudged, match="nothing can be tried in the node"):
        closed_ingress.knock_until_closed(RELAY, cluster)


def test_the_ingress_is_closed_when_it_is_refused_in_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    through_a_relay(monkeypatch, ReplyKind.RESET)
    ends = iter([ReplyKind.ANSWERED, ReplyKind.RESET, ReplyKind.REFUSED])

    class Draining(Nodes):
        def knock(self, addresses: Sequence[Address]) -> Sequence[Reply]:
            return [replace(one, kind=next(ends)) for one in super().knock(addresses)]

    nodes = Draining()
    assert closed_ingress.knock_until_closed(RELAY, out_of_reach(nodes)).kind is ReplyKind.REFUSED
    assert nodes.knocked == [str(BEHIND)] * 3


PAGE_OF_APP = b"<div id=results>Cats: 0</div><div id=footer>host: app-1 | store: redis</div>"
NOT_FOUND = Reply(ReplyKind.ANSWERED, b"", "HTTP 404", 0.1)
THEIRS = Reply(ReplyKind.ANSWERED, b"<h1>Shop</h1>", "HTTP 200", 0.1)
OPEN = Reply(ReplyKind.ANSWERED, PAGE_OF_APP, "HTTP 200", 0.1)
SILENT = Reply(ReplyKind.RESET, b"", "reset", 0.1)
SHARED = replace(GATEWAY, shared=True)


def beside_others(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, before: Reply, now: Reply) -> Any:
    monkeypatch.setattr(closed_ingress, "knock", lambda _: now)
    return closed_ingress.ways_in(closed_ingress.knock_everywhere(gateway, KIND, [], [], LISTENING, before))


@pytest.mark.parametrize("gateway", [GATEWAY, SHARED])
@pytest.mark.parametrize("answer", [NOT_FOUND, THEIRS, SILENT])
def test_what_answered_before_the_scenario_may_answer_as_before(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, answer: Reply
) -> None:
    now = replace(answer, took=2.0)
    assert beside_others(monkeypatch, gateway, answer, now) == {"ingress gateway": "as before the scenario"}


@pytest.mark.parametrize("before", [NOT_FOUND, THEIRS, SILENT])
def test_a_page_of_the_app_is_an_open_way_in(monkeypatch: pytest.MonkeyPatch, before: Reply) -> None:
    assert beside_others(monkeypatch, SHARED, before, OPEN) == {"ingress gateway": "answered"}


def test_any_answer_of_a_gateway_of_ones_own_is_an_open_way_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert beside_others(monkeypatch, GATEWAY, SILENT, NOT_FOUND) == {"ingress gateway": "answered"}


@pytest.mark.parametrize(("before", "now"), [(NOT_FOUND, THEIRS), (SILENT, NOT_FOUND), (THEIRS, SILENT)])
def test_what_others_may_have_changed_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, before: Reply, now: Reply
) -> None:
    with pytest.raises(NotJudged, match=r"ingress gateway: it .* before the scenario, and others may have"):
        beside_others(monkeypatch, SHARED, before, now)


@pytest.mark.parametrize("before", [NOT_FOUND, SILENT])
def test_nothing_that_listens_is_closed_whatever_was_before(
    monkeypatch: pytest.MonkeyPatch, before: Reply
) -> None:
    refused = Reply(ReplyKind.REFUSED, b"", "", 0.0)
    assert beside_others(monkeypatch, SHARED, before, refused) == {"ingress gateway": "refused"}

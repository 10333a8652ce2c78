"""What is open to others, and what leaves the machine, is seen and reported."""

import json
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from canary_conformance.cluster import network_audit
from canary_conformance.cluster.base import Cluster, Port
from canary_conformance.cluster.network_audit import Connections
from canary_conformance.cluster.network_exposure import COMMENT
from canary_conformance.cluster.nodes import KindNode
from canary_conformance.errors import EnvironmentFailed
from tests.selftest.support import Programs

INSIDE = ["172.18.0.0/16", "fc00:f853:ccd:e793::/64"]
COUNTED = f"1 60 RETURN all -- * * 0.0.0.0/0 172.18.0.0/16\n7 420 all -- * * 0.0.0.0/0 /* {COMMENT} */\n"


@pytest.fixture
def docker(programs: Programs) -> Programs:
    return programs


def publishing(docker: Programs, address: str) -> None:
    ports = {"6443/tcp": [{"HostIp": address, "HostPort": "37725"}], "80/tcp": None}
    network = {
        "IPAddress": "172.18.0.2",
        "IPPrefixLen": 16,
        "GlobalIPv6Address": "fc00:f853:ccd:e793::2",
        "GlobalIPv6PrefixLen": 64,
    }
    only_fourth = {
        "IPAddress": "172.19.0.2",
        "IPPrefixLen": 16,
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
    }
    settings = {"Ports": ports, "Networks": {"kind": network, "other": only_fourth}}
    docker.add("docker", f"echo '{json.dumps(settings)}'")


def test_the_ports_of_this_machine_that_lead_into_the_node(docker: Programs) -> None:
    publishing(docker, "127.0.0.1")
    opened = KindNode("ours").openings()
    (port,) = opened.ports
    assert port == Port("127.0.0.1", 37725, "6443/tcp")
    assert port.on_loopback
    assert opened.networks == ("172.18.0.0/16", "fc00:f853:ccd:e793::/64", "172.19.0.0/16")


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", "192.168.1.2"])
def test_a_port_that_others_reach_ends_the_run(docker: Programs, address: str) -> None:
    publishing(docker, address)
    with (
        pytest.raises(EnvironmentFailed, match=r"outside of this machine: .*:37725 -> 6443/tcp"),
        network_audit.only_inside(cast(Cluster, SimpleNamespace(nodes=KindNode("ours"))), []),
    ):
        pass


def test_ports_of_an_engine_on_another_host_are_not_this_machines(docker: Programs) -> None:
    inspected = 'exec cat "$0.json"; esac'
    settings = Path(docker.path.split(":")[0]) / "docker.json"
    ports = {"6443/tcp": [{"HostIp": "192.0.2.7", "HostPort": "37725"}]}
    settings.write_text(json.dumps({"Ports": ports, "Networks": {}}))
    docker.add("docker", f"case $1 in context) echo tcp://engine.example.test:2376;; *) {inspected}")
    header: list[str] = []
    with network_audit.only_inside(cast(Cluster, SimpleNamespace(nodes=KindNode("ours"))), header):
        pass
    assert header == [
        f"{network_audit.NOT_WATCHED}; the container engine is on another host, engine.example.test"
    ]


def test_counting_begins_at_nothing_and_changes_no_packet(docker: Programs) -> None:
    docker.add("docker")
    assert KindNode("ours").count_outbound(INSIDE) == 0
    rules = docker.calls()[-1]
    assert rules.count(f"--comment {COMMENT}") == 2
    assert rules.count("-A POSTROUTING -o eth0") == 2
    assert not {"DROP", "REJECT", "ACCEPT"} & set(rules.split())
    assert "iptables -w -t mangle -A VOTING-OUTBOUND -d 172.18.0.0/16 -j RETURN" in rules
    assert "ip6tables -w -t mangle -A VOTING-OUTBOUND -d fc00:f853:ccd:e793::/64 -j RETURN" in rules


def test_packets_of_both_families_are_summed(docker: Programs) -> None:
    docker.add("docker", f"printf '{COUNTED}{COUNTED}'")
    assert KindNode("ours").count_outbound(INSIDE) == 14


def test_a_node_without_the_programs_counts_nothing(docker: Programs) -> None:
    docker.add("docker", 'case "$*" in *-A*) exit 1;; esac')
    assert KindNode("ours").count_outbound(INSIDE) is None


def test_where_this_process_connects_to_is_noted() -> None:
    heard = Connections()
    heard.watch()
    heard.watch()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.connect(("192.0.2.7", 9))  # no packet is sent: a datagram socket only remembers the address
    with socket.socket(socket.AF_UNIX) as local, pytest.raises(FileNotFoundError):
        local.connect("/no/such/socket")
    assert heard.beyond(INSIDE) == ["192.0.2.7"]
    assert heard.beyond(["192.0.2.0/24"]) == []


@pytest.mark.parametrize(
    ("before", "after", "beyond", "words"),
    [
        (2, 2, [], "sent 0 packets beyond this machine"),
        (2, 5, [], "sent 3 packets"),
        (None, None, [], "an uncounted number of packets"),
        (0, None, [], "an uncounted number of packets"),
        (0, 0, [], "the cluster and nowhere else"),
        (0, 0, ["192.0.2.7"], "the cluster and to 192.0.2.7"),
    ],
)
def test_the_line_of_the_report(before: int | None, after: int | None, beyond: list[str], words: str) -> None:
    assert words in network_audit.audit_line(before, after, beyond)

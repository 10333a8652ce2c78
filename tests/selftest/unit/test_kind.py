"""A kind cluster that this suite did not make is left alone, whatever its name."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from canary_conformance.cluster import kind, kind_creation
from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Address
from canary_conformance.cluster.cluster_ownership import Claim, Record, claimed, folder_of, write_down
from canary_conformance.cluster.host_reach import FIRST_GATEWAY_PORT, HostReach, gateway_ports
from canary_conformance.cluster.kind import kind_cluster
from canary_conformance.cluster.kind_creation import create, kind_config
from canary_conformance.cluster.nodes import KindNode, Node, node_image_of, node_of
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.images.provisions import Provisions
from canary_conformance.images.versions import MeshVersion
from canary_conformance.progress import Progress
from tests.selftest.support import Programs


def provisions(kind: Path, *, own_network: bool = True) -> Provisions:
    return Provisions(
        source=ImagesFrom.BUILD,
        node_image="voting-conformance/node:key",
        node_contents=frozenset(),
        kind=kind,
        istioctl=Path("/istioctl"),
        kubectl=None,
        hub="localhost",
        tag="1.31.0",
        kubernetes_version="1.34.0",
        mesh_version=MeshVersion("1.31.0", None),
        own_network=own_network,
        etcd_version="3.6.0",
        coredns_image="localhost/coredns:1",
        caller_image="localhost/caller:1",
    )


def test_a_cluster_of_the_same_name_that_we_did_not_make_is_refused_and_not_touched(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add("docker", "echo kindest/node:v1.34.0 running 172.18.0.2")
    given = provisions(programs.add("kind"))
    with pytest.raises(BadInput) as refused:
        kind_cluster("theirs", given, tmp_path / "store", Progress(), keep=False).__enter__()
    for part in ("'theirs'", "kindest/node:v1.34.0", "--cluster-name", "kind delete cluster --name theirs"):
        assert part in str(refused.value)
    assert not any(call.startswith("kind") for call in programs.calls())
    assert not list(tmp_path.rglob("record.json")), "the next run would delete it as its own"
    assert not any(call.startswith("docker rm") for call in programs.calls())


def test_a_cluster_of_the_suites_images_that_no_run_recorded_is_left_alone(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add("docker", "echo voting-conformance/node:key running 172.18.0.2")
    with pytest.raises(BadInput, match="has no record of it"):
        kind_cluster("theirs", provisions(programs.add("kind")), tmp_path, Progress(), keep=False).__enter__()
    assert not any(call.startswith("docker rm") for call in programs.calls())


def test_no_node_is_no_cluster(programs: Programs) -> None:
    programs.add("docker", "echo 'No such object' >&2; exit 1")
    assert node_image_of("ours") is None
    (call,) = programs.calls()
    assert call.startswith("docker inspect ")
    assert call.endswith(" ours-control-plane")


def test_a_node_is_its_image_whether_it_runs_and_where(programs: Programs) -> None:
    programs.add("docker", "echo 'voting-conformance/node:key running 172.18.0.2'")
    assert node_of("ours") == Node("voting-conformance/node:key", True, "172.18.0.2")
    programs.add("docker", "echo 'voting-conformance/node:key exited '")
    assert node_of("ours") == Node("voting-conformance/node:key", False, "")


def test_a_node_made_here_brings_its_own_network_and_images() -> None:
    config = kind_config(provisions(Path("/kind")), 1, "127.0.0.1", elsewhere=False)
    assert config["networking"] == {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": True}
    patches = config["kubeadmConfigPatches"]
    assert isinstance(patches, list)
    cluster, kubelet, init = (yaml.safe_load(patch) for patch in patches)
    assert kubelet["cgroupDriver"] == "cgroupfs"
    assert cluster["imageRepository"] == "localhost"
    assert cluster["etcd"] == {"local": {"imageTag": "3.6.0"}}
    assert "addon/coredns" in init["skipPhases"]


def test_a_released_node_is_left_as_it_is() -> None:
    config = kind_config(provisions(Path("/kind"), own_network=False), 1, "127.0.0.1", elsewhere=False)
    assert config["networking"] == {"apiServerAddress": "127.0.0.1"}
    assert "kubeadmConfigPatches" not in config


def test_a_port_of_the_node_is_mapped_for_each_gateway_and_the_engine_chooses_it() -> None:
    config = kind_config(provisions(Path("/kind")), 2, "::1", elsewhere=False)
    mappings = [
        {"containerPort": port, "hostPort": -1, "listenAddress": "::1"}
        for port in (FIRST_GATEWAY_PORT, FIRST_GATEWAY_PORT + 1)
    ]
    assert config["nodes"] == [{"role": "control-plane", "extraPortMappings": mappings}]


def test_an_engine_elsewhere_also_chooses_the_port_of_the_api_server() -> None:
    config = kind_config(provisions(Path("/kind"), own_network=False), 1, "192.0.2.7", elsewhere=True)
    assert config["networking"] == {"apiServerAddress": "192.0.2.7", "apiServerPort": -1}


def test_where_kind_can_not_create_the_cluster_its_last_lines_are_the_message(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add("docker", "case $1 in inspect) exit 1;; esac")
    program = programs.add("kind", 'case $1 in create) echo "ERROR: no room for nodes" >&2; exit 1;; esac')
    with claimed("ours", tmp_path) as claim:
        write_down(claim, keep=False)
        with pytest.raises(EnvironmentFailed) as failed:
            create(claim, provisions(program), gateways=1)
    assert (
        str(failed.value)
        == "kind could not create cluster ours; its output ends with:\n  ERROR: no room for nodes"
    )


class Server:
    """An API server whose system namespace records what was applied there; notes what is applied now."""

    def __init__(self, applied: str) -> None:
        self.applied: list[str] = []
        self._annotations = {kind.APPLIED: applied}

    def get(self, _: str, what: str, name: str) -> Mapping[str, Any]:
        assert (what, name) == ("Namespace", "kube-system")
        return {"metadata": {"name": name, "annotations": self._annotations}}

    def apply(self, body: Mapping[str, Any], _: str | None) -> None:
        self.applied.append(f"{body['kind']}/{body['metadata']['name']}")


def test_a_kept_cluster_with_another_dns_is_not_reused_and_a_new_one_gets_the_current(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add("docker")
    given, server = provisions(tmp_path), Server("an older version's")
    kept = kind.KindCluster("ours", cast(Api, server), HostReach("172.18.0.2"), reused=True)
    with pytest.raises(EnvironmentFailed, match="not those of this version"):
        kind._apply_platform(kept, given, limit=1)
    assert server.applied == []
    kind._apply_platform(replace(kept, reused=False), given, limit=1)
    assert server.applied[-1] == "Namespace/kube-system"
    assert "Deployment/coredns" in server.applied


@pytest.mark.parametrize(("routed", "ports"), [(True, 0), (False, 2), (False, 1)])
def test_a_kept_cluster_is_reused_where_all_gateways_are_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, routed: bool, ports: int
) -> None:
    """One that was made where there was a route, by an earlier version, may have no ports mapped."""
    mapped = {
        port: Address("127.0.0.1", 40000 + port, behind=Address("172.18.0.2", port))
        for port in gateway_ports(ports)
    }
    made: list[int] = []
    fails = not routed and ports < 2
    reaches = [HostReach("172.18.0.2", routed, mapped), HostReach("172.18.0.2", True)]
    monkeypatch.setattr(kind, "_api_of", lambda _: object())
    monkeypatch.setattr(kind, "_get_ready", lambda *_: None)
    monkeypatch.setattr(kind, "reach_of", lambda *_: reaches.pop(0))
    monkeypatch.setattr(KindNode, "openings", lambda _: None)
    monkeypatch.setattr(kind, "node_of", lambda _: Node("voting-conformance/node:key", True, "172.18.0.2"))
    monkeypatch.setattr(kind, "contents_of", lambda _: [frozenset()])
    monkeypatch.setattr(kind, "remove_nodes", lambda _: True)
    monkeypatch.setattr(kind_creation, "create", lambda _, __, gateways: made.append(gateways))
    folder = folder_of("ours", tmp_path)
    folder.mkdir(parents=True)
    (folder / "kubeconfig").touch()
    claim = Claim("ours", folder, mine=True, before=Record("1-1", "2026-11-30", keep=True))
    said: list[str] = []
    cluster = kind.ensure_cluster(claim, provisions(Path("/kind")), Progress(said.append), gateways=2)
    assert cluster.reused is not fails
    assert made == ([2] if fails else [])
    assert ("this machine has no route to the node's address 172.18.0.2" in "\n".join(said)) is fails

"""The creation of a kind cluster, through pytest-kind."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import threading
from pathlib import Path

import yaml
from pytest_kind import KindCluster

from canary_conformance.cluster.cluster_ownership import Claim
from canary_conformance.cluster.host_reach import gateway_ports
from canary_conformance.cluster.nodes import remove_nodes
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.engine_endpoint import endpoint, engine_host, listening_address
from canary_conformance.images.provisions import Provisions
from canary_conformance.process_owners import end_children
from canary_conformance.processes import last_lines
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

# By this number kind leaves the choice of a free port to the engine.
ENGINES_CHOICE = -1
# Ten looks in a row, a tenth of a second apart: the engine makes a container in less.
LOOKS_FOR_LATE_NODES = 10


def create(claim: Claim, provisions: Provisions, gateways: int) -> None:
    """Make the claimed cluster through pytest-kind.

    Raises:
        BadInput: The host of the container engine does not resolve.
        EnvironmentFailed: It can't be made; with kind's last lines.
    """
    folder = claim.folder
    log = folder / "kind.log"
    program = _logging(provisions.kind, log)
    # It makes a folder of its own where it stands.
    with contextlib.chdir(folder):
        kind = KindCluster(
            claim.name, folder / "kubeconfig", provisions.node_image, program, provisions.kubectl
        )
    config = folder / "kind.yaml"
    host = engine_host(endpoint())
    written = kind_config(provisions, gateways, listening_address(host), elsewhere=host is not None)
    config.write_text(yaml.safe_dump(written, sort_keys=False))
    (folder / "kubeconfig").unlink(missing_ok=True)
    (folder / "kubeconfig.discovery").unlink(missing_ok=True)
    # pytest-kind waits for kind as long as it takes, and kind for an engine that hangs.
    too_late = threading.Timer(LIMITS.cluster_create, end_children)
    too_late.start()
    try:
        kind.create(config)
    except subprocess.CalledProcessError as error:
        late = "" if too_late.is_alive() else f" within {LIMITS.cluster_create:g} s"
        end = f"its output ends with:\n{last_lines(log.read_text(errors='replace'))}"
        raise EnvironmentFailed(f"kind could not create cluster {kind.name}{late}; {end}") from error
    except BaseException:
        # kind is gone, but what it had just started goes on to make a node, a moment after it was looked for.
        end_children()
        _remove_late_nodes(kind.name)
        raise
    finally:
        too_late.cancel()


def kind_config(provisions: Provisions, gateways: int, listen: str, *, elsewhere: bool) -> dict[str, object]:
    """Return the kind configuration (kind: "Configuration").

    Nodes that were built here bring their own network and CoreDNS. kubeadm's certificate of the API server
    gets the address at which the engine listens for it by kind itself.

    Args:
        provisions: What the cluster is made from.
        gateways: How many ports of the node are mapped for ingress gateways.
        listen: The address at which the engine listens for mapped ports.
        elsewhere: Whether the engine is on another host, where kind can't look for a free port.
    """
    networking: dict[str, object] = {"apiServerAddress": listen}
    if elsewhere:
        networking["apiServerPort"] = ENGINES_CHOICE
    mappings = [
        {"containerPort": port, "hostPort": ENGINES_CHOICE, "listenAddress": listen}
        for port in gateway_ports(gateways)
    ]
    config: dict[str, object] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": networking,
        "nodes": [{"role": "control-plane", "extraPortMappings": mappings}],
    }
    if provisions.own_network:
        networking["disableDefaultCNI"] = True
        config["kubeadmConfigPatches"] = [
            yaml.safe_dump(
                {
                    "kind": "ClusterConfiguration",
                    "imageRepository": provisions.hub,
                    "etcd": {"local": {"imageTag": provisions.etcd_version}},
                }
            ),
            # As our node's containerd has it.
            yaml.safe_dump({"kind": "KubeletConfiguration", "cgroupDriver": "cgroupfs"}),
            # kubeadm's CoreDNS forwards to the engine's resolver, which asks CoreDNS; ours forwards nothing.
            yaml.safe_dump({"kind": "InitConfiguration", "skipPhases": ["preflight", "addon/coredns"]}),
        ]
    return config


def _logging(kind: Path, log: Path) -> Path:
    """Return a program that runs kind and writes its messages to a file.

    pytest-kind leaves them on the run's own standard error, where pytest hides them.
    """
    log.write_text("")
    program = log.with_name("kind")
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(kind))} "$@" 2>>{shlex.quote(str(log))}\n')
    program.chmod(0o755)
    return program


def _remove_late_nodes(name: str) -> None:
    with contextlib.suppress(NotInTime):
        wait_until(
            lambda: remove_nodes(name),
            until=lambda removed: not removed,
            times_in_a_row=LOOKS_FOR_LATE_NODES,
            limit=LIMITS.cluster_delete,
            what=f"no node of cluster {name} is made any more",
        )

"""A kind cluster made by plain kind commands, whose API server writes an audit log to this machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.kind import PLATFORM
from canary_conformance.cluster.kind_creation import ENGINES_CHOICE, kind_config
from canary_conformance.cluster.nodes import remove_nodes
from canary_conformance.images.pins import numbers_of
from canary_conformance.images.provisions import Provisions
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS
from tools.access_roles import ACCOUNTS

LOOPBACK = "127.0.0.1"
# Kubernetes, "Auditing": who did what to which object; bodies, which may hold secrets, are not written.
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": [f"system:serviceaccounts:{ACCOUNTS}"]}, {"level": "None"}],
}
# A port of the node that leads to one of this machine's loopback, for a registry in it.
REGISTRY_PORT = 5000
_POLICIES, _LOGS = "/etc/kubernetes/audit-policy", "/var/log/kubernetes-audit"


@dataclass(frozen=True, slots=True)
class PlainCluster:
    """A cluster of kind's, with the folder of its files."""

    name: str
    folder: Path
    provisions: Provisions

    @property
    def admin(self) -> Path:
        """The kubeconfig of its administrator."""
        return self.folder / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """The audit log, a file of the node's that is mounted here."""
        return self.folder / "audit" / "audit.log"

    @property
    def node(self) -> str:
        """The name of its node's container."""
        return f"{self.name}-control-plane"

    def api(self) -> Api:
        """Return its API server as the administrator has it."""
        return Api(self.admin, f"kind-{self.name}", self.folder)

    def kubectl(self, *words: str | Path, feed: str = "") -> str:
        """Run kubectl as the administrator. Raises CommandFailed."""
        return run(
            [self.provisions.kubectl or "kubectl", "--kubeconfig", self.admin, *words],
            limit=LIMITS.cluster_create,
            feed=feed.encode(),
        )

    def create(self) -> None:
        """Make it, in place of one of the same name that was kept. Raises CommandFailed."""
        remove_nodes(self.name)
        for name in ("policy", "audit"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        (self.folder / "policy" / "policy.yaml").write_text(yaml.safe_dump(POLICY))
        config = self.folder / "kind.yaml"
        config.write_text(yaml.safe_dump(audited_config(self.provisions, self.folder), sort_keys=False))
        made_of = ("--image", self.provisions.node_image, "--config", str(config))
        where = ("--name", self.name, "--kubeconfig", str(self.admin))
        words = ("create", "cluster", *where, *made_of, "--wait", "120s")
        run([self.provisions.kind, *words], limit=LIMITS.cluster_create)
        text = PLATFORM.read_text().replace("COREDNS_IMAGE", self.provisions.coredns_image)
        if self.provisions.own_network:
            self.kubectl("apply", "--filename", "-", feed=text)
        self.kubectl("rollout", "status", "deployment/coredns", "--namespace", "kube-system")


def audited_config(provisions: Provisions, folder: Path) -> dict[str, Any]:
    """Return kind's configuration of a cluster on this suite's node, with an audit log (kind: "Auditing").

    Args:
        provisions: What the cluster is made from.
        folder: The folder of this machine that holds the policy and takes the log.
    """
    config: dict[str, Any] = kind_config(provisions, 0, LOOPBACK, elsewhere=False)
    config["nodes"][0]["extraPortMappings"].append(
        {"containerPort": REGISTRY_PORT, "hostPort": ENGINES_CHOICE, "listenAddress": LOOPBACK}
    )
    config["nodes"][0]["extraMounts"] = [
        {"hostPath": str(folder / "policy"), "containerPath": _POLICIES, "readOnly": True},
        {"hostPath": str(folder / "audit"), "containerPath": _LOGS},
    ]
    arguments = {"audit-policy-file": f"{_POLICIES}/policy.yaml", "audit-log-path": f"{_LOGS}/audit.log"}
    server = {
        "extraArgs": _extra_args(arguments, provisions.kubernetes_version),
        "extraVolumes": [
            {"name": "audit-policy", "hostPath": _POLICIES, "mountPath": _POLICIES, "readOnly": True},
            {"name": "audit-log", "hostPath": _LOGS, "mountPath": _LOGS},
        ],
    }
    patch = yaml.safe_dump({"kind": "ClusterConfiguration", "apiServer": server})
    config["kubeadmConfigPatches"] = [*config.get("kubeadmConfigPatches", ()), patch]
    return config


def _extra_args(arguments: Mapping[str, str], kubernetes: str) -> object:
    """Return arguments as kubeadm's configuration has them: kind writes v1beta4 from Kubernetes 1.36 on."""
    if numbers_of(kubernetes) >= (1, 36):
        return [{"name": name, "value": value} for name, value in arguments.items()]
    return dict(arguments)

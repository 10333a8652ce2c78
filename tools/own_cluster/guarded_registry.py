"""A registry that requires a login, in the node of a cluster: one address for this machine and the node.

It listens in the node; a port of this machine leads there, and in the node the same number does. An
engine and a containerd both use a registry at 127.0.0.1 without TLS (Docker: "Test an insecure registry").
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from canary_conformance.images.engine import docker
from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.paths import IMAGES
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import wait_until
from tools.own_cluster.plain_cluster import LOOPBACK, REGISTRY_PORT, PlainCluster

REGISTRY = GoPrograms("registry", IMAGES / "pulled/go/registry", target=".")
_PROGRAM = "/usr/local/bin/guarded-registry"


@dataclass(frozen=True, slots=True)
class GuardedRegistry:
    """A registry that runs: its address, and the folder whose config.json has the login, as Docker has it."""

    host: str
    logins: Path

    @property
    def config(self) -> Path:
        """The file with the login."""
        return self.logins / "config.json"


def start_registry(cluster: PlainCluster, store: Path, progress: Progress) -> GuardedRegistry:
    """Start a registry in the node of a cluster, with which it goes. Raises CommandFailed."""
    make_all([REGISTRY], store, progress)
    docker("cp", REGISTRY.folder(store) / "registry", f"{cluster.node}:{_PROGRAM}")
    host = docker("port", cluster.node, f"{REGISTRY_PORT}/tcp").split()[0]
    login = f"own-cluster:{secrets.token_urlsafe(16)}"
    listens = ("--address", f"0.0.0.0:{REGISTRY_PORT}", "--folder", "/var/lib/registry", "--login", login)
    docker("exec", "--detach", cluster.node, _PROGRAM, *listens)
    here = f"TCP-LISTEN:{host.rpartition(':')[2]},fork,reuseaddr,bind={LOOPBACK}"
    docker("exec", "--detach", cluster.node, "socat", here, f"TCP:{LOOPBACK}:{REGISTRY_PORT}")
    registry = GuardedRegistry(host, cluster.folder / "docker")
    registry.logins.mkdir(mode=0o700)
    auth = base64.b64encode(login.encode()).decode()
    registry.config.write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    wait_until(
        lambda: _status(host),
        until=lambda status: status == HTTPStatus.UNAUTHORIZED,
        limit=LIMITS.engine_start,
        what=f"the registry in {cluster.node} answers",
        passing=(OSError,),
    )
    return registry


def _status(host: str) -> int:
    connection = HTTPConnection(host, timeout=LIMITS.command)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status
    finally:
        connection.close()

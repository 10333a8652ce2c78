"""The faults: each is done to a cluster for real, and undone at the end of its block.

A fault never reaches beyond the node's container, but for the engine's stop: that one is only ever done to an
engine that this suite started, and what else ran in it is started again.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from canary_conformance.errors import BadInput
from canary_conformance.images.engine import LOG, docker, engine_version, ensure_engine
from canary_conformance.process_owners import UNSEEN, exists
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import wait_until

VOLUMES = "/var/local-path-provisioner"
# Four MiB of memory that stand for the disk of volumes, filled to the last byte. The machine's own disk is
# never written to.
FILL_DISK = (
    f"mkdir -p {VOLUMES} && mount -t tmpfs -o size=4m full {VOLUMES} && "
    f"{{ dd if=/dev/zero of={VOLUMES}/filled bs=64k 2>/dev/null || true; }}"
)
EMPTY_DISK = f"umount --lazy {VOLUMES}"
SLOW = "/run/slow-api-server"
# The API server stands still for most of the time; at each turn it gets as far as it gets.
MAKE_SLOW = f"""
touch {SLOW}
find_it() {{ grep -l '^kube-apiserver$' /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3; }}
while [ -e {SLOW} ]; do
  for p in $(find_it); do kill -STOP $p; done; sleep 2.5
  for p in $(find_it); do kill -CONT $p; done; sleep 0.5
done
for p in $(find_it); do kill -CONT $p; done
"""
PID_FILE = Path("/var/run/docker.pid")


@contextmanager
def istiod_restarted(cluster: str) -> Iterator[None]:
    """Delete istiod's pod; its Deployment makes another."""
    _kubectl(cluster, "delete", "pod", "--namespace=istio-system", "--selector=app=istiod", "--wait=false")
    yield


@contextmanager
def app_pod_killed(cluster: str) -> Iterator[None]:
    """Kill one of the pods of app 1.0 without notice; its Deployment makes another."""
    selector = "--selector=app=voting-app,version=1.0"
    pods = _kubectl(cluster, "get", "pods", "--namespace=voting", selector, "--output=name").split()
    if pods:
        _kubectl(
            cluster, "delete", "--namespace=voting", pods[0], "--force", "--grace-period=0", "--wait=false"
        )
    yield


@contextmanager
def node_restarted(cluster: str) -> Iterator[None]:
    """Restart the node's container."""
    docker("restart", "--time", "1", _node(cluster), limit=LIMITS.cluster_delete)
    yield


@contextmanager
def disk_full(cluster: str) -> Iterator[None]:
    """Let the disk that volumes are made on be full."""
    docker("exec", _node(cluster), "sh", "-c", FILL_DISK)
    try:
        yield
    finally:
        with contextlib.suppress(CommandFailed):
            docker("exec", _node(cluster), "sh", "-c", EMPTY_DISK)


@contextmanager
def api_server_slow(cluster: str) -> Iterator[None]:
    """Let the API server stand still for five sixths of the time."""
    docker("exec", "--detach", _node(cluster), "sh", "-c", MAKE_SLOW)
    try:
        yield
    finally:
        with contextlib.suppress(CommandFailed):
            docker("exec", _node(cluster), "rm", "-f", SLOW)


@contextmanager
def engine_stopped(cluster: str) -> Iterator[None]:
    """Stop the container engine, and start it again at the end, with all that ran in it but the cluster."""
    pid = own_engine()
    others = [one for one in docker("ps", "--format", "{{.Names}}").split() if one != _node(cluster)]
    os.kill(pid, signal.SIGTERM)
    try:
        wait_until(
            lambda: exists(pid),
            until=lambda there: not there,
            limit=LIMITS.engine_start,
            what="the container engine has stopped",
        )
        yield
    finally:
        if engine_version() is None:
            ensure_engine(Progress())
        for one in others:
            with contextlib.suppress(CommandFailed):
                docker("start", one, limit=LIMITS.cluster_create)


def own_engine() -> int:
    """Return the process id of the engine. Raises BadInput unless a run of this suite started it."""
    with contextlib.suppress(*UNSEEN):
        pid = int(PID_FILE.read_text())
        if any(file.fd == 1 and file.path == str(LOG) for file in psutil.Process(pid).open_files()):
            return pid
    raise BadInput("the container engine was not started by this suite, so it is not stopped either")


def _kubectl(cluster: str, *words: str) -> str:
    return docker("exec", _node(cluster), "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *words)


def _node(cluster: str) -> str:
    return f"{cluster}-control-plane"

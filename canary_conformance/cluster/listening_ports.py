"""The ports at which something in a pod listens, whatever its manifest declares, read from its own network.

Source: Linux, "proc/net/tcp" (proc(5)): every socket of the network namespace, the listening ones in state
0A. All containers of a pod share it, so any of them that has `cat` shows all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName, run_in_pod
from canary_conformance.errors import NotJudged

_READ = ("cat", "/proc/net/tcp", "/proc/net/tcp6")
_SOCKET = re.compile(r"^\s*\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A ", re.MULTILINE)
# 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104, each word in the order of the machine's bytes.
_LOOPBACK = re.compile(r"[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F")


def listening_ports(api: Api, pod: PodName, containers: Iterable[str]) -> frozenset[int]:
    """Return the ports of a pod at which something listens that other pods can reach.

    Args:
        api: The cluster's API server.
        pod: The pod.
        containers: Its running containers, the likeliest to have `cat` first.

    Raises:
        NotJudged: None of the containers can read it, or nothing listens.
    """
    failed: NotJudged | None = None
    for container in containers:
        try:
            if ports := read_listening(run_in_pod(api, pod, container, _READ)):
                return ports
            failed = NotJudged("nothing listens")
        except NotJudged as error:
            failed = error
    raise NotJudged(f"the listening ports of pod {pod} can't be read: {failed or 'it has no container'}")


def read_listening(sockets: str) -> frozenset[int]:
    """Return the listening ports in the text of /proc/net/tcp and tcp6, those on the loopback left out."""
    found = _SOCKET.findall(sockets)
    return frozenset(int(port, 16) for address, port in found if not _LOOPBACK.fullmatch(address))

"""Requests for a page made in a node, at its own addresses: for ports that this machine can't reach itself.

A packet of the node to its own address takes the same rules of kube-proxy and of host ports as one from
outside (Kubernetes: "Virtual IPs and Service Proxies"). bash opens the connection: kind's nodes have it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from canary_conformance.cluster.base import Address
from canary_conformance.errors import NotJudged
from canary_conformance.processes import CommandFailed, complete
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.timeouts import LIMITS

_UNCONNECTED, _BROKEN, _TIMED_OUT = 97, 98, 124
_KNOCK = rf"""
export LC_ALL=C; trap '' PIPE; exec 2>&1
exec 3<>"/dev/tcp/$0/$1" || exit {_UNCONNECTED}
printf 'GET / HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$0" "$1" | cat >&3 || exit {_BROKEN}
head -c 200 <&3 || exit {_BROKEN}
"""


def knock_in_node(container: str, addresses: Sequence[Address]) -> list[Reply]:
    """Return how a request for a page to each address ended, in order.

    Raises:
        NotJudged: None could be made.
    """
    return [_knock(container, one) for one in addresses]


def _knock(container: str, address: Address) -> Reply:
    started = time.monotonic()
    limited = ["timeout", str(LIMITS.request), "bash", "-c", _KNOCK, address.host, str(address.port)]
    try:
        ended = complete(
            ["docker", "exec", container, *limited],
            limit=LIMITS.command,
            accepted=(0, _UNCONNECTED, _BROKEN, _TIMED_OUT),
        )
    except CommandFailed as failed:
        raise NotJudged(f"nothing can be tried in the node: {failed}") from failed
    kind = _kind_of(ended.code, ended.output)
    received = ended.output.encode() if kind is ReplyKind.ANSWERED else b""
    return Reply(kind, received, ended.output.strip(), time.monotonic() - started)


def _kind_of(code: int, output: str) -> ReplyKind:
    if code == 0:
        return ReplyKind.ANSWERED if output else ReplyKind.CLOSED
    if code == _UNCONNECTED:
        return ReplyKind.REFUSED if "Connection refused" in output else ReplyKind.FAILED
    return ReplyKind.TIMED_OUT if code == _TIMED_OUT else ReplyKind.RESET

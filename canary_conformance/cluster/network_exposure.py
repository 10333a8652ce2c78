"""The network of a kind cluster: ports of this machine that lead into it, packets that leave the machine.

Packets are counted in the node, behind whose one interface all pods lie: those to an address outside of the
engine's network for the cluster, in which this machine has an address too. The engine resolves names; its own
DNS queries are not counted. Ports that this machine can't reach are tried in the node, at its own addresses:
such a packet takes the same rules of kube-proxy and of host ports as one from outside (Kubernetes: "Virtual
IPs and Service Proxies"). bash opens the connection: kind's nodes have it.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections.abc import Iterator, Sequence

from canary_conformance.cluster.base import Address, Openings, Port
from canary_conformance.errors import NotJudged
from canary_conformance.images.engine import docker
from canary_conformance.images.engine_endpoint import endpoint, engine_host
from canary_conformance.processes import CommandFailed, complete
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.timeouts import LIMITS

COMMENT = "voting-conformance-outbound"
_CHAIN = "VOTING-OUTBOUND"
_PROGRAMS = {4: "iptables", 6: "ip6tables"}
# What stays on the link by its nature: multicast, broadcast, link-local addresses (RFC 5771, 919, 4291).
_ON_THE_LINK = {4: ("224.0.0.0/4", "255.255.255.255/32"), 6: ("ff00::/8", "fe80::/10")}
_COUNTED = re.compile(rf"^\s*(\d+)\s.*{COMMENT}", re.MULTILINE)


def openings_of(container: str) -> Openings:
    """Return what leads into a node's container. Raises CommandFailed."""
    settings = json.loads(docker("inspect", "--format", "{{json .NetworkSettings}}", container))
    ports = (
        Port(one["HostIp"], int(one["HostPort"]), to)
        for to, places in (settings["Ports"] or {}).items()
        for one in places or ()
    )
    addresses = (
        (one[address], one[length])
        for one in settings["Networks"].values()
        for address, length in (("IPAddress", "IPPrefixLen"), ("GlobalIPv6Address", "GlobalIPv6PrefixLen"))
    )
    networks = (ipaddress.ip_interface(f"{one}/{length}").network for one, length in addresses if one)
    names = tuple(str(network) for network in networks)
    return Openings(tuple(ports), names, engine_host(endpoint()))


def count_outbound(container: str, inside: Sequence[str]) -> int | None:
    """Return how many packets have left the machine since the first call, which begins at 0.

    Args:
        container: The node's.
        inside: The networks of this machine that the node is in.

    Returns:
        None where the node has no program that counts.
    """
    read = "; ".join(f"{program} -w -t mangle -nvxL {_CHAIN}" for program in _PROGRAMS.values())
    try:
        counted = _COUNTED.findall(_in_node(container, f"{{ {read}; }} 2>/dev/null || true"))
        if len(counted) == len(_PROGRAMS):
            return sum(map(int, counted))
        _in_node(container, " && ".join(rule for version in _PROGRAMS for rule in _rules(version, inside)))
    except CommandFailed:
        return None
    return 0


def _rules(version: int, networks: Sequence[str]) -> Iterator[str]:
    """Yield the commands that begin to count. No rule drops or changes anything: each returns, or counts."""
    here = [one for one in networks if ipaddress.ip_network(one).version == version]
    rules = [f"-N {_CHAIN}", *(f"-A {_CHAIN} -d {one} -j RETURN" for one in (*here, *_ON_THE_LINK[version]))]
    rules += [f"-A {_CHAIN} -m comment --comment {COMMENT}", f"-A POSTROUTING -o eth0 -j {_CHAIN}"]
    yield from (f"{_PROGRAMS[version]} -w -t mangle {rule}" for rule in rules)


def _in_node(container: str, script: str) -> str:
    return docker("exec", container, "sh", "-c", script)


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

"""The network of a kind cluster: ports of this machine that lead into it, packets that leave the machine.

Packets are counted in the node, behind whose one interface all pods lie: those to an address outside of the
engine's network for the cluster, in which this machine has an address too. The engine resolves names; its own
DNS queries are not counted.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Sequence

from canary_conformance.cluster.base import Openings, Port
from canary_conformance.images.engine import docker
from canary_conformance.images.engine_endpoint import endpoint, engine_host
from canary_conformance.processes import CommandFailed

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

"""What a run opened and reached on this machine, for its report: ports, packets, connections.

None of it is a verdict: what manifests under judgement send is theirs. A port that is open to others is the
environment's failure, since the suite opened it.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from canary_conformance.cluster.base import Cluster
from canary_conformance.errors import EnvironmentFailed


class Connections:
    """The addresses that were connected to since watch() (Python: "Audit events table", socket.connect)."""

    def __init__(self) -> None:
        """Know none yet."""
        self._seen: set[str] = set()
        self._watching = False

    def watch(self) -> None:
        """Note every address from now on; a hook can't be taken away again, and there is one."""
        if not self._watching:
            self._watching = True
            sys.addaudithook(self._hear)

    def beyond(self, networks: Iterable[str]) -> list[str]:
        """Return the addresses outside of this machine's loopback and of these networks, and all names."""
        inside = [ipaddress.ip_network(one) for one in (*networks, "127.0.0.0/8", "::1/128")]
        return sorted(one for one in self._seen.copy() if not _is_in(one, inside))

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect":
            address = arguments[1]
            # A text is the path of a socket of this machine.
            if isinstance(address, tuple):
                self._seen.add(str(address[0]))


def _is_in(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address == "localhost"
    return any(found in network for network in networks if network.version == found.version)


CONNECTIONS = Connections()
NOT_WATCHED = (
    "not watched, as the nodes do not run on this machine: packets that leave the cluster, "
    "ports that lead into it, full disks that no node reports"
)


@contextmanager
def only_inside(cluster: Cluster, header: list[str]) -> Iterator[None]:
    """Watch where packets and connections go until the block ends, and add a line on it to the header.

    Raises:
        EnvironmentFailed: The cluster can be reached from outside of this machine.
    """
    if cluster.nodes is None:
        header.append(NOT_WATCHED)
        yield
        return
    openings = cluster.nodes.openings()
    if openings.engine_host:
        header.append(f"{NOT_WATCHED}; the container engine is on another host, {openings.engine_host}")
        yield
        return
    if open_to_others := [str(port) for port in openings.ports if not port.on_loopback]:
        raise EnvironmentFailed(
            f"the cluster can be reached from outside of this machine: {', '.join(open_to_others)}"
        )
    inside = openings.networks
    before = cluster.nodes.count_outbound(inside)
    CONNECTIONS.watch()
    try:
        yield
    finally:
        after = None if before is None else cluster.nodes.count_outbound(inside)
        header.append(audit_line(before, after, CONNECTIONS.beyond(inside)))


def audit_line(before: int | None, after: int | None, beyond: Sequence[str]) -> str:
    """Return the line on packets counted twice and on addresses that are neither loopback nor the cluster."""
    packets = "an uncounted number of" if before is None or after is None else str(after - before)
    places = f"and to {', '.join(beyond)}" if beyond else "and nowhere else"
    return (
        f"the cluster sent {packets} packets beyond this machine and listens on loopback alone; "
        f"this process connected to loopback, the cluster {places}"
    )

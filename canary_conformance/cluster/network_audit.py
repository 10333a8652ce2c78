"""What a run opened and reached on this machine, for its report: ports, packets, connections.

None of it is a verdict: what manifests under judgement send is theirs. A port that is open to others is the
environment's failure, since the suite opened it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from canary_conformance.cluster.base import Cluster
from canary_conformance.connections import Connections
from canary_conformance.errors import EnvironmentFailed

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

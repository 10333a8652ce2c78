"""Knocks from inside of the cluster, for ports that this machine can't reach, or reaches through a relay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from canary_conformance.cluster.base import Address
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.scenario.observations import Call, Opening, Reply
from canary_conformance.traffic.callers import Callers
from canary_conformance.traffic.first_bytes import http_get


@dataclass(frozen=True, slots=True)
class InsideKnocks:
    """Requests for a page, each on a new connection, made by the pod that has no sidecar."""

    callers: Callers
    pod: PodName

    def __call__(self, addresses: Sequence[Address]) -> Sequence[Reply]:
        """Return how a request to each address ended, in order. Raises NotJudged where none can be made."""
        self.callers.ready_outside(self.pod)
        calls = [
            (Call(self.pod.name, one.host, one.port), Opening(http_get(one.host, one.port, "/"), False))
            for one in addresses
        ]
        return self.callers.each(self.pod, calls)

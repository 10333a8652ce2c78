"""How many requests a proxy has sent to each address, by its own counters.

They show where a request went that gets no page. Envoy keeps them for each endpoint apart from its
statistics, and `/clusters` always shows them (Envoy, "Administration interface").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

CLUSTERS = "/clusters?format=json"
_REQUESTS = "rq_total"


def requests_by_address(clusters: Mapping[str, Any]) -> Counter[str]:
    """Return the requests that a proxy has sent to each address in all of its clusters; see CLUSTERS."""
    found: Counter[str] = Counter()
    for cluster in clusters.get("cluster_statuses", ()):
        for host in cluster.get("host_statuses", ()):
            address = host.get("address", {}).get("socket_address", {}).get("address", "")
            found[address] += sum(
                int(one.get("value", 0)) for one in host.get("stats", ()) if one.get("name") == _REQUESTS
            )
    return found

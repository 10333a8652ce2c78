"""What the API server reports of the nodes: their boots and addresses, whether they are ready and have room.

Source: Kubernetes, "Node Status" (addresses, conditions, nodeInfo).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable")


def boots_of(nodes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the boot id of each node, by the node's name; nodes that don't report it are left out."""
    boots = {node["metadata"]["name"]: node["status"].get("nodeInfo", {}).get("bootID", "") for node in nodes}
    return {name: str(boot) for name, boot in boots.items() if boot}


def node_addresses(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the addresses at which pods reach the nodes (InternalIP)."""
    return [
        one["address"]
        for node in nodes
        for one in (node.get("status") or {}).get("addresses") or ()
        if one["type"] == "InternalIP"
    ]


def is_ready_node(node: Mapping[str, Any]) -> bool:
    """Return whether a node's condition Ready is true."""
    conditions = node["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def node_problems(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each node that is not ready or is short of disk, memory, processes or network."""
    for node in nodes:
        for condition in node["status"].get("conditions", []):
            if condition["type"] in PRESSURES and condition["status"] == "True":
                yield f"the node reports {condition['type']}: {condition.get('message', '')}"
            if condition["type"] == "Ready" and condition["status"] != "True":
                yield f"the node is not Ready: {condition.get('message', '')}"

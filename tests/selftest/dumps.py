"""Reduced dumps of real proxies (Istio 1.31), and their parts, for twins that are made wrong."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "mesh"
Edit = Callable[[dict[str, Any]], object]


def dump(name: str, what: str = "config_dump") -> dict[str, Any]:
    """Return what a proxy answered: its config_dump, clusters or certs."""
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())[what]
    return found


def part(document: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(one for one in document["configs"] if one["@type"].endswith(f".{kind}"))


def listener(document: dict[str, Any], name: str) -> dict[str, Any]:
    listeners = part(document, "ListenersConfigDump")["dynamic_listeners"]
    return next(one["active_state"]["listener"] for one in listeners if one["name"] == name)


def routes(document: dict[str, Any], host: str) -> list[dict[str, Any]]:
    configs = part(document, "RoutesConfigDump")["dynamic_route_configs"]
    hosts = [one for config in configs for one in config["route_config"]["virtual_hosts"]]
    return next(one["routes"] for one in hosts if host in one["domains"])


def cluster(document: dict[str, Any], name: str) -> dict[str, Any]:
    clusters = part(document, "ClustersConfigDump")["dynamic_active_clusters"]
    return next(one["cluster"] for one in clusters if one["cluster"]["name"] == name)


def endpoints(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in part(document, "EndpointsConfigDump")["dynamic_endpoint_configs"]:
        for locality in one["endpoint_config"]["endpoints"]:
            yield from locality["lb_endpoints"]

"""What the API server refuses about a pod as a whole: its hostname, DNS, the node's ports, deadlines.

Sources: Kubernetes, "DNS for Services and Pods" (DNS policy None wants a name server; hostname and subdomain
are DNS labels), and the API reference of PodSpec v1 and ContainerPort v1 (hostPort of a pod on the node's
network, no activeDeadlineSeconds where pods are replaced).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


def pod_spec(spec: Node) -> Iterator[Problem]:
    """Yield what is wrong with the spec of a workload's pods."""
    if spec["dnsPolicy"].text == "None" and not spec["dnsConfig"]["nameservers"].items():
        yield spec["dnsPolicy"].problem("DNS policy None needs a name server in dnsConfig")
    if spec["activeDeadlineSeconds"]:
        yield spec["activeDeadlineSeconds"].problem("pods of this kind have no deadline: they are replaced")
    for key in ("hostname", "subdomain"):
        if spec[key].text and not _LABEL.fullmatch(spec[key].text):
            yield spec[key].problem(f"{spec[key].text!r} isn't a DNS label")
    if spec["hostNetwork"].value is True:
        for container in (*spec["initContainers"].items(), *spec["containers"].items()):
            yield from _ports(container)


def _ports(container: Node) -> Iterator[Problem]:
    for port in container["ports"].items():
        host, own = port["hostPort"], port["containerPort"].number
        if host.number and host.number != own:
            yield host.problem(f"must be {own}, as the pod is on the node's network")

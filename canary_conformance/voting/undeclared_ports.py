"""Ports at which a pod listens though no container declares them: plaintext is refused there, too.

A declared port only informs (Kubernetes API reference, ContainerPort), so R3.5, R4.10 and R5.4 are judged at
every port that listens. All pods of a workload run the same containers: one of each is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from canary_conformance.cluster.listening_ports import listening_ports
from canary_conformance.errors import NotJudged
from canary_conformance.mesh.proxies import PROXY_CONTAINER, PROXY_PORTS, WORKERS
from canary_conformance.scenario.observations import Call, Reply
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.verdicts import expect, matrix, nothing, refused_by_reset

Listening = Mapping[Workload, frozenset[int]]


def expect_refused_plaintext_at_undeclared_ports(namespace: NamespaceUnderTest) -> None:
    """Expect plaintext to be refused at each port that listens without being declared, if there is any."""
    found = listening(namespace)
    replies = namespace.once("plaintext at undeclared ports", lambda: _call(namespace, found))
    if replies:
        expect(replies, matrix(dict.fromkeys(replies, refused_by_reset), "plaintext connections"))
        return
    total = sum(map(len, found.values()))
    if not total:
        raise NotJudged("no port was seen to listen in any pod")
    fine = f"each of {total} ports that listen in {len(found)} pods is declared"
    expect(_undeclared(found), nothing("undeclared ports that listen", fine))


def listening(namespace: NamespaceUnderTest) -> Listening:
    """Return the ports at which one pod of each workload listens, those of its proxy left out; read once."""
    return namespace.once("listening ports", lambda: _read(namespace))


def _read(namespace: NamespaceUnderTest) -> Listening:
    ready = [workload for workload in namespace.workloads() if workload.ready]
    one_each = list({workload.owner or workload.pod: workload for workload in reversed(ready)}.values())
    with ThreadPoolExecutor(WORKERS) as pool:
        ports = pool.map(
            lambda one: listening_ports(namespace.api, one.pod, _containers(one)) - _own(one), one_each
        )
        return dict(zip(one_each, ports, strict=True))


def _containers(workload: Workload) -> list[str]:
    """Return a pod's containers, the proxy's first: its image has programs that others may lack."""
    return sorted(workload.containers, key=lambda name: name != PROXY_CONTAINER)


def _own(workload: Workload) -> frozenset[int]:
    """Return the ports at which a pod's proxy listens; they take plaintext by design."""
    return PROXY_PORTS if workload.has_proxy() else frozenset()


def _call(namespace: NamespaceUnderTest, found: Listening) -> Mapping[Call, Reply]:
    calls = [call for workload, port in _undeclared(found) for call in workload.plain_calls([port])]
    return namespace.from_outside(calls) if calls else {}


def _undeclared(found: Listening) -> list[tuple[Workload, int]]:
    return [(one, port) for one, ports in found.items() for port in sorted(ports - set(one.ports))]

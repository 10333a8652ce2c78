"""What holds from the lock on, at stages 3, 4 and 5: one sentence each, for the tests of every stage."""

from __future__ import annotations

from collections.abc import Sequence

from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.verdicts import expect, includes, matrix, refused_by_reset, same
from canary_conformance.verdicts.checks import exactly
from canary_conformance.voting.mutual_tls import (
    TlsView,
    leg_of_workloads,
    names_of_pods,
    required_table,
    tls_view,
)
from canary_conformance.voting.stage_contract import PODS_AT, legs_at


def tls_of(namespace: NamespaceUnderTest) -> TlsView:
    """Return what the proxies of all legs run at this stage; taken once."""
    return namespace.once("tls", lambda: tls_view(namespace))


def expect_mutual_tls_on_every_leg(namespace: NamespaceUnderTest) -> None:
    """Expect every leg of the contract in the table, mutual by the policy and a rule of its host."""
    view, names = tls_of(namespace), names_of_pods(namespace)
    seen = {leg_of_workloads(str(row.leg), names) for row in view.rows}
    expect(seen, same(legs_at(namespace.stage), "legs between workloads"))
    expect(view.table(), same(required_table(namespace, view), "legs"))


def expect_proved_identities(namespace: NamespaceUnderTest) -> None:
    """Expect the certificates of both ends of every leg of the contract to prove who they are."""
    view, names = tls_of(namespace), names_of_pods(namespace)
    seen = {f"{one.leg} ({one.pod})": "; ".join(one.problems) or "proved" for one in view.identities}
    with_ends = {str(one.leg) for one in view.identities}
    without = [leg for row in view.rows if (leg := str(row.leg)) not in with_ends]
    there = {leg_of_workloads(str(row.leg), names) for row in view.rows}
    absent = [leg for leg in legs_at(namespace.stage) if leg not in there]
    expect(seen, matrix(dict.fromkeys([*seen, *without, *absent], exactly("proved")), "ends of legs"))


def expect_refused_plaintext(namespace: NamespaceUnderTest) -> None:
    """Expect a plaintext call to each port of each pod to be refused, and one at least to each workload."""
    pods = namespace.workloads()
    expect_calls_to(pods, namespace.stage)
    calls = [call for pod in pods for call, _ in pod.plain_calls()]
    expect(namespace.plaintext(), matrix(dict.fromkeys(calls, refused_by_reset), "plaintext connections"))


def expect_calls_to(pods: Sequence[Workload], stage: int) -> None:
    """Expect that each workload of the contract has a pod with a port that can be called."""
    called = {str(pod) for pod in pods if pod.plain_calls()}
    expect(called, includes(PODS_AT[stage], "workloads that can be called"))

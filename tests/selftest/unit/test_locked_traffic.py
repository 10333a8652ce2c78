"""What is expected of the locked mesh comes from the contract, whatever pods, ports and proofs are found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from canary_conformance.scenario.observations import Call, Reply, ReplyKind
from canary_conformance.verdicts import ExpectationFailed, ledger
from canary_conformance.voting.contract import FINALIZE
from canary_conformance.voting.locked_traffic import expect_proved_identities, expect_refused_plaintext
from canary_conformance.voting.mutual_tls import leg_of_workloads
from canary_conformance.voting.stage_contract import PODS_AT, legs_at

RESET = Reply(ReplyKind.RESET, b"", "", 0.0)


@dataclass(frozen=True)
class Pod:
    """A pod by its workload ("voting-app 2.0") and ports."""

    workload: str
    ports: tuple[int, ...] = (8080,)

    def __str__(self) -> str:
        return self.workload

    @property
    def pod(self) -> Any:
        return SimpleNamespace(name=self.workload.replace(" ", "-"))

    def plain_calls(self) -> list[tuple[Call, None]]:
        return [(Call("outside", self.workload, port), None) for port in self.ports]


def namespace(*pods: Pod, view: object = None) -> Any:
    """Return a namespace at stage 5 whose plaintext calls are all refused."""
    replies: Mapping[Call, Reply] = {call: RESET for pod in pods for call, _ in pod.plain_calls()}
    return SimpleNamespace(
        stage=FINALIZE, workloads=lambda: list(pods), plaintext=lambda: replies, once=lambda *_: view
    )


ALL = tuple(Pod(workload) for workload in PODS_AT[FINALIZE])
LEGS = {leg: leg.replace("voting-app 2.0 ", "voting-app-2.0 ") for leg in legs_at(FINALIZE)}


def view_of(legs: Mapping[str, str], unproved: str = "", alone: str = "") -> Any:
    """Return a table of these legs with the identities of each, but of one that has none."""
    pod_legs = [leg.replace("voting-analytics 2.0 ", "voting-analytics-2.0 ") for leg in legs.values()]
    wrong = {leg for leg in pod_legs if unproved and leg.startswith(unproved)}
    identities = [
        SimpleNamespace(leg=leg, pod="server", problems=("it is another",) if leg in wrong else ())
        for leg in pod_legs
        if leg != alone
    ]
    return SimpleNamespace(rows=[SimpleNamespace(leg=leg) for leg in pod_legs], identities=identities)


def failed(check: Callable[[Any], None], of: Any) -> str:
    with ledger(), pytest.raises(ExpectationFailed) as caught:
        check(of)
    return " ".join(str(caught.value).split())


def test_a_component_without_a_port_is_missed() -> None:
    expect_refused_plaintext(namespace(*ALL))
    store = Pod("voting-storage 2.0", ports=())
    text = failed(expect_refused_plaintext, namespace(*ALL[:-1], store))
    assert "1 of 3 workloads that can be called missing: voting-storage 2.0" in text


def test_no_pod_at_all_is_missed() -> None:
    assert "3 of 3 workloads that can be called missing" in failed(expect_refused_plaintext, namespace())


def test_every_leg_of_the_contract_has_to_be_proved() -> None:
    expect_proved_identities(namespace(*ALL, view=view_of(LEGS)))
    text = failed(expect_proved_identities, namespace(*ALL, view=view_of({})))
    assert f"{len(LEGS)} of {len(LEGS)} ends of legs were not observed" in text


def test_a_leg_without_an_identity_is_missed() -> None:
    alone = next(leg for leg in LEGS.values() if leg.startswith("voting-app-2.0"))
    text = failed(expect_proved_identities, namespace(*ALL, view=view_of(LEGS, alone=alone)))
    assert f"{alone}: were not observed" in text or f"{alone}: not observed" in text


def test_an_end_that_is_another_fails() -> None:
    view = view_of(LEGS, unproved="voting-app-2.0")
    assert "it is another" in failed(expect_proved_identities, namespace(*ALL, view=view))


def test_a_leg_is_named_by_its_workloads() -> None:
    names = {"app-x": "voting-app 1.0"}
    host = "voting-storage.voting.svc.cluster.local:6379"
    assert leg_of_workloads(f"app-x -> {host}", names) == "voting-app 1.0 -> voting-storage:6379"
    assert leg_of_workloads(f"gw-y -> {host}", names) == "ingress gateway -> voting-storage:6379"

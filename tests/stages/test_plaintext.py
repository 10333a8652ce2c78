from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, matrix
from canary_conformance.verdicts.checks import answered
from canary_conformance.voting.contract import LOCK
from canary_conformance.voting.locked_traffic import expect_calls_to, expect_refused_plaintext
from canary_conformance.voting.model_agreement import agree, settled
from canary_conformance.voting.observed_outcomes import seen_once
from canary_conformance.voting.static.static_legs import plain_calls
from canary_conformance.voting.undeclared_ports import expect_refused_plaintext_at_undeclared_ports
from fixtures.marks import at_stages, lasts_until


@at_stages({3: "R3.5", 4: "R4.10", 5: "R5.4"})
@lasts_until(4)
def test_plaintext_is_refused_at_every_workload_port(namespace: NamespaceUnderTest) -> None:
    expect_refused_plaintext(namespace)


@at_stages({3: "R3.5", 4: "R4.10", 5: "R5.4"})
@lasts_until(4)
def test_plaintext_is_refused_at_ports_that_no_container_declares(namespace: NamespaceUnderTest) -> None:
    expect_refused_plaintext_at_undeclared_ports(namespace)


@at_stages({3: "R3.5"})
def test_the_same_calls_were_answered_before_the_lock(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    """The positive control: the calls themselves are right, so that their refusal means the lock.

    Those to ports at which the components answer: at others that a container declares nobody has to listen.
    """
    pods = namespace.workloads()
    expect_calls_to(pods, LOCK)
    own = [call for pod in pods for call, _ in pod.plain_calls(pod.answering_ports)]
    seen = {call: reply for call, reply in transition.plaintext.items() if call in own}
    expect(seen, matrix(dict.fromkeys(own, answered), "plaintext connections"))


@at_stages({3: "R3.5"}, mark="model_of")
def test_model_and_mesh_agree_on_plaintext(namespace: NamespaceUnderTest, plan: Plan, stage: int) -> None:
    """At the pods that are ready by the model; it predicts nothing of others."""
    model = settled(plan, stage)
    names = {workload.address: str(workload) for workload in namespace.workloads()}
    seen = {
        f"{names[call.host]}:{call.port}": reply
        for call, reply in namespace.plaintext().items()
        if names.get(call.host) in model.counted_pods()
    }
    agree(seen_once(seen), plain_calls(model), "plaintext calls")

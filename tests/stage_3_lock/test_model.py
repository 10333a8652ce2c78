"""What the mesh did is what the static tier's model predicts; a difference is a failure of its own."""

from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.chains import REDIS
from canary_conformance.voting.locked_traffic import tls_of
from canary_conformance.voting.model_agreement import agree, agree_on_table, settled, table_by_workload
from canary_conformance.voting.observed_outcomes import seen_once
from canary_conformance.voting.reachability import reach
from canary_conformance.voting.static.model_questions import call
from canary_conformance.voting.static.static_legs import plain_calls, table
from fixtures.marks import beside

ANALYTICS_PODS = ("voting-analytics 1.0", "voting-analytics 1.1")


@beside("R3.3")
def test_model_and_mesh_agree_on_who_may_send(namespace: NamespaceUnderTest, plan: Plan) -> None:
    replies = namespace.once("analytics to Redis", lambda: reach(namespace, ANALYTICS_PODS, [REDIS]))
    predicted = {leg: call(settled(plan, 3), leg[0], REDIS) for leg in replies}
    agree(seen_once(replies), predicted, "connections")


@beside("R3.5")
def test_model_and_mesh_agree_on_plaintext(namespace: NamespaceUnderTest, plan: Plan) -> None:
    """At the pods that are ready by the model; it predicts nothing of others."""
    model = settled(plan, 3)
    names = {workload.address: str(workload) for workload in namespace.workloads()}
    seen = {
        f"{names[call.host]}:{call.port}": reply
        for call, reply in namespace.plaintext().items()
        if names.get(call.host) in model.counted_pods()
    }
    agree(seen_once(seen), plain_calls(model), "plaintext calls")


@beside("R3.4")
def test_model_and_mesh_agree_on_mutual_tls(namespace: NamespaceUnderTest, plan: Plan) -> None:
    agree_on_table(table_by_workload(namespace, tls_of(namespace)), table(settled(plan, 3)))

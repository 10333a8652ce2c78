"""What the mesh did is what the static tier's model predicts; a difference is a failure of its own."""

from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.chains import ANALYTICS
from canary_conformance.voting.idle_split import split_of_analytics
from canary_conformance.voting.model_agreement import agree_on_shares, pages_are_whole, settled
from canary_conformance.voting.page_checks import results_format
from canary_conformance.voting.static.model_questions import call
from fixtures.marks import beside

FORMATS = {
    "voting-analytics 1.0": "plain",
    "voting-analytics 1.1": "percent",
    "voting-analytics 2.0": "percent",
}


@beside("R2.2")
def test_model_and_mesh_agree_on_the_shares_of_analytics(namespace: NamespaceUnderTest, plan: Plan) -> None:
    split = split_of_analytics(namespace)
    model = settled(plan, 2)
    predicted = call(model, "voting-app 1.0", ANALYTICS)
    agree_on_shares(
        split.pages, results_format, predicted, FORMATS, whole=pages_are_whole(model), policy=split.policy()
    )

"""What the mesh did is what the static tier's model predicts; a difference is a failure of its own."""

from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import (
    to_find_shift_of,
)
from canary_conformance.voting.chains import ANALYTICS
from canary_conformance.voting.model_agreement import agree_on_shares, pages_are_whole
from canary_conformance.voting.page_checks import results_format
from canary_conformance.voting.static.model_questions import call
from fixtures.marks import beside

FORMATS = {
    "voting-analytics 1.0": "plain",
    "voting-analytics 1.1": "percent",
    "voting-analytics 2.0": "percent",
}


@beside("R2.2")
def test_model_and_mesh_agree_on_the_shares_of_analytics(
    namespace: NamespaceUnderTest, voter: Voter, plan: Plan
) -> None:
    enough = to_find_shift_of(0.2, share=0.5)
    pages = namespace.once("formats", lambda: voter.open_page_one_by_one(enough))
    model = plan.after(2)
    predicted = call(model, "voting-app 1.0", ANALYTICS)
    agree_on_shares(pages, results_format, predicted, FORMATS, whole=pages_are_whole(model))

"""What the mesh did is what the static tier's model predicts; a difference is a failure of its own."""

from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.cookie_matrix import versions_by_cookie
from canary_conformance.voting.feature_flag import NEAR_MISSES, OPENING
from canary_conformance.voting.locked_traffic import tls_of
from canary_conformance.voting.model_agreement import (
    agree,
    agree_on_table,
    pages_are_whole,
    settled,
    table_by_workload,
)
from canary_conformance.voting.observed_outcomes import seen_on_pages
from canary_conformance.voting.static.model_questions import page
from canary_conformance.voting.static.static_legs import table
from fixtures.marks import beside


@beside("R5.1")
def test_model_and_mesh_agree_on_every_cookie(namespace: NamespaceUnderTest, plan: Plan) -> None:
    seen = namespace.once("cookies", lambda: versions_by_cookie(namespace.voter, (*OPENING, *NEAR_MISSES)))
    model = settled(plan, 5)
    predicted = {cookie: page(model, cookie) for cookie in seen}
    agree(seen_on_pages(seen, whole=pages_are_whole(model)), predicted, "cookies")


@beside("R5.4")
def test_model_and_mesh_agree_on_mutual_tls(namespace: NamespaceUnderTest, plan: Plan) -> None:
    agree_on_table(table_by_workload(namespace, tls_of(namespace)), table(settled(plan, 5)))

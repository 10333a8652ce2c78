"""What the mesh did is what the static tier's model predicts; a difference is a failure of its own."""

import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.chains import WHO_MAY_REACH_WHOM
from canary_conformance.voting.cookie_matrix import versions_by_cookie, versions_by_header
from canary_conformance.voting.feature_flag import FLAG, NEAR_MISSES, OPENING, OTHER_HEADERS
from canary_conformance.voting.locked_traffic import tls_of
from canary_conformance.voting.model_agreement import (
    agree,
    agree_on_table,
    pages_are_whole,
    settled,
    table_by_workload,
)
from canary_conformance.voting.observed_outcomes import seen_on_pages, seen_once
from canary_conformance.voting.reachability import reach_everyone
from canary_conformance.voting.static.model_questions import call, page
from canary_conformance.voting.static.static_legs import table
from fixtures.marks import beside


@pytest.mark.usefixtures("mysql_restarts")
@beside("R4.5")
def test_model_and_mesh_agree_on_every_cookie(namespace: NamespaceUnderTest, plan: Plan) -> None:
    seen = {
        **namespace.once("opening cookies", lambda: versions_by_cookie(namespace.voter, OPENING)),
        **namespace.once("near misses", lambda: versions_by_cookie(namespace.voter, NEAR_MISSES)),
    }
    model = settled(plan, 4)
    predicted = {cookie: page(model, cookie) for cookie in seen}
    agree(seen_on_pages(seen, whole=pages_are_whole(model)), predicted, "cookies")


@pytest.mark.usefixtures("mysql_restarts")
@beside("R4.5")
def test_model_and_mesh_agree_on_every_other_header(namespace: NamespaceUnderTest, plan: Plan) -> None:
    seen = namespace.once("other headers", lambda: versions_by_header(namespace.voter, OTHER_HEADERS))
    model = settled(plan, 4)
    predicted = {header: page(model, headers={header: FLAG}) for header in seen}
    agree(seen_on_pages(seen, whole=pages_are_whole(model)), predicted, "headers")


@beside("R4.8")
def test_model_and_mesh_agree_on_who_reaches_whom(namespace: NamespaceUnderTest, plan: Plan) -> None:
    predicted = {
        (source, f"{service}:{port}"): call(settled(plan, 4), source, (service, port))
        for source, (service, port) in WHO_MAY_REACH_WHOM
    }
    replies = reach_everyone(namespace)
    agree(seen_once({leg: replies[leg] for leg in predicted}), predicted, "connections")


@beside("R4.10")
def test_model_and_mesh_agree_on_mutual_tls(namespace: NamespaceUnderTest, plan: Plan) -> None:
    agree_on_table(table_by_workload(namespace, tls_of(namespace)), table(settled(plan, 4)))

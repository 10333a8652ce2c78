from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import (
    counted,
    every,
    expect,
    expect_all,
    no_failed_page,
    nothing,
    only_before,
    same,
    served_by,
    shows,
)
from canary_conformance.voting.page_results import DIFFERENT_VOTES
from canary_conformance.voting.scenario_objects import (
    counted_pods,
    dangling_rules,
    findings_of,
    page_routed_at,
    routing_objects,
)
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from canary_conformance.voting.static.static_objects import old_references, subsets_of
from canary_conformance.voting.transition_traffic import expect_votes_kept
from canary_conformance.voting.vote_samples import kept_pages
from fixtures.marks import requirement

ONLY_2_0 = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}


@requirement("R5.2")
def test_rules_and_subsets_of_old_versions_are_gone(namespace: NamespaceUnderTest) -> None:
    expect(
        [one.sentence for one in old_references(routing_objects(namespace), versions=("1.0", "1.1"))],
        nothing("rules and subsets of old versions"),
    )


@requirement("R5.2")
def test_every_component_has_a_subset_for_2_0(namespace: NamespaceUnderTest) -> None:
    components = ("voting-analytics", "voting-app", "voting-storage")
    expect(
        subsets_of(routing_objects(namespace), version="2.0"),
        same(components, "DestinationRules with a subset for 2.0"),
    )


@requirement("R5.2")
def test_nothing_dangles(namespace: NamespaceUnderTest) -> None:
    expect(findings_of(namespace), nothing("findings of istioctl analyze"))
    expect(dangling_rules(namespace), nothing("rules that lead nowhere"))


@requirement("R5.3")
def test_only_pods_of_2_0_remain(namespace: NamespaceUnderTest) -> None:
    expect(counted_pods(namespace.workloads()), counted(ONLY_2_0, "pods ready"))


@requirement("R5.3")
def test_old_deployments_are_deleted_without_one_failed_page(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    for voter in (ORDINARY, FLAGGED):
        pages = namespace.pages_of(transition, voter)
        expect_all(pages, no_failed_page(transition.steps[-1].live_at))
    expect(
        namespace.pages_of(transition, ORDINARY),
        only_before(page_routed_at(namespace, transition), served_by("1.0")),
    )


@requirement("R5.4")
def test_the_votes_of_2_0_are_still_there(transition: Transition, namespace: NamespaceUnderTest) -> None:
    """Those cast before, and since then by the continuous voters: each is counted once."""
    expect(transition.votes, every(shows(DIFFERENT_VOTES["2.0"])))
    expect_votes_kept(namespace, transition)
    expect(kept_pages(namespace), every(shows(transition.after[ORDINARY].results)))

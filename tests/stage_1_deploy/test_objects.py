from canary_conformance.mesh.revision_choice import reasons_without_injection
from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, nothing
from canary_conformance.verdicts.exact_judges import listed_objects
from canary_conformance.voting.scenario_objects import applied_objects, warnings_of
from fixtures.marks import lasts_until, requirement


@requirement("R0.1")
def test_deploy_creates_and_configures_what_the_source_lists(
    namespace: NamespaceUnderTest, transition: Transition
) -> None:
    expect(applied_objects(transition), listed_objects(namespace.scenario.stage(1).required()))


@requirement("R0.1")
def test_api_server_warns_of_nothing_while_deploying(transition: Transition) -> None:
    expect(warnings_of(transition), nothing("warnings"))


@requirement("R1.1")
@lasts_until(5)
def test_namespace_asks_for_sidecars(namespace: NamespaceUnderTest) -> None:
    reasons = reasons_without_injection(namespace.api, namespace.mesh.revision, namespace.name)
    expect(reasons, nothing("reasons why no sidecar is injected"))

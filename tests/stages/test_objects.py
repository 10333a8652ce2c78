from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.pod_health import failing_liveness_probes
from canary_conformance.verdicts import expect, nothing
from canary_conformance.verdicts.exact_judges import listed_objects
from canary_conformance.voting.scenario_objects import applied_objects, warnings_of
from fixtures.marks import at_stages

# The app and the version of the pods that a stage adds.
NEW_PODS = {1: (), 2: ("voting-analytics", "1.1"), 4: ("", "2.0")}


@at_stages({1: "R0.1", 2: "R0.1", 3: "R0.1", 4: "R0.1", 5: "R0.1"})
def test_a_stage_creates_configures_and_deletes_what_the_source_lists(
    namespace: NamespaceUnderTest, transition: Transition, stage: int
) -> None:
    expect(applied_objects(transition), listed_objects(namespace.scenario.stage(stage).required()))


@at_stages({1: "R0.1", 2: "R0.1", 3: "R0.1", 4: "R0.1", 5: "R0.1"})
def test_the_api_server_warns_of_nothing(transition: Transition) -> None:
    expect(warnings_of(transition), nothing("warnings"))


@at_stages({1: "R1.2", 2: "R2.1", 4: "R4.2"})
def test_no_new_pod_is_about_to_be_killed_by_its_own_liveness_probe(
    namespace: NamespaceUnderTest, stage: int
) -> None:
    expect(failing_liveness_probes(namespace, *NEW_PODS[stage]), nothing("liveness probes that fail"))

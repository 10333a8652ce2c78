"""Objects come, are replaced and go as in a cluster; a plan tells what is in force after each of them."""

from pathlib import Path

import pytest

from canary_conformance.model.objects.state import Key, State
from canary_conformance.model.stage_plan import Plan, plan_of
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.scenario.stages import (
    Apply,
    Delete,
    MissingFiles,
    ObjectRef,
    Scenario,
    Stage,
    WaitFor,
)
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.routing_support import INJECTED, NAMESPACE, deployment, documents, manifests, service

WEB = ObjectRef("Deployment", "web")


def state(*texts: str) -> State:
    found = State(NAMESPACE, INJECTED, application=VOTING_APP)
    for step, text in enumerate(texts, 1):
        for manifest in manifests(text):
            found = found.apply(manifest, step)
    return found


def test_an_object_of_the_same_name_is_replaced_and_keeps_its_age() -> None:
    found = state(service("b"), service("a"), service("b", app="other"))
    names = [(one.key.name, one.created) for one in found.of("Service")]
    assert names == [("b", 1), ("a", 2)]
    assert found.objects[Key("Service", NAMESPACE, "b")].manifest.body["spec"]["selector"] == {"app": "other"}


def test_what_was_deleted_and_made_anew_is_young() -> None:
    [again] = manifests(service("b"))
    found = state(service("b"), service("a")).delete(ObjectRef("Service", "b")).apply(again, 3)
    assert [one.key.name for one in found.of("Service")] == ["a", "b"]


def test_objects_of_one_step_are_as_old_as_their_names() -> None:
    assert [one.key.name for one in state(documents(service("b"), service("a"))).of("Service")] == ["a", "b"]


def test_deleting_what_is_not_there_changes_nothing() -> None:
    found = state(service("a"))
    assert found.delete(ObjectRef("Service", "b")) == found


def test_a_namespace_takes_all_that_is_in_it() -> None:
    found = state(service("a"), deployment("web"))
    assert found.delete(ObjectRef("Namespace", "other")).objects == found.objects
    assert found.delete(ObjectRef("Namespace", NAMESPACE)).objects == {}


def plan(*stages: Stage, missing: tuple[MissingFiles, ...] = (), **files: str) -> Plan:
    scenario = Scenario("scenario", NAMESPACE, INJECTED, stages, missing)
    texts = {f"{name}.yaml": manifests(text, file=f"{name}.yaml") for name, text in files.items()}
    return plan_of(scenario, ManifestFolder(Path(), texts), VOTING_APP)


def apply(file: str) -> Apply:
    return Apply(f"{file}.yaml", (), (), WaitFor.PODS)


def test_a_moment_after_each_object_and_one_when_pods_are_ready() -> None:
    found = plan(Stage(1, "one", (apply("a"),)), a=documents(service("web"), deployment("web")))
    assert [(one.after, dict(one.model.counted_pods())) for one in found.moments] == [
        ("apply a.yaml: Service/web created", {}),
        ("apply a.yaml: Deployment/web created", {}),
        ("apply a.yaml: pods are ready", {"web 1": 1}),
    ]


def test_old_pods_stay_until_the_new_ones_are_ready() -> None:
    stages = (Stage(1, "one", (apply("a"),)), Stage(2, "two", (apply("b"),)))
    found = plan(*stages, a=deployment("web", "1"), b=deployment("web", "2"))
    counted = [dict(one.model.counted_pods()) for one in found.during(2)]
    assert counted == [{"web 1": 1}, {"web 2": 1}]


def test_a_deployment_that_recreates_has_no_pods_meanwhile() -> None:
    new = deployment("web", "2").replace("spec:\n  rep", "spec:\n  strategy: {type: Recreate}\n  rep")
    stages = (Stage(1, "one", (apply("a"),)), Stage(2, "two", (apply("b"),)))
    found = plan(*stages, a=deployment("web", "1"), b=new)
    assert [dict(one.model.counted_pods()) for one in found.during(2)] == [{}, {"web 2": 1}]


def test_applying_the_same_deployment_again_changes_no_pods() -> None:
    stages = (Stage(1, "one", (apply("a"),)), Stage(2, "two", (apply("a"),)))
    found = plan(*stages, a=deployment("web"))
    assert [one.after for one in found.during(2)] == ["apply a.yaml: Deployment/web configured"]
    assert found.after(2).counted_pods() == {"web 1": 1}


def test_what_a_step_deletes_goes_at_once() -> None:
    stages = (Stage(1, "one", (apply("a"),)), Stage(2, "two", (Delete((WEB,)),)))
    found = plan(*stages, a=documents(deployment("web"), service("web")))
    assert [one.after for one in found.during(2)] == ["delete Deployment/web"]
    assert found.before(2).counted_pods() == {"web 1": 1}
    assert found.after(2).counted_pods() == {}


def test_a_stage_without_its_files_is_passed_over() -> None:
    stages = (Stage(1, "one", (apply("a"),)), Stage(5, "five", (apply("gone"),)), Stage(6, "six", ()))
    missing = (MissingFiles(5, ("gone.yaml",)),)
    found = plan(*stages, missing=missing, a=deployment("web"))
    assert found.after(6).counted_pods() == {"web 1": 1}
    assert {moment.stage for moment in found.moments} == {1}
    with pytest.raises(LookupError, match=r"no gone\.yaml"):
        found.after(5)
    with pytest.raises(LookupError, match="no stage 7"):
        found.before(7)


def test_what_was_read_before_is_read_anew_when_what_it_needs_has_changed() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {A: '%s'}\n"
    web = deployment("web") + "          envFrom: [{secretRef: {name: key}}]\n"
    stages = (
        Stage(1, "one", (apply("a"),)),
        Stage(2, "two", (apply("b"),)),
        Stage(3, "three", (Delete((ObjectRef("Secret", "key"),)),)),
    )
    found = plan(*stages, a=documents(secret % "old", web), b=secret % "new")
    values = [found.after(stage).pods()[0].env["A"].value for stage in (1, 2)]
    assert values == ["old", "new"]
    assert (found.after(2).counted_pods(), found.after(3).counted_pods()) == ({"web 1": 1}, {})

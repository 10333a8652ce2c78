"""The scenario's namespace may be the first object of its files; its labels are those of both."""

from pathlib import Path

import pytest

from canary_conformance.scenario.manifests import ManifestFolder, parse_manifests
from canary_conformance.scenario.namespace_names import Renaming, rename_manifests, rename_scenario
from canary_conformance.scenario.own_namespace import brought_by_file, with_labels
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, Scenario, Stage, WaitFor

OWN = ObjectRef("Namespace", "voting")
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: voting, labels: {team: a}}\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: app, namespace: voting}\n"


def folder(*documents: str) -> ManifestFolder:
    parsed = parse_manifests("---\n".join(documents).encode(), "a.yaml", "voting")
    assert not parsed.findings
    return ManifestFolder(Path(), {"a.yaml": parsed.manifests})


def scenario() -> Scenario:
    deploy = Stage(1, "deploy", (Apply("a.yaml", (OWN,), (), WaitFor.PODS),))
    return Scenario("s", "voting", {}, (deploy, Stage(6, "clean up", (Delete((OWN,)),))))


@pytest.mark.parametrize(
    ("documents", "brought"),
    [((NAMESPACE, SERVICE), True), ((SERVICE, NAMESPACE), False), ((SERVICE,), False)],
)
def test_only_the_very_first_object_brings_the_namespace(
    documents: tuple[str, ...], *, brought: bool
) -> None:
    assert (brought_by_file(scenario(), folder(*documents)) is not None) is brought


def test_the_files_labels_come_over_the_scenarios() -> None:
    body = {"metadata": {"name": "voting", "labels": {"team": "a"}, "annotations": {"x": "y"}}}
    made = with_labels(body, {"team": "b", "istio-injection": "enabled"})
    assert made["metadata"] == {
        "name": "voting",
        "labels": {"team": "a", "istio-injection": "enabled"},
        "annotations": {"x": "y"},
    }


def test_labels_that_are_none_are_left_to_the_server() -> None:
    body = {"metadata": {"name": "voting", "labels": ["a"]}}
    assert with_labels(body, {"team": "b"}) == body


def test_a_namespace_of_another_name_is_renamed_wherever_it_is_told() -> None:
    renaming = Renaming("voting", "voting-gw0", {}, {"a": "b"}, "gw0")
    renamed = rename_manifests(folder(NAMESPACE, SERVICE), renaming)
    assert [str(one.ref) for one in renamed.objects] == ["Namespace/voting-gw0", "Service/app"]
    assert renamed.objects[0].body["metadata"]["name"] == "voting-gw0"
    text = rename_scenario(scenario(), renaming)
    assert text.stages[0].required() == ["Namespace/voting-gw0 created"]
    assert brought_by_file(text, renamed) is not None

"""scenario.yaml is read whole or refused with every mistake's line, and its files have to be there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.errors import BadInput
from canary_conformance.scenario.scenario_file import parse_scenario_file
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Apply, Delete, MissingFiles, ObjectRef, Scenario, WaitFor
from canary_conformance.scenario.yaml_files import parse_yaml

pytestmark = pytest.mark.selftest

TOLD = """\
name: aks-voting-app
namespace: {name: voting, labels: {istio-injection: enabled}}
stages:
  - number: 1
    name: deploy
    steps:
      - apply: kubernetes/step-1.yaml
        created: [Deployment/voting-app-1-0, Service/voting-app]
        wait_for: pods
      - apply: istio/step-1.yaml
        created: [Gateway/voting-app-gateway]
        configured: [VirtualService/voting-app]
        wait_for: routes
  - number: 5
    name: finalize
    steps:
      - apply: istio/step-4.yaml
        configured: [VirtualService/voting-app]
        wait_for: routes
      - apply: istio/step-5.yaml
        configured: [DestinationRule/voting-app]
        wait_for: routes
      - delete: [Deployment/voting-app-1-0]
  - {number: 6, name: clean up, steps: [{delete: [Service/voting-app]}]}
"""
LAST = "steps: [{delete: [Service/voting-app]}]"
FILES = ("kubernetes/step-1.yaml", "istio/step-1.yaml", "istio/step-4.yaml", "istio/step-5.yaml")


def parse(text: str | bytes) -> Scenario:
    raw = text.encode() if isinstance(text, str) else text
    return parse_scenario_file(parse_yaml(raw, "scenario.yaml"), "scenario.yaml tells no scenario").scenario


def folder_with(root: Path, *files: str, told: str | None = TOLD) -> Path:
    root.mkdir()
    if told is not None:
        (root / "scenario.yaml").write_text(told, encoding="utf-8")
    for file in files:
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text("a: 1\n", encoding="utf-8")
    return root


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a folder as the repository's own: complete."""
    return folder_with(tmp_path / "own", *FILES)


def test_everything_that_is_told_is_there() -> None:
    scenario = parse(TOLD)
    assert (scenario.name, scenario.namespace) == ("aks-voting-app", "voting")
    assert dict(scenario.namespace_labels) == {"istio-injection": "enabled"}
    assert [(stage.number, stage.name) for stage in scenario.stages] == [
        (1, "deploy"),
        (5, "finalize"),
        (6, "clean up"),
    ]
    app, gateway = ObjectRef("Deployment", "voting-app-1-0"), ObjectRef("Gateway", "voting-app-gateway")
    route = ObjectRef("VirtualService", "voting-app")
    assert scenario.stage(1).steps == (
        Apply("kubernetes/step-1.yaml", (app, ObjectRef("Service", "voting-app")), (), WaitFor.PODS),
        Apply("istio/step-1.yaml", (gateway,), (route,), WaitFor.ROUTES),
    )
    assert scenario.stage(5).steps[-1] == Delete((app,))
    assert scenario.stage(6).steps == (Delete((ObjectRef("Service", "voting-app"),)),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("name: aks-voting-app", "naem: x", ":1: naem is unknown; did you mean name?"),
        ("name: aks-voting-app\n", "", ":1: the scenario has no name"),
        ("name: aks-voting-app", "name: [x]", ":1: name must be a short name"),
        ("{name: voting, labels: {istio-injection: enabled}}", "voting",
         ":2: namespace must have the keys name"),
        ("name: voting,", "name: Voting,", ":2: namespace.name must be a namespace's name"),
        ("name: voting,", "", ":2: namespace has no name"),
        ("{istio-injection: enabled}", "[x]", ":2: namespace.labels has to hold labels"),
        ("istio-injection: enabled", "istio-injection: true",
         ":2: namespace.labels.istio-injection must be a label's"),
        ("istio-injection: enabled", "'a b': x", ":2: namespace.labels.a b can't be the key of a label"),
        ("number: 1", "number: one", ":4: stages[0].number must be a number from 1 to 99"),
        ("number: 1", "number: true", ":4: stages[0].number must be a number from 1 to 99"),
        ("number: 1", "number: 100", ":4: stages[0].number must be a number from 1 to 99"),
        ("number: 1", "number: 5", ":14: stages[1].number is 5 again"),
        ("number: 1", "number: 7", ":14: stages[1].number is 5, after stage 7"),
        ("name: deploy", "name: deploy\n    extra: 1", ":6: stages[0].extra is unknown"),
        ("{number: 6, name: clean up, " + LAST + "}", "stage six",
         ":24: stages[2] must have the keys number, name, steps"),
        (LAST, "steps: []", ":24: stages[2].steps has no step"),
        (LAST, "steps: {}", ":24: stages[2].steps must be a list"),
        (LAST, "steps: [x]", ":24: stages[2].steps[0] must be a step with the key apply or delete"),
        (LAST, "steps: [{aply: x}]",
         ":24: stages[2].steps[0] must be a step with the key apply or delete"),
        (LAST, "steps: [{delete: []}]", ":24: stages[2].steps[0].delete deletes nothing"),
        (LAST, "steps: [{delete: x}]", ":24: stages[2].steps[0].delete must be a list"),
        ("- delete: [Deployment/voting-app-1-0]", "- delete: [voting-app]",
         ":23: stages[1].steps[2].delete[0] is not a valid object"),
        ("- delete: [Deployment/voting-app-1-0]", "- delete: [Deploymnt/a]", "did you mean Deployment?"),
        ("- delete: [Deployment/voting-app-1-0]", "- delete: [Namespace/default]",
         "the only namespace that a scenario may change is its own"),
        ("created: [Gateway", "created: [Namespace/other, Gateway",
         "has Namespace/other: the only namespace"),
        ("- delete: [Deployment/voting-app-1-0]", "- delete: [1]",
         ":23: stages[1].steps[2].delete[0] must be an object"),
        (", Service/voting-app]", ", Deployment/voting-app-1-0]",
         "created[1] has Deployment/voting-app-1-0 twice"),
        ("[Gateway/voting-app-gateway]", "[VirtualService/voting-app]",
         "VirtualService/voting-app, which is created too"),
        ("        created: [Gateway/voting-app-gateway]\n        configured: [VirtualService/voting-app]\n",
         "",
         ":10: stages[0].steps[1].apply has neither created nor configured objects"),
        ("wait_for: pods", "wait_for: pod", ":9: stages[0].steps[0].wait_for must be pods or routes"),
        ("        wait_for: pods\n", "", ":7: stages[0].steps[0] has no wait_for"),
        ("wait_for: pods", "wait_fr: pods",
         ":9: stages[0].steps[0].wait_fr is unknown; did you mean wait_for?"),
        ("kubernetes/step-1.yaml", "../step-1.yaml",
         ":7: stages[0].steps[0].apply '../step-1.yaml' leaves the manifests"),
        ("kubernetes/step-1.yaml", "a/../../b.yaml", "leaves the manifests folder"),
        ("kubernetes/step-1.yaml", "/etc/hosts", "leaves the manifests folder"),
        ("kubernetes/step-1.yaml", "a\\b.yaml", "leaves the manifests folder"),
        ("kubernetes/step-1.yaml", "./a.yaml", "isn't the plain path of a file"),
        ("kubernetes/step-1.yaml", ".", "isn't the plain path of a file"),
        ("kubernetes/step-1.yaml", '"a\\0b"', "must be the path of a file"),
        ("kubernetes/step-1.yaml", "''", "must be the path of a file"),
        ("kubernetes/step-1.yaml", "[a]", "must be the path of a file"),
        ("kubernetes/step-1.yaml", "a" * 251, "must be the path of a file"),
    ],
)  # fmt: skip
def test_each_mistake_is_refused_at_its_line(old: str, new: str, told: str) -> None:
    assert TOLD.count(old) >= 1
    with pytest.raises(BadInput) as caught:
        parse(TOLD.replace(old, new, 1))
    assert told in str(caught.value)
    assert str(caught.value).startswith("scenario.yaml tells no scenario:\n  scenario.yaml:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must be one YAML document, not 0"),
        ("# nothing\n", "one YAML document, not 0"),
        (TOLD + "---\n" + TOLD, "one YAML document, not 2"),
        ("[]", "the scenario must have the keys name, namespace, stages"),
        ("x", "the scenario must have the keys name, namespace, stages"),
        ("name: a\nnamespace: {name: b}\nstages: []\n", ":3: stages has no stage"),
        ("name: a\nnamespace: {name: b}\nstages:\n", ":3: stages must be a list"),
        ("a: [", "YAML doesn't parse"),
    ],
)
def test_what_is_no_scenario_at_all_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert told in str(caught.value)


def test_all_mistakes_are_listed_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        parse(TOLD.replace("wait_for: pods", "wait_for: x").replace("name: voting,", "name: 1,"))
    assert [line.split(": ")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        "scenario.yaml:2",
        "scenario.yaml:9",
    ]


def test_no_more_than_twenty_are_listed() -> None:
    with pytest.raises(BadInput, match="and 5 more") as caught:
        parse(TOLD + "".join(f"extra{number}: 1\n" for number in range(25)))
    assert len(str(caught.value).splitlines()) == 22


def test_clean_up_may_delete_the_namespace() -> None:
    scenario = parse(TOLD.replace(LAST, "steps: [{delete: [Namespace/voting]}]"))
    assert scenario.stage(6).steps == (Delete((ObjectRef("Namespace", "voting"),)),)


def test_labels_may_be_left_out() -> None:
    assert dict(parse(TOLD.replace(", labels: {istio-injection: enabled}", "")).namespace_labels) == {}


def test_folder_tells_its_own_scenario(own: Path) -> None:
    scenario = load_scenario(own)
    assert scenario.files() == FILES
    assert scenario.missing == ()
    assert load_scenario(own, fallback=own / "scenario.yaml") == scenario


def test_folder_without_scenario_is_judged_by_the_fallback(own: Path, tmp_path: Path) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES, told=None)
    assert load_scenario(theirs, fallback=own / "scenario.yaml") == load_scenario(own)
    with pytest.raises(BadInput, match=r"theirs has no scenario\.yaml"):
        load_scenario(theirs)


EXPECTED = "expected a folder with the YAML files of every stage"


def test_what_is_no_folder_of_manifests_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for name, told in (("nowhere", "does not exist"), ("file", "is a file"), ("empty", "is empty")):
        with pytest.raises(BadInput, match=f"{name}.* {told}") as refused:
            load_scenario(tmp_path / name)
        assert EXPECTED in str(refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("Chart.yaml", r"is a Helm chart \(Chart\.yaml\), .* `helm template`"),
        ("kustomization.yaml", r"is a kustomization .* `kubectl kustomize`"),
        ("kustomization.yml", r"is a kustomization"),
        ("Kustomization", r"is a kustomization"),
    ],
)
def test_a_folder_that_generates_manifests_is_refused(
    own: Path, tmp_path: Path, file: str, told: str
) -> None:
    theirs = folder_with(tmp_path / "theirs", file, told=None)
    with pytest.raises(BadInput, match=told) as refused:
        load_scenario(theirs, fallback=own / "scenario.yaml")
    assert EXPECTED in str(refused.value)


def test_a_chart_whose_folder_has_every_file_is_judged(own: Path, tmp_path: Path) -> None:
    theirs = folder_with(tmp_path / "theirs", "Chart.yaml", *FILES, told=None)
    assert load_scenario(theirs, fallback=own / "scenario.yaml").files() == FILES


def test_a_folder_with_other_names_is_told_which_files_are_absent_and_how_to_name_others(
    own: Path, tmp_path: Path
) -> None:
    theirs = folder_with(tmp_path / "theirs", "mine.yaml", told=None)
    with pytest.raises(BadInput, match="has none of the files that the scenario applies") as refused:
        load_scenario(theirs, fallback=own / "scenario.yaml")
    for told in (*FILES, "add a scenario.yaml"):
        assert told in str(refused.value)


@pytest.mark.parametrize("told", [TOLD, None])
def test_someone_elses_folder_may_lack_the_files_of_stage_5(
    own: Path, tmp_path: Path, told: str | None
) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES[:2], told=told)
    scenario = load_scenario(theirs, fallback=own / "scenario.yaml")
    assert scenario.missing == (MissingFiles(5, FILES[2:]),)
    assert scenario.files() == FILES[:2]
    assert (
        scenario.why_not(5)
        == "incomplete: the manifests folder has no istio/step-4.yaml and no istio/step-5.yaml"
    )


def test_one_file_of_stage_5_is_not_enough(own: Path, tmp_path: Path) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES[:3], told=None)
    assert load_scenario(theirs, fallback=own / "scenario.yaml").missing == (MissingFiles(5, FILES[3:]),)


def test_our_own_folder_may_lack_nothing(own: Path) -> None:
    (own / "istio/step-5.yaml").unlink()
    for fallback in (None, own / "scenario.yaml"):
        with pytest.raises(
            BadInput, match=r"stage 5 \(finalize\) applies istio/step-5\.yaml: the folder has no such"
        ):
            load_scenario(own, fallback=fallback)


def test_missing_file_of_another_stage_is_refused_with_folder_stage_and_file(
    own: Path, tmp_path: Path
) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES[1:], told=None)
    with pytest.raises(BadInput) as caught:
        load_scenario(theirs, fallback=own / "scenario.yaml")
    assert str(caught.value) == (
        f"the manifests folder {theirs} can't be judged:\n"
        "  scenario.yaml:7: stage 1 (deploy) applies kubernetes/step-1.yaml: the folder has no such file"
    )


def test_file_that_is_a_folder_is_refused(own: Path) -> None:
    (own / FILES[0]).unlink()
    (own / FILES[0]).mkdir()
    with pytest.raises(BadInput, match="it isn't a file"):
        load_scenario(own)


def test_link_out_of_the_folder_is_refused_and_within_it_is_fine(own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("a: 1\n", encoding="utf-8")
    (own / FILES[0]).unlink()
    (own / FILES[0]).symlink_to(own / FILES[1])
    assert load_scenario(own).files() == FILES
    (own / FILES[0]).unlink()
    (own / FILES[0]).symlink_to(secret)
    with pytest.raises(BadInput, match="it leads out of the folder by a symbolic link"):
        load_scenario(own)


def test_links_in_a_circle_are_refused(own: Path) -> None:
    (own / FILES[0]).unlink()
    (own / FILES[0]).symlink_to(own / FILES[0])
    with pytest.raises(BadInput, match=r"kubernetes/step-1\.yaml: "):
        load_scenario(own)


def test_folder_behind_a_link_is_the_same_folder(own: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(own)
    assert load_scenario(tmp_path / "link").files() == FILES


LINES = TOLD.splitlines(keepends=True)


@given(
    st.lists(
        st.sampled_from([*LINES, "      - delete: [A/b, 1, ~]\n", "  - 1\n", "? x\n", "&a [*a]\n"]),
        max_size=25,
    ),
    st.tuples(st.integers(0, len(TOLD)), st.binary(max_size=4)),
)
@settings(max_examples=150, deadline=None, database=None)
def test_any_text_is_a_scenario_or_refused(lines: list[str], hole: tuple[int, bytes]) -> None:
    at, junk = hole
    for raw in ("".join(lines).encode(), TOLD.encode()[:at] + junk + TOLD.encode()[at + len(junk) :]):
        try:
            assert parse(raw).stages
        except BadInput as refusal:
            assert str(refusal).count("\n") <= 21  # noqa: PT017  (either outcome is right)


def test_any_kind_that_a_cluster_may_serve_can_be_listed() -> None:
    listed = "Namespace/voting, ClusterRole/system:voting, Gateway.gateway.networking.k8s.io/g, Gateway"
    told = parse(TOLD.replace("created: [Gateway", f"created: [{listed}", 1))
    created = [str(ref) for step in told.stages[0].steps for ref in getattr(step, "created", ())]
    assert created[2:5] == [
        "Namespace/voting",
        "ClusterRole/system:voting",
        "Gateway.gateway.networking.k8s.io/g",
    ]

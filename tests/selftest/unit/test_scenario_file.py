"""scenario.yaml is read whole or refused with every mistake's line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.errors import BadInput
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, WaitFor
from tests.selftest.scenario_text import LAST, TOLD, parse


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
    pods, routes = (one.waits_at for one in scenario.stage(1).steps if isinstance(one, Apply))
    made = (app, ObjectRef("Service", "voting-app"))
    assert scenario.stage(1).steps == (
        Apply("kubernetes/step-1.yaml", made, (), WaitFor.PODS, pods),
        Apply("istio/step-1.yaml", (gateway,), (route,), WaitFor.ROUTES, routes),
    )
    lines = TOLD.splitlines()
    assert [lines[place.line - 1].strip() for place in (pods, routes) if place] == [
        "wait_for: pods",
        "wait_for: routes",
    ]
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

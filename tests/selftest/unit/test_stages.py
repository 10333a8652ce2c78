"""A scenario is a value: its stages, its files in order, and why a stage can't be judged."""

from dataclasses import replace

import pytest

from canary_conformance.errors import StageFailed
from canary_conformance.scenario.stages import (
    Apply,
    Delete,
    MissingFiles,
    ObjectRef,
    Scenario,
    Stage,
    WaitFor,
)

APP = ObjectRef("Deployment", "voting-app-1-0")
SCENARIO = Scenario(
    name="small",
    namespace="voting",
    namespace_labels={"istio-injection": "enabled"},
    stages=(
        Stage(
            1,
            "deploy",
            (Apply("a.yaml", (APP,), (), WaitFor.PODS), Apply("b.yaml", (), (APP,), WaitFor.ROUTES)),
        ),
        Stage(
            5,
            "finalize",
            (Apply("c.yaml", (), (APP,), WaitFor.ROUTES), Apply("a.yaml", (), (APP,), WaitFor.PODS)),
        ),
        Stage(6, "clean up", (Delete((APP,)),)),
    ),
)


def test_object_is_read_and_written_the_same() -> None:
    assert ObjectRef.parse("Deployment/voting-app-1-0") == APP
    assert str(APP) == "Deployment/voting-app-1-0"


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "Deployment", "Deployment/", "/voting-app", "deployment/voting-app", "Deployment/Voting",
        "Deployment/-a", "Deployment/a/b", "Deployment/a b", "Deployment/a\n", "Deployment /a",
        f"Deployment/{'a' * 254}",
    ],
)  # fmt: skip
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isn't an object|is not a valid name"):
        ObjectRef.parse(text)


def test_stage_is_found_by_its_number() -> None:
    assert SCENARIO.stage(5).name == "finalize"
    with pytest.raises(LookupError, match="scenario small has no stage 4; it has 1, 5, 6"):
        SCENARIO.stage(4)


def test_files_come_once_and_in_order() -> None:
    assert SCENARIO.files() == ("a.yaml", "b.yaml", "c.yaml")
    assert SCENARIO.files_up_to(1) == ("a.yaml", "b.yaml")
    assert SCENARIO.files_up_to(6) == ("a.yaml", "b.yaml", "c.yaml", "a.yaml")
    assert SCENARIO.stage(6).files() == ()


def test_missing_files_are_not_to_be_read_and_are_the_reason_for_a_skip() -> None:
    scenario = replace(SCENARIO, missing=(MissingFiles(5, ("c.yaml", "d.yaml")),))
    assert scenario.files() == ("a.yaml", "b.yaml")
    assert scenario.why_not(5) == "incomplete: the manifests folder has no c.yaml and no d.yaml"
    assert scenario.why_not(1) == ""


def test_stage_that_is_not_told_is_incomplete_too() -> None:
    assert SCENARIO.why_not(2) == "incomplete: scenario small has no stage 2"
    assert SCENARIO.why_not(5) == ""


def test_steps_read_like_what_they_do() -> None:
    apply, delete = SCENARIO.stages[0].steps[0], SCENARIO.stages[2].steps[0]
    assert (str(apply), str(delete)) == ("apply a.yaml", "delete Deployment/voting-app-1-0")


def test_failed_stage_tells_the_last_log_lines() -> None:
    assert str(StageFailed("image not found")) == "image not found"
    assert str(StageFailed("it crashes", ["one", "two"])) == "it crashes\nlast log lines:\n  one\n  two"

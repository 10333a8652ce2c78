"""What is applied again as it is changes nothing: it is reported, and never a failure."""

import pytest

from canary_conformance.verdicts import render
from canary_conformance.verdicts.exact_judges import listed_objects

LISTED = ["Deployment/a created", "Service/b configured"]


def test_unchanged_objects_are_no_failure_and_are_reported() -> None:
    verdict = listed_objects(LISTED)([*LISTED, "Service/c unchanged"])
    assert verdict.held
    assert verdict.remark == "Service/c unchanged (applied again word for word)"
    assert verdict.remark in render(verdict)


def test_without_any_nothing_is_reported() -> None:
    assert listed_objects(LISTED)(LISTED).remark == ""


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (["Deployment/a created", "Service/b unchanged"], "missing: Service/b configured"),
        ([*LISTED, "Service/c configured"], "Service/c configured"),
        (["Deployment/a unchanged", "Service/b configured"], "missing: Deployment/a created"),
        ([], "missing"),
    ],
)
def test_what_is_listed_has_to_be_changed_and_nothing_else(seen: list[str], words: str) -> None:
    verdict = listed_objects(LISTED)(seen)
    assert not verdict.held
    assert words in verdict.seen

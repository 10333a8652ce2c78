"""Two runs compared: what broke, what got better, what got slower."""

import copy

from canary_conformance.report.run_comparison import comparison_of, comparison_text
from tests.selftest.report_examples import report


def test_a_requirement_that_broke_has_its_line() -> None:
    found = comparison_of(report("green"), report("red"))
    assert [(one["id"], one["before"], one["after"]) for one in found["broke"]] == [
        ("R4.5", "holds", "FAILED")
    ]
    assert found["broke"][0]["place"] == "istio/step-3-add-routing-for-2.0-components.yaml:34"
    assert "broke: R4.5 holds -> FAILED" in comparison_text(found)


def test_the_other_way_round_it_got_better() -> None:
    found = comparison_of(report("red"), report("green"))
    assert found["broke"] == []
    assert [one["id"] for one in found["healed"]] == ["R4.5"]


def test_what_only_one_of_them_judged_neither_broke_nor_got_better() -> None:
    found = comparison_of(report("green"), report("incomplete"))
    assert found["broke"] == found["healed"] == []
    assert len(found["judged_by_one"]) == 34 - 5


def test_what_failed_in_both_still_fails() -> None:
    assert comparison_of(report("red"), report("red"))["still_failed"] == ["R4.5"]


def test_only_a_noticeable_difference_in_time_is_slower() -> None:
    before = report("green")
    after = copy.deepcopy(before)
    after["run"]["seconds"] = before["run"]["seconds"] * 2
    after["phases"][0]["seconds"] += 0.5
    found = comparison_of(before, after)
    assert [one["name"] for one in found["slower"]] == ["the run"]
    assert [one["name"] for one in comparison_of(after, before)["faster"]] == ["the run"]


def test_another_version_is_a_difference_and_equal_runs_have_none() -> None:
    before = report("green")
    after = copy.deepcopy(before)
    assert "no requirement, time or version differs" in comparison_text(comparison_of(before, after))
    after["ran_on"][0]["value"] = "another"
    assert [one["after"] for one in comparison_of(before, after)["ran_on"]] == ["another"]

import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.verdicts import expect, nothing
from canary_conformance.voting.static.model_questions import page
from canary_conformance.voting.static.outliving_data import outliving
from canary_conformance.voting.static.static_judges import answered_by, because, nothing_found
from canary_conformance.voting.static.static_objects import held_objects, left

requirement = pytest.mark.requirement


@requirement("R6.1")
def test_no_object_is_left(plan: Plan) -> None:
    model = plan.after(6)
    expect(left(model), because(nothing("objects left"), lambda: held_objects(model)))


@requirement("R6.1")
def test_nothing_outlives_the_namespace(plan: Plan) -> None:
    expect(outliving(plan), nothing_found("data and pods that outlive the namespace"))


@requirement("R6.1")
def test_nothing_answers_for_the_app_any_more(plan: Plan) -> None:
    expect({"GET /": page(plan.after(6))}, answered_by({"GET /": "connection refused"}, "requests"))

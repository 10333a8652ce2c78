import pytest

from fixtures.marks import requirement
from fixtures.routing.plan import Plan
from fixtures.static.asking import page
from fixtures.static.judges import answered_by, because
from fixtures.static.objects import held_objects, left
from fixtures.verdicts import expect, same

pytestmark = pytest.mark.static


@requirement("R6.1")
def test_no_object_is_left(plan: Plan) -> None:
    model = plan.after(6)
    expect(left(model), because(same((), "objects left"), lambda: held_objects(model)))


@requirement("R6.1")
def test_nothing_answers_for_the_app_any_more(plan: Plan) -> None:
    expect({"GET /": page(plan.after(6))}, answered_by({"GET /": "connection refused"}, "requests"))

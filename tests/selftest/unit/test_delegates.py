"""A route that delegates has the delegate's routes, each of them with the conditions of both."""

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import Ending
from tests.selftest.routing_support import OPEN, TWO, at_gate, istio, model, only, page

TO_2 = "route: [{destination: {host: web, subset: v2}}]"
TO_1 = "route: [{destination: {host: web, subset: v1}}]"
ASKS = "{headers: {x-a: {exact: a}}}"


def joined(delegate: str, match: str = ASKS, name: str = "canary", extra: str = "") -> Model:
    """Return the model of routes that delegate what matches, and lead the rest to version 1."""
    asked = f"match: [{match}]\n  " if match else ""
    root = at_gate(f"http:\n- {asked}delegate: {{name: {name}}}\n{extra}- {TO_1}\n")
    return model(TWO, OPEN, root, istio("VirtualService", "canary", f"http:\n{delegate}"))


def test_the_delegates_route_takes_what_the_route_asks_for() -> None:
    of = joined(f"- {TO_2}\n")
    assert only(page(of, x_a="a")).pods[0] == "web 2"
    assert only(page(of)).pods[0] == "web 1"
    assert (
        "VirtualService/web http[0] by VirtualService/canary http[0]"
        in only(page(of, x_a="a")).rules[0].sentence
    )
    assert of.references() == ()


def test_both_matches_have_to_match() -> None:
    of = joined(f"- match: [{{method: {{exact: POST}}}}]\n  {TO_2}\n")
    assert only(page(of, method="POST", x_a="a")).pods[0] == "web 2"
    assert only(page(of, x_a="a")).pods[0] == "web 1"
    assert only(page(of, method="POST")).pods[0] == "web 1"


def test_a_route_without_a_match_delegates_all() -> None:
    of = joined(f"- match: [{ASKS}]\n  {TO_2}\n", match="")
    assert only(page(of, x_a="a")).pods[0] == "web 2"
    assert only(page(of)).pods[0] == "web 1"


def test_a_delegate_that_is_not_there_leaves_its_route_out() -> None:
    of = joined(f"- {TO_2}\n", name="canari")
    assert only(page(of, x_a="a")).pods[0] == "web 1"
    sentences = [finding.sentence for finding in of.references()]
    assert "VirtualService/web http[0] delegates to VirtualService/canari, which does not exist" in sentences
    assert any("no route delegates to it" in sentence for sentence in sentences)


def test_a_delegate_that_is_shown_elsewhere_leaves_its_route_out() -> None:
    of = model(
        TWO,
        OPEN,
        at_gate(f"http:\n- match: [{ASKS}]\n  delegate: {{name: canary}}\n- {TO_1}\n"),
        istio("VirtualService", "canary", f"exportTo: [other]\nhttp:\n- {TO_2}\n"),
    )
    assert only(page(of, x_a="a")).pods[0] == "web 1"


def test_what_istio_may_take_for_a_conflict_is_unknown() -> None:
    of = joined(f"- match: [{{headers: {{x-a: {{prefix: a}}}}}}]\n  {TO_2}\n")
    assert only(page(of)).ending is Ending.UNKNOWN


def test_what_a_delegate_takes_over_is_unknown() -> None:
    of = model(
        TWO,
        OPEN,
        at_gate("http:\n- delegate: {name: canary}\n  timeout: 1s\n"),
        istio("VirtualService", "canary", f"http:\n- {TO_2}\n"),
    )
    assert only(page(of)).ending is Ending.UNKNOWN

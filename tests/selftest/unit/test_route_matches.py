"""Which HTTP route takes a request: matches, and their order."""

import pytest

from canary_conformance.model.objects.questions import Ending
from tests.selftest.routing_support import OPEN, TWO, at_gate, at_ingress, model, only, page

TO_2 = "route: [{destination: {host: web, subset: v2, port: {number: 8080}}}]"
TO_1 = "route: [{destination: {host: web, subset: v1, port: {number: 8080}}}]"


def split(match: str) -> str:
    """Requests that match go to version 2, all others to version 1."""
    return at_gate(f"http:\n- match: [{match}]\n  {TO_2}\n- {TO_1}\n")


def goes_to(match: str, path: str = "/", host: str = "192.0.2.1", method: str = "GET", **headers: str) -> str:
    answer = page(model(TWO, OPEN, split(match)), host, path, method, **headers)
    return only(answer).pods[0]


@pytest.mark.parametrize(
    ("match", "value", "version"),
    [
        ("{exact: a}", "a", 2),
        ("{exact: a}", "ab", 1),
        ("{exact: a}", "A", 1),
        ("{prefix: a}", "ab", 2),
        ("{prefix: a}", "ba", 1),
        ("{regex: a}", "a", 2),
        ("{regex: a}", "ab", 1),
        ("{regex: a}", "ba", 1),
        ("{regex: 'a.*'}", "ab", 2),
        ("{regex: '^a.*$'}", "ab", 2),
        ("{regex: '(?i)A'}", "a", 2),
        ("{regex: '*'}", "anything", 2),
        ("{}", "anything", 2),
        ("{regex: 'a|b'}", "b", 2),
        ("{regex: 'ä'}", "ä", 2),
    ],
)
def test_a_header_is_compared_as_a_whole(match: str, value: str, version: int) -> None:
    assert goes_to(f"{{headers: {{x-a: {match}}}}}", x_a=value) == f"web {version}"


def test_a_header_that_is_not_sent_matches_nothing() -> None:
    for match in ("{exact: ''}", "{prefix: ''}", "{regex: '.*'}", "{}"):
        assert goes_to(f"{{headers: {{x-a: {match}}}}}") == "web 1"


def test_names_of_headers_are_in_any_case() -> None:
    assert goes_to("{headers: {X-Flag: {exact: a}}}", x_FLAG="a") == "web 2"


def test_all_of_an_item_has_to_match_and_any_item_does() -> None:
    both = "{headers: {x-a: {exact: a}, x-b: {exact: b}}}"
    assert goes_to(both, x_a="a") == "web 1"
    assert goes_to(both, x_a="a", x_b="b") == "web 2"
    any_of = "{headers: {x-a: {exact: a}}}, {headers: {x-b: {exact: b}}}"
    assert goes_to(any_of, x_b="b") == "web 2"


def test_without_headers() -> None:
    for match, sent, version in [
        ("{exact: a}", "a", 1),
        ("{exact: a}", "b", 2),
        ("{regex: 'a.*'}", "ab", 1),
        ("{}", "a", 1),
    ]:
        assert goes_to(f"{{withoutHeaders: {{x-a: {match}}}}}", x_a=sent) == f"web {version}"
    assert goes_to("{withoutHeaders: {x-a: {exact: a}}}") == "web 2"
    assert goes_to("{withoutHeaders: {x-a: {}}}") == "web 2"
    # An absent header counts as an empty one.
    assert goes_to("{withoutHeaders: {x-a: {regex: '.*'}}}") == "web 1"


@pytest.mark.parametrize(
    ("match", "path", "version"),
    [
        ("{uri: {exact: /a}}", "/a", 2),
        ("{uri: {exact: /a}}", "/a?b=1", 2),
        ("{uri: {exact: /a}}", "/A", 1),
        ("{uri: {exact: /a}, ignoreUriCase: true}", "/A", 2),
        ("{uri: {prefix: /a}}", "/ab", 2),
        ("{uri: {prefix: /a}}", "/b/a", 1),
        ("{uri: {regex: '/a/.'}}", "/a/b", 2),
        ("{uri: {regex: '/a'}}", "/a/b", 1),
        ("{queryParams: {q: {exact: '1'}}}", "/?q=1", 2),
        ("{queryParams: {q: {exact: '1'}}}", "/?q=2", 1),
        ("{queryParams: {q: {exact: '1'}}}", "/", 1),
    ],
)
def test_path_and_query(match: str, path: str, version: int) -> None:
    assert goes_to(match, path) == f"web {version}"


def test_method_authority_scheme_and_port() -> None:
    assert goes_to("{method: {exact: POST}}", method="POST") == "web 2"
    assert goes_to("{method: {exact: POST}}") == "web 1"
    assert goes_to("{authority: {exact: a.example}}", host="a.example") == "web 2"
    assert goes_to("{authority: {exact: a.example}}", host="b.example") == "web 1"
    assert goes_to("{scheme: {exact: https}}") == "web 1"
    assert goes_to("{scheme: {exact: http}}") == "web 2"
    assert goes_to("{port: 80}") == "web 2"
    assert goes_to("{port: 8080}") == "web 1"


def test_gateways_and_the_source_in_a_match() -> None:
    assert goes_to("{gateways: [gate]}") == "web 2"
    assert goes_to("{gateways: [mesh]}") == "web 1"
    # An HTTP match that names gateways isn't asked for labels.
    assert goes_to("{gateways: [gate], sourceLabels: {app: x}}") == "web 2"
    assert goes_to("{sourceLabels: {istio: ingressgateway}}") == "web 2"
    assert goes_to("{sourceLabels: {app: web}}") == "web 1"
    assert goes_to("{sourceNamespace: istio-system}") == "web 2"
    assert goes_to("{sourceNamespace: voting}") == "web 1"


def test_the_first_route_that_matches_wins() -> None:
    of = at_ingress(f"http:\n- {TO_1}\n- match: [{{uri: {{prefix: /}}}}]\n  {TO_2}\n")
    assert only(page(of)).pods[0] == "web 1"


def test_no_route_that_matches_is_404() -> None:
    of = at_ingress(f"http:\n- match: [{{uri: {{exact: /a}}}}]\n  {TO_1}\n")
    assert only(page(of)).ending is Ending.NO_ROUTE
    [passed] = page(of).passed_over
    assert str(passed) == "3.yaml:8: VirtualService/web http[0]: path '/' is not '/a'"

"""Which HTTP route takes a request: matches, their order, weights, faults, and what answers by itself."""

from __future__ import annotations

from fractions import Fraction

import pytest

from canary_conformance.model.objects.questions import Ending, Outcome, Source, Wire
from tests.selftest.routing_support import (
    CLIENT,
    OPEN,
    TWO,
    at_gate,
    call,
    deployment,
    documents,
    endings,
    in_mesh,
    model,
    only,
    page,
    service,
)

pytestmark = pytest.mark.selftest

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
    of = model(TWO, OPEN, at_gate(f"http:\n- {TO_1}\n- match: [{{uri: {{prefix: /}}}}]\n  {TO_2}\n"))
    assert only(page(of)).pods[0] == "web 1"


def test_no_route_that_matches_is_404() -> None:
    of = model(TWO, OPEN, at_gate(f"http:\n- match: [{{uri: {{exact: /a}}}}]\n  {TO_1}\n"))
    assert only(page(of)).ending is Ending.NO_ROUTE
    [passed] = page(of).passed_over
    assert str(passed) == "3.yaml:8: VirtualService/web http[0]: path '/' has to be '/a'"


def test_weights_are_shares() -> None:
    of = model(
        TWO,
        OPEN,
        at_gate("""
        http:
        - route:
          - {weight: 99, destination: {host: web, subset: v1, port: {number: 8080}}}
          - {weight: 1, destination: {host: web, subset: v2, port: {number: 8080}}}
        """),
    )
    assert page(of).share_of("web 2") == Fraction(1, 100)
    assert page(of).share_of("web 1") == Fraction(99, 100)


def test_weights_need_not_add_up_to_100_and_none_is_none() -> None:
    of = model(
        TWO,
        OPEN,
        at_gate("""
        http:
        - route:
          - {weight: 3, destination: {host: web, subset: v1, port: {number: 8080}}}
          - {weight: 1, destination: {host: web, subset: v2, port: {number: 8080}}}
          - {destination: {host: nowhere}}
        """),
    )
    assert page(of).share_of("web 2") == Fraction(1, 4)
    assert endings(page(of)) == {"served": 1}


def test_the_only_destination_takes_all_whatever_its_weight() -> None:
    for weight in (0, 1, 50):
        of = model(
            TWO,
            OPEN,
            at_gate(
                f"http: [{{route: [{{weight: {weight}, destination: "
                "{host: web, subset: v2, port: {number: 8080}}}]}]"
            ),
        )
        assert only(page(of)).pods == ("web 2",)


def test_weights_of_nothing_are_unknown() -> None:
    of = model(TWO, OPEN, at_gate("http: [{route: [{destination: {host: web}}, {destination: {host: a}}]}]"))
    assert only(page(of)).ending is Ending.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("{abort: {httpStatus: 500, percentage: {value: 100}}}", {"injected fault": 1}),
        ("{abort: {httpStatus: 500, percentage: {value: 1}}}", {"injected fault": 0.01, "served": 0.99}),
        ("{abort: {httpStatus: 500, percentage: {value: 0.1}}}", {"injected fault": 0.001, "served": 0.999}),
        ("{abort: {httpStatus: 500, percentage: {value: 0}}}", {"served": 1}),
        ("{abort: {httpStatus: 500}}", {"served": 1}),
        ("{delay: {fixedDelay: 5s, percentage: {value: 10}}}", {"injected fault": 0.1, "served": 0.9}),
        ("{delay: {fixedDelay: 5s, percent: 10}}", {"injected fault": 0.1, "served": 0.9}),
        (
            "{delay: {fixedDelay: 5s, percentage: {value: 50}}, "
            "abort: {httpStatus: 500, percentage: {value: 50}}}",
            {"injected fault": 0.75, "served": 0.25},
        ),
        ("{abort: {httpStatus: 500, percentage: {value: many}}}", {"unknown": 1}),
        ("{delay: {exponentialDelay: 5s, percentage: {value: 1}}}", {"unknown": 1}),
    ],
)
def test_faults_meet_their_share(fault: str, wanted: dict[str, float]) -> None:
    answer = page(model(TWO, OPEN, at_gate(f"http:\n- fault: {fault}\n  {TO_1}")))
    assert endings(answer) == {ending: Fraction(str(share)) for ending, share in wanted.items()}


def test_a_delayed_request_tells_who_serves_it_after_all() -> None:
    fault = "{delay: {fixedDelay: 5s, percentage: {value: 100}}}"
    outcome = only(page(model(TWO, OPEN, at_gate(f"http:\n- fault: {fault}\n  {TO_2}"))))
    assert (outcome.pods, outcome.wire) == (("web 2",), Wire.MTLS)
    assert outcome.reason == "delayed by 5s, then served"


def test_redirect_and_direct_response() -> None:
    redirect = model(TWO, OPEN, at_gate("http: [{redirect: {uri: /a}}]"))
    assert only(page(redirect)).ending is Ending.REDIRECT
    direct = model(TWO, OPEN, at_gate("http: [{directResponse: {status: 503}}]"))
    assert only(page(direct)).ending is Ending.FAULT
    assert only(page(direct)).reason == "status 503"


def test_what_does_not_change_who_answers_is_passed_over() -> None:
    extra = (
        "rewrite: {authority: b}, headers: {request: {set: {a: b}}}, retries: {attempts: 3}, timeout: 10s, "
        "mirror: {host: web, subset: v2}, corsPolicy: {}, name: a"
    )
    of = model(TWO, OPEN, at_gate(f"http: [{{{extra}, {TO_1}}}]"))
    assert only(page(of)).pods[0] == "web 1"


@pytest.mark.parametrize(
    ("match", "uri", "path", "asked"),
    [
        ("", "/b", "/", "/b"),
        ("", "/", "/a?q=1", ""),
        ("", "/b/", "/a?q=1", "/b/a?q=1"),
        ("uri: {prefix: /a}", "/b", "/a/c", "/b/c"),
        ("uri: {prefix: /}", "/", "/a", ""),
        ("uri: {exact: /a}", "/b", "/a", "/b"),
        ("uri: {regex: '/a.*'}", "/b", "/a/c?q", "/b?q"),
    ],
)
def test_a_path_that_is_rewritten_is_another_page(match: str, uri: str, path: str, asked: str) -> None:
    matches = f"match: [{{{match}}}], " if match else ""
    of = model(TWO, OPEN, at_gate(f"http: [{{{matches}rewrite: {{uri: {uri}}}, {TO_1}}}]"))
    outcome = only(page(of, path=path))
    assert outcome.reason == (f"the pod gets the path {asked}" if asked else "")
    assert outcome.ending is (Ending.REWRITTEN if asked else Ending.SERVED)


@pytest.mark.parametrize(
    "route",
    [
        "{delegate: {name: other}}",
        "{rewrite: {uriRegexRewrite: {match: a, rewrite: b}}, route: [{destination: {host: web}}]}",
        "{timeout: 500ms, route: [{destination: {host: web}}]}",
        "{route: [{destination: {host: web, port: {number: many}}}]}",
        "{route: web}",
        "{match: [{headers: {a: {regex: '('}}}], route: [{destination: {host: web}}]}",
        "{match: [{headers: {a: {exact: a, prefix: b}}}], route: [{destination: {host: web}}]}",
        "{match: [{headers: {'@request.auth.claims.a': {exact: a}}}], route: [{destination: {host: web}}]}",
        "{}",
    ],
)
def test_what_the_model_does_not_speak_is_unknown(route: str) -> None:
    outcome = only(page(model(TWO, OPEN, at_gate(f"http: [{route}]"))))
    assert outcome.ending is Ending.UNKNOWN
    assert outcome.rules[0].place is not None
    assert "VirtualService/web spec.http[0]" in outcome.reason


class TestInTheMesh:
    def test_sources_are_told_apart_by_labels(self) -> None:
        rule = in_mesh(f"http:\n- match: [{{sourceLabels: {{app: client}}}}]\n  {TO_2}\n- {TO_1}\n")
        of = model(TWO, rule)
        assert only(call(of)).pods == ("web 2",)
        assert only(call(of, source=Source("other", {"app": "other"}))).pods[0] == "web 1"

    def test_a_source_that_no_route_is_for_gets_the_services_default(self) -> None:
        of = model(TWO, in_mesh(f"http:\n- match: [{{sourceLabels: {{app: other}}}}]\n  {TO_2}\n"))
        assert set(only(call(of)).pods) == {"web 1", "web 2"}
        [passed] = call(of).passed_over
        assert passed.sentence.endswith("the source isn't labelled app=other")

    def test_a_request_that_no_route_matches_is_404_all_the_same(self) -> None:
        of = model(TWO, in_mesh(f"http:\n- match: [{{headers: {{a: {{exact: a}}}}}}]\n  {TO_2}\n"))
        assert only(call(of)).ending is Ending.NO_ROUTE

    def test_routes_of_a_gateway_do_not_count(self) -> None:
        of = model(TWO, OPEN, at_gate(f"http: [{{{TO_2}}}]"))
        assert set(only(call(of)).pods) == {"web 1", "web 2"}

    def test_a_route_for_both(self) -> None:
        both = at_gate(f"http: [{{{TO_2}}}]").replace("[gate]", "[gate, mesh]").replace("'*'", "web")
        of = model(TWO, OPEN, both)
        assert only(call(of)).pods == ("web 2",)
        assert only(page(of, "web.voting.svc.cluster.local")).pods == ("web 2",)

    def test_of_two_for_one_host_the_oldest_counts(self) -> None:
        first = in_mesh(f"http: [{{{TO_2}}}]", name="z")
        second = in_mesh(f"http: [{{{TO_1}}}]", name="a")
        assert only(call(model(TWO, first, second))).pods == ("web 2",)
        # Of one file, and so of one second: by name.
        assert only(call(model(TWO, documents(first, second)))).pods[0] == "web 1"

    def test_a_younger_one_counts_where_the_oldest_has_no_route_for_the_source(self) -> None:
        first = in_mesh(f"http: [{{match: [{{sourceLabels: {{app: x}}}}], {TO_1}}}]", name="first")
        second = in_mesh(f"http: [{{{TO_2}}}]", name="second")
        assert only(call(model(TWO, first, second))).pods == ("web 2",)

    def test_hosts_by_any_form_istio_takes(self) -> None:
        for host, counts in [
            ("web", True),
            ("web.voting.svc.cluster.local", True),
            ("*.voting.svc.cluster.local", True),
            ("web.voting", False),
            ("other", False),
        ]:
            found = only(call(model(TWO, in_mesh(f"http: [{{{TO_2}}}]", host=host)))).pods
            assert (found == ("web 2",)) is counts, host

    def test_one_for_the_very_host_beats_one_for_many(self) -> None:
        wide = in_mesh(f"http: [{{{TO_1}}}]", host="*.cluster.local", name="wide")
        assert only(call(model(TWO, wide, in_mesh(f"http: [{{{TO_2}}}]")))).pods == ("web 2",)

    def test_one_that_is_not_exported_here_does_not_count(self) -> None:
        hidden = in_mesh(f"exportTo: [elsewhere]\nhttp: [{{{TO_2}}}]")
        assert len(only(call(model(TWO, hidden))).pods) == 4

    def test_one_without_hosts_counts_nowhere(self) -> None:
        answer = call(model(TWO, in_mesh(f"http: [{{{TO_2}}}]").replace("hosts: ['web']", "hosts: []")))
        assert len(only(answer).pods) == 4
        assert [str(rule) for rule in answer.passed_over] == ["2.yaml:1: VirtualService/web: has no host"]

    def test_one_whose_hosts_can_not_be_read_may_count_anywhere(self) -> None:
        unread = in_mesh(f"http: [{{{TO_2}}}]").replace("hosts: ['web']", "hosts: web")
        assert only(call(model(TWO, unread))).ending is Ending.UNKNOWN

    def test_http_routes_do_not_count_at_a_tcp_port(self) -> None:
        tcp = service("web", "{name: tcp, port: 8080, targetPort: http}")
        assert len(only(call(model(TWO, tcp, in_mesh(f"http: [{{{TO_2}}}]")))).pods) == 4

    def test_a_pod_without_a_sidecar_is_not_routed(self) -> None:
        of = model(TWO, in_mesh(f"http: [{{{TO_2}}}]"))
        alone = Source("alone", CLIENT.labels, sidecar=False)
        assert only(call(of, source=alone)).wire is Wire.PLAIN
        assert len(only(call(of, source=alone)).pods) == 4

    def test_a_destination_without_a_port_gets_the_callers(self) -> None:
        two_ports = "{name: http, port: 8080}, {name: http-b, port: 81, targetPort: 8080}"
        of = model(
            deployment("web"),
            service("web", two_ports),
            in_mesh("http: [{route: [{destination: {host: web}}]}]"),
        )
        assert only(call(of, port=81)).ending is Ending.SERVED

    def test_a_destination_that_is_not_there_is_503(self) -> None:
        for destination in ("host: nowhere", "host: web, subset: v3", "host: web, port: {number: 9000}"):
            of = model(TWO, in_mesh(f"http: [{{route: [{{destination: {{{destination}}}}}]}}]"))
            assert only(call(of)).ending is Ending.UNAVAILABLE


def limited(limits: str) -> Outcome:
    return only(page(model(TWO, OPEN, at_gate(f"http: [{{{limits}, {TO_1}}}]"))))


def called(limits: str) -> Outcome:
    return only(call(model(TWO, in_mesh(f"http: [{{{limits}, {TO_1}}}]"))))


class TestTimeLimits:
    """A page takes about 10 ms: a shorter limit lets none through, one of seconds all."""

    @pytest.mark.parametrize(
        ("limits", "ending"),
        [
            ("timeout: 1ms", Ending.TIMED_OUT),
            ("timeout: 0.005s", Ending.TIMED_OUT),
            ("retries: {attempts: 1, perTryTimeout: 1ms, retryOn: 5xx}", Ending.TIMED_OUT),
            ("retries: {attempts: 2, perTryTimeout: 5ms}", Ending.TIMED_OUT),
            ("timeout: 10s, retries: {attempts: 2, perTryTimeout: 5ms}", Ending.TIMED_OUT),
            ("timeout: 50ms", Ending.UNKNOWN),
            ("retries: {attempts: 3, perTryTimeout: 500ms}", Ending.UNKNOWN),
            ("timeout: 10ms", Ending.UNKNOWN),
            ("timeout: 2s", Ending.SERVED),
            ("timeout: 0s", Ending.SERVED),
            ("timeout: 1h30m", Ending.SERVED),
            ("retries: {attempts: 3, perTryTimeout: 2s}", Ending.SERVED),
            ("retries: {attempts: 0, perTryTimeout: 1ms}", Ending.SERVED),
            ("retries: {perTryTimeout: 1ms}", Ending.SERVED),
            ("retries: {attempts: 3}", Ending.SERVED),
        ],
    )
    def test_of_pages(self, limits: str, ending: Ending) -> None:
        assert limited(limits).ending is ending

    def test_between_pods_answers_are_faster(self) -> None:
        assert called("timeout: 1ms").ending is Ending.TIMED_OUT
        assert called("timeout: 5ms").ending is Ending.UNKNOWN

    def test_the_field_is_named_with_its_line(self) -> None:
        outcome = limited("retries: {attempts: 1, perTryTimeout: 1ms}")
        assert outcome.reason == (
            "VirtualService/web spec.http[0].retries.perTryTimeout: 1ms is too short: pages take about 10 ms"
        )
        assert outcome.rules[0].place is not None

    def test_what_fails_at_once_fails_as_it_would_without_a_limit(self) -> None:
        nowhere = "http: [{timeout: 1ms, route: [{destination: {host: nowhere}}]}]"
        assert only(page(model(TWO, OPEN, at_gate(nowhere)))).ending is Ending.UNAVAILABLE


class TestHeaders:
    @pytest.mark.parametrize(
        "headers",
        [
            "response: {set: {set-cookie: visitor=1}}",
            "response: {set: {Set-Cookie: visitor=1}}",
            "response: {remove: [set-cookie]}",
            "response: {remove: [server, Set-Cookie], add: {set-cookie: visitor=1}}",
        ],
    )
    def test_what_loses_the_applications_cookie(self, headers: str) -> None:
        outcome = limited(f"headers: {{{headers}}}")
        assert outcome.loses_cookie is not None
        assert "Set-Cookie of the application's answers" in outcome.loses_cookie.sentence

    def test_at_a_destination_too(self) -> None:
        route = "route: [{destination: {host: web}, headers: {response: {remove: [set-cookie]}}}]"
        assert only(page(model(TWO, OPEN, at_gate(f"http: [{{{route}}}]")))).loses_cookie

    @pytest.mark.parametrize(
        "headers",
        [
            "response: {add: {set-cookie: visitor=1}}",
            "response: {set: {x-version: canary}, remove: [server]}",
            "request: {set: {x-canary: 'yes'}, remove: [x-debug]}",
            "request: {remove: [set-cookie]}",
        ],
    )
    def test_what_leaves_the_page_as_it_is(self, headers: str) -> None:
        outcome = limited(f"headers: {{{headers}}}")
        assert (outcome.ending, outcome.loses_cookie, outcome.unclear) == (Ending.SERVED, None, None)

    @pytest.mark.parametrize(
        "headers", ["request: {remove: [cookie]}", "response: {set: {content-security-policy: none}}"]
    )
    def test_what_a_browser_may_take_either_way(self, headers: str) -> None:
        outcome = limited(f"headers: {{{headers}}}")
        assert outcome.ending is Ending.SERVED
        assert outcome.unclear is not None

    @pytest.mark.parametrize(
        "headers", ["response: {set: {location: /}}", "request: {set: {content-type: text/plain}}"]
    )
    def test_what_may_keep_the_page_from_coming(self, headers: str) -> None:
        assert limited(f"headers: {{{headers}}}").ending is Ending.UNKNOWN


class TestCopies:
    @pytest.mark.parametrize(
        ("copies", "pods"),
        [
            ("mirror: {host: web, subset: v2}", ("web 2",)),
            ("mirror: {host: web, subset: v2}, mirrorPercentage: {value: 0}", None),
            ("mirror: {host: web, subset: v2}, mirrorPercentage: {value: 0.1}", ("web 2",)),
            ("mirrors: [{destination: {host: web, subset: v2}, percentage: {value: 5}}]", ("web 2",)),
            ("mirrors: [{destination: {host: web, subset: v2}, percentage: {value: 0}}]", None),
            ("mirror: {host: nowhere}", ()),
        ],
    )
    def test_where_they_end(self, copies: str, pods: tuple[str, ...] | None) -> None:
        answer = call(model(TWO, in_mesh(f"http: [{{{copies}, {TO_1}}}]")))
        assert [copy.pods for copy in answer.copies] == ([] if pods is None else [pods])
        assert only(answer).pods[0] == "web 1"

    def test_only_those_of_the_route_that_is_taken(self) -> None:
        routes = (
            f"http:\n- match: [{{uri: {{prefix: /x}}}}]\n  mirror: {{host: web, subset: v2}}\n  {TO_1}\n"
            f"- {TO_1}\n"
        )
        assert call(model(TWO, in_mesh(routes))).copies == ()

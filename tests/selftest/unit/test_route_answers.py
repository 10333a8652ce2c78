"""What a route makes of a request: shares, faults, time limits, headers, rewrites and copies."""

from fractions import Fraction

import pytest

from canary_conformance.model.objects.questions import Ending, Outcome, Wire
from tests.selftest.routing_support import at_ingress, between_pods, call, endings, only, page

TO_2 = "route: [{destination: {host: web, subset: v2, port: {number: 8080}}}]"


TO_1 = "route: [{destination: {host: web, subset: v1, port: {number: 8080}}}]"


def test_weights_are_shares() -> None:
    of = at_ingress("""
        http:
        - route:
          - {weight: 99, destination: {host: web, subset: v1, port: {number: 8080}}}
          - {weight: 1, destination: {host: web, subset: v2, port: {number: 8080}}}
        """)
    assert page(of).share_of("web 2") == Fraction(1, 100)
    assert page(of).share_of("web 1") == Fraction(99, 100)


def test_weights_need_not_add_up_to_100_and_none_is_none() -> None:
    of = at_ingress("""
        http:
        - route:
          - {weight: 3, destination: {host: web, subset: v1, port: {number: 8080}}}
          - {weight: 1, destination: {host: web, subset: v2, port: {number: 8080}}}
          - {destination: {host: nowhere}}
        """)
    assert page(of).share_of("web 2") == Fraction(1, 4)
    assert endings(page(of)) == {"served": 1}


def test_the_only_destination_takes_all_whatever_its_weight() -> None:
    for weight in (0, 1, 50):
        of = at_ingress(
            f"http: [{{route: [{{weight: {weight}, destination: "
            "{host: web, subset: v2, port: {number: 8080}}}]}]"
        )
        assert only(page(of)).pods == ("web 2",)


def test_weights_of_nothing_are_unknown() -> None:
    of = at_ingress("http: [{route: [{destination: {host: web}}, {destination: {host: a}}]}]")
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
    answer = page(at_ingress(f"http:\n- fault: {fault}\n  {TO_1}"))
    assert endings(answer) == {ending: Fraction(str(share)) for ending, share in wanted.items()}


def test_a_delayed_request_tells_who_serves_it_after_all() -> None:
    fault = "{delay: {fixedDelay: 5s, percentage: {value: 100}}}"
    outcome = only(page(at_ingress(f"http:\n- fault: {fault}\n  {TO_2}")))
    assert (outcome.pods, outcome.wire) == (("web 2",), Wire.MTLS)
    assert outcome.reason == "delayed by 5s, then served"


def test_redirect_and_direct_response() -> None:
    redirect = at_ingress("http: [{redirect: {uri: /a}}]")
    assert only(page(redirect)).ending is Ending.REDIRECT
    direct = at_ingress("http: [{directResponse: {status: 503}}]")
    assert only(page(direct)).ending is Ending.FAULT
    assert only(page(direct)).reason == "status 503"


def test_what_does_not_change_who_answers_is_passed_over() -> None:
    extra = (
        "rewrite: {authority: b}, headers: {request: {set: {a: b}}}, retries: {attempts: 3}, timeout: 10s, "
        "mirror: {host: web, subset: v2}, corsPolicy: {}, name: a"
    )
    of = at_ingress(f"http: [{{{extra}, {TO_1}}}]")
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
    of = at_ingress(f"http: [{{{matches}rewrite: {{uri: {uri}}}, {TO_1}}}]")
    outcome = only(page(of, path=path))
    assert outcome.reason == (f"the pod gets the path {asked}" if asked else "")
    assert outcome.ending is (Ending.REWRITTEN if asked else Ending.SERVED)


@pytest.mark.parametrize(
    "route",
    [
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
def test_what_the_model_does_not_support_is_unknown(route: str) -> None:
    outcome = only(page(at_ingress(f"http: [{route}]")))
    assert outcome.ending is Ending.UNKNOWN
    assert outcome.rules[0].place is not None
    assert "VirtualService/web spec.http[0]" in outcome.reason


def limited(limits: str) -> Outcome:
    return only(page(at_ingress(f"http: [{{{limits}, {TO_1}}}]")))


def called(limits: str) -> Outcome:
    return only(call(between_pods(f"http: [{{{limits}, {TO_1}}}]")))


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
        assert only(page(at_ingress(nowhere))).ending is Ending.UNAVAILABLE


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
        assert only(page(at_ingress(f"http: [{{{route}}}]"))).loses_cookie

    @pytest.mark.parametrize(
        "headers",
        [
            "response: {add: {set-cookie: visitor=1}}",
            "response: {set: {x-version: canary}, remove: [server]}",
            "request: {set: {x-canary: 'yes'}, remove: [x-debug]}",
            "request: {remove: [set-cookie]}",
            "response: {set: {x-host: '%HOSTNAME% 100%%'}}",
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
        "headers",
        [
            "response: {set: {location: /}}",
            "request: {set: {content-type: text/plain}}",
            # Envoy knows no such variable and refuses all routes; a server answers 400 to such a name.
            "response: {set: {x-pod: '%POD_NAME%'}}",
            "request: {set: {'x release': two}}",
        ],
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
        answer = call(between_pods(f"http: [{{{copies}, {TO_1}}}]"))
        assert [copy.pods for copy in answer.copies] == ([] if pods is None else [pods])
        assert only(answer).pods[0] == "web 1"

    def test_only_those_of_the_route_that_is_taken(self) -> None:
        routes = (
            f"http:\n- match: [{{uri: {{prefix: /x}}}}]\n  mirror: {{host: web, subset: v2}}\n  {TO_1}\n"
            f"- {TO_1}\n"
        )
        assert call(between_pods(routes)).copies == ()

"""Which requests reach which version is decided for all of them; a simple one shows a difference."""

import pytest

from canary_conformance.voting.feature_flag import OPENS
from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, with_object, words_of
from tests.selftest.manifest_files import EVERYONE, ROUTING

COOKIE = f"            cookie:\n              regex: '{OPENS}'\n"
CANARY = f"    - match:\n        - headers:\n{COOKIE}"
TO_2_0 = (
    "      route:\n        - destination:\n            host: voting-app\n            subset: v2-0\n"
    "            port:\n              number: 8080\n"
)
TO_1_0 = TO_2_0.replace("v2-0", "v1-0")
CHAIN = '    - match:\n        - sourceLabels:\n            app: voting-app\n            version: "1.0"\n'


def pattern(regex: str) -> dict[str, bytes]:
    return changed(ROUTING, f"regex: '{OPENS}'", f"regex: '{regex}'")


def canary_also(text: str) -> dict[str, bytes]:
    """Return the routing with more lines below the canary's header."""
    return changed(ROUTING, COOKIE, COOKIE + text)


def above_the_canary(match: str, to: str = TO_2_0) -> dict[str, bytes]:
    return changed(ROUTING, CANARY, f"    - match:\n{match}{to}{CANARY}")


def item(text: str) -> str:
    return f"        - {text}\n"


@pytest.mark.parametrize(
    "same",
    [
        pattern(r"(.*;)? ?featureflag=on(;.*)?"),
        pattern("^(.*?; |.*?;)??(featureflag=on)(;.*|)$"),
        pattern(r"(?i)(?-i)\A(.*?; ?)?\Qfeatureflag=on\E(;.*)?\z"),
        pattern(r"^(.*?; ?)?(featureflag=on)(; ?featureflag=on)*(;.*)?$"),
        changed(
            ROUTING,
            COOKIE,
            "            cookie:\n              regex: '(.*; ?)featureflag=on(;.*)?'\n        - headers:\n"
            "            cookie:\n              regex: 'featureflag=on(;.*)?'\n",
        ),
        changed(
            ROUTING,
            CANARY,
            f"    - match:\n        - uri:\n            prefix: /\n          headers:\n{COOKIE}",
        ),
        canary_also("          scheme:\n            exact: http\n"),
        canary_also("          sourceNamespace: istio-system\n"),
        above_the_canary(item("headers: {x-old: {exact: '1'}, cookie: {regex: 'a+'}}"), TO_1_0),
        above_the_canary(item("uri: {exact: /healthz}"), "      directResponse:\n        status: 200\n"),
        above_the_canary(
            item("authority: {exact: m.example.com}"), "      redirect:\n        authority: example.com\n"
        ),
        canary_also(item("headers: {cookie: {exact: featureflag=on}, x-beta: {exact: '1'}}")),
    ],
)
def test_another_way_to_write_the_same_decision_is_fine(same: dict[str, bytes]) -> None:
    results = results_of(same)
    assert not failed(results), words_of(results, "R4.5")
    assert not unjudged(results)


@pytest.mark.parametrize(
    ("mistake", "example", "ids"),
    [
        (canary_also(item("authority: {exact: Beta.example.com}") + item("uri: {exact: /%2f}")),
         "GET / with host: Beta.example.com reaches voting-app 2.0", "R4.3 R4.5"),
        (canary_also(item("queryParams: {b: {exact: 'a%20b'}}")), "GET /?b=a%20b reaches", "R4.3 R4.5"),
        (pattern("^(.*?; ?)?(featureflag=(on|true))(;.*)?$"),
         "cookie: featureflag=true reaches voting-app 2.0", "R4.5"),
        (pattern("(?i)^(.*?; ?)?(featureflag=on)(;.*)?$"), "cookie: featureflag=oN reaches", "R4.5"),
        (pattern("^(.*?; ?)?((Secure-)?featureflag=on)(;.*)?$"), "cookie: Secure-featureflag=on reaches",
         "R4.5"),
        (pattern(r"^(.*?; ?)?(featureflag=on)([;,].*)?$"), "cookie: featureflag=on, reaches", "R4.5"),
        (pattern(r"^(.*?;\s?)?(featureflag=on)(;.*)?$"), r"cookie: ;\tfeatureflag=on reaches", "R4.5"),
        (pattern(r"^(.*?; ?)?(featureflag=on)(;.+)?$"), "cookie: featureflag=on; reaches voting-app 1.0",
         "R4.5"),
        (pattern(r"^(.{0,8}; ?)?(featureflag=on)(;.*)?$"), "reaches voting-app 1.0", "R4.4 R4.5"),
        (pattern(r"featureflag=on"), "cookie: featureflag=on; reaches voting-app 1.0", "R4.4 R4.5"),
        (pattern(r"(([^f].*?)?; ?)?(featureflag=on)(; ?[^f].*)?"),
         "reaches voting-app 1.0; voting-app 2.0 is required", "R4.4 R4.5"),
        (canary_also("          withoutHeaders: {cookie: {regex: '.*optout=1.*'}}\n"),
         "cookie: featureflag=on;optout=1 reaches voting-app 1.0", "R4.4 R4.5"),
        (canary_also(item("queryParams: {beta: {exact: '1'}}")), "GET /?beta=1 reaches voting-app 2.0",
         "R4.3 R4.5"),
        (canary_also(item("headers: {user-agent: {regex: '.*(iPhone|Android).*'}}")),
         "GET / with user-agent: iPhone reaches voting-app 2.0", "R4.3 R4.5"),
        (canary_also("          withoutHeaders: {user-agent: {regex: '.*Safari.*'}}\n"),
         "GET / with user-agent: Safari and cookie: featureflag=on reaches voting-app 1.0", "R4.4 R4.5 R4.6"),
        (canary_also(item("headers: {x-beta: {}}")), "GET / with x-beta: 1 reaches voting-app 2.0",
         "R4.3 R4.5"),
        (canary_also("          method: {exact: GET}\n"),
         "with cookie: featureflag=on reaches voting-app 1.0", "R4.4"),
        (above_the_canary(item("uri: {exact: /}\n          method: {exact: POST}")),
         "POST / reaches voting-app 2.0", "R4.3 R4.5 R4.7"),
        (above_the_canary(item("uri: {prefix: /FEATURE}\n          ignoreUriCase: true")),
         "GET /feature reaches voting-app 2.0", "R4.3 R4.6"),
        (above_the_canary(item("uri: {exact: /new}"), f"      rewrite:\n        uri: /\n{TO_2_0}"),
         "GET /new ends with another path: the pod gets the path /", "R4.3 R4.5"),
        (above_the_canary(item("method: {exact: POST}"), "      redirect:\n        uri: /\n"),
         "POST / ends with redirect", "R4.3 R4.4 R4.7"),
        (above_the_canary(item("authority: {exact: beta.example.com}")),
         "GET / with host: beta.example.com reaches voting-app 2.0", "R4.3 R4.5"),
        (
            changed(
                EVERYONE,
                "    - route:\n",
                f"    - match: [{{headers: {{x-old: {{exact: '1'}}}}}}]\n{TO_1_0}    - route:\n",
            ),
            "GET / with x-old: 1",
            "R5.1",
        ),
        (changed(ROUTING, CHAIN, f"{CHAIN}          headers: {{x-a: {{exact: '1'}}}}\n"),
         "a call of voting-app 1.0 with no other header", "R4.8"),
    ],
)  # fmt: skip
def test_a_difference_is_shown_by_a_simple_request(mistake: dict[str, bytes], example: str, ids: str) -> None:
    results = results_of(mistake)
    assert set(ids.split()) <= failed(results)
    words = [words_of(results, id_) for id_ in ids.split()]
    assert any(example in one for one in words), words


def test_the_line_of_the_route_that_takes_the_request_is_named() -> None:
    line = (
        pattern("featureflag=.*")[ROUTING]
        .decode()
        .splitlines()
        .index("              regex: 'featureflag=.*'")
    ) + 1
    assert f"is required ({ROUTING}:{line})" in words_of(results_of(pattern("featureflag=.*")), "R4.5")


@pytest.mark.parametrize(
    "unclear",
    [
        pattern(r"^(.*?; ?)?(featureflag=on)(;.*)?$|\pL{9}"),
        canary_also(item("headers: {x-forwarded-proto: {exact: https}}")),
        canary_also(item("headers: {':path': {exact: /beta}}")),
        above_the_canary(item("uri: {exact: /new%20page}")),
        above_the_canary(item("uri: {regex: '/(a|b)//.*'}"), TO_1_0),
    ],
)
def test_what_is_not_compared_is_not_judged(unclear: dict[str, bytes]) -> None:
    results = results_of(unclear)
    assert not failed(results)
    assert {"R4.3", "R4.4", "R4.5"} <= unjudged(results)


def delegated(match: str) -> dict[str, bytes]:
    """Return the routing whose canary delegates what matches."""
    delegate = (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: voting-canary\n"
        f"spec:\n  http:\n    -{TO_2_0[5:]}"
    )
    added = with_object(delegate, "VirtualService/voting-canary", file=ROUTING, first=True)
    to = "      delegate:\n        name: voting-canary\n"
    return changed(ROUTING, CANARY + TO_2_0, f"    - match:\n{match}{to}", on=added)


def test_a_canary_that_is_delegated_is_judged_by_both_matches() -> None:
    right = results_of(delegated(f"        - headers:\n{COOKIE}"))
    about = {"R4.1", "R4.3", "R4.4", "R4.5", "R4.6", "R4.7"}
    assert not about & (failed(right) | unjudged(right)), words_of(right, "R4.5")
    wrong = results_of(delegated(f"        - headers:\n{COOKIE}{item('queryParams: {beta: {}}')}"))
    assert {"R4.3", "R4.5"} <= failed(wrong)
    assert "GET /?beta=1 reaches voting-app 2.0" in words_of(wrong, "R4.5")

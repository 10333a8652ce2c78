"""Mistakes by which other requests reach 2.0 than those with the flag's cookie, or the wrong chain."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, Step, after, before, breaks, to

_ITEM = "spec.http[0].match[0]"


def _to(subset: str, host: str = "voting-app") -> str:
    return (
        f"  route:\n    - destination:\n        host: {host}\n        subset: {subset}\n"
        "        port:\n          number: 8080"
    )


def _pattern(regex: str) -> Step:
    return to(f"{_ITEM}.headers.cookie.regex", f"'{regex}'")


def _also(item: str) -> Step:
    """Insert one more item in the canary's match."""
    return after(_ITEM, item)


def _only(condition: str) -> Step:
    """Insert one more condition in the canary's only item."""
    return after(f"{_ITEM}.headers", condition)


def _above(match: str, way: str = _to("v2-0")) -> Step:
    """Insert a route above the others."""
    return before("spec.http[0]", f"- match:\n    - {match}\n{way}")


REQUESTS: Catalogue = {
    "istio/step-3 VirtualService/voting-app": {
        "the flag may be true as well as on": breaks(
            "R4.5", _pattern("^(.*?; ?)?(featureflag=(on|true))(;.*)?$")
        ),
        "the flag may have any case": breaks("R4.5", _pattern("(?i)^(.*?; ?)?(featureflag=on)(;.*)?$")),
        "the flag may have a prefix for secure cookies": breaks(
            "R4.5", _pattern("^(.*?; ?)?((__Secure-)?featureflag=on)(;.*)?$")
        ),
        "the cookies may be separated by commas before the flag": breaks(
            "R4.5", _pattern("^(.*?[;,] ?)?(featureflag=on)(;.*)?$")
        ),
        "the cookies may be separated by commas after the flag": breaks(
            "R4.5", _pattern("^(.*?; ?)?(featureflag=on)([;,].*)?$")
        ),
        "a tab may stand before the flag": breaks("R4.5", _pattern(r"^(.*?;\s?)?(featureflag=on)(;.*)?$")),
        "two spaces may stand before the flag": breaks("R4.5", _pattern("^(.*?; *)?(featureflag=on)(;.*)?$")),
        "a space may stand after the flag": breaks("R4.5", _pattern("^(.*?; ?)?(featureflag=on)( ?;.*)?$")),
        "the flag is found by boundaries of words": breaks("R4.5", _pattern(r".*\bfeatureflag=on\b.*")),
        "a cookie named beta opens the canary, too": breaks(
            "R4.5", _pattern("^(.*?; ?)?(featureflag=on|beta=1)(;.*)?$")
        ),
        "the flag has to be followed by something, if only after a semicolon": breaks(
            "R4.5", _pattern("^(.*?; ?)?featureflag=on(;.+)?$")
        ),
        "what comes before the flag is limited": breaks(
            "R4.4 R4.5", _pattern("^(.{0,64}; ?)?(featureflag=on)(;.*)?$")
        ),
        "cookies before the flag have no digits": breaks(
            "R4.4 R4.5", _pattern("^([^0-9]*?; ?)?(featureflag=on)(;.*)?$")
        ),
        "cookies after the flag need a space": breaks("R4.5", _pattern("^(.*?; ?)?(featureflag=on)(; .*)?$")),
        "the canary is open by a parameter of the address": breaks(
            "R4.3 R4.5", _also("- queryParams:\n    beta:\n      exact: '1'")
        ),
        "the canary is open to any bearer of a header": breaks(
            "R4.3 R4.5", _also("- headers:\n    x-beta: {}")
        ),
        "the canary is open at a name of its own": breaks(
            "R4.3 R4.5", _also("- authority:\n    exact: beta.example.com")
        ),
        "the canary is open where a header is missing": breaks(
            "R4.3 R4.5", _also("- withoutHeaders:\n    accept-language: {}")
        ),
        "the canary is open at a path in any case": breaks(
            "R4.3 R4.5", _also("- uri:\n    prefix: /Beta\n  ignoreUriCase: true")
        ),
        "a cookie keeps voters out of the canary": breaks(
            "R4.4 R4.5", _only("withoutHeaders:\n  cookie:\n    regex: '.*optout=1.*'")
        ),
        "the canary is for GET only": breaks("R4.4 R4.5", _only("method:\n  exact: GET")),
        "the canary is for browsers in Dutch only": breaks(
            "R4.4 R4.5", _only("queryParams:\n  lang:\n    prefix: nl")
        ),
        "the canary is for one path only": breaks("R4.4 R4.5", _only("uri:\n  exact: /")),
        "every change of the flag goes to 2.0": breaks(
            "R4.3 R4.5 R4.6", _above("uri:\n        prefix: /featureflag")
        ),
        "a new path is a page of 2.0 for everyone": breaks(
            "R4.3 R4.5", _above("uri:\n        exact: /new", f"  rewrite:\n    uri: /\n{_to('v2-0')}")
        ),
        "votes are redirected to the page": breaks(
            "R4.3 R4.4 R4.7", _above("method:\n        exact: POST", "  redirect:\n    uri: /")
        ),
        "an old route for testers is left above the canary": breaks(
            "R4.4 R4.5", _above("headers:\n        x-tester:\n          exact: '1'", _to("v1-0"))
        ),
        "the canary's route keeps the cookies from the app, which shows the flag as clear": breaks(
            "R4.6", before("spec.http[0].route", "headers:\n  request:\n    remove:\n      - cookie")
        ),
        "the ordinary route sends the flag for everyone, which the page shows as set": breaks(
            "R4.6",
            before("spec.http[1].route", "headers:\n  request:\n    set:\n      cookie: featureflag=on"),
        ),
    },
    "istio/step-4 VirtualService/voting-app": {
        "some are kept on 1.0 in the end": breaks("R5.1", _above("headers:\n        x-old: {}", _to("v1-0")))
    },
    "istio/step-3 VirtualService/voting-analytics": {
        "a header opens the other chain": breaks(
            "R4.8",
            before(
                "spec.http[0]",
                f"- match:\n    - headers:\n        x-preview: {{}}\n{_to('v2-0', 'voting-analytics')}",
            ),
        )
    },
}

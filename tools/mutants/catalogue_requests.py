"""Mistakes by which other requests reach 2.0 than those with the flag's cookie, or the wrong chain."""

from __future__ import annotations

from tools.mutants.mistake import Mistake, after, before, to

_APP, _ANALYTICS = "VirtualService/voting-app", "VirtualService/voting-analytics"
_ITEM = "spec.http[0].match[0]"
_COOKIE = f"{_ITEM}.headers.cookie.regex"


def _to(subset: str, host: str = "voting-app") -> str:
    return (
        f"  route:\n    - destination:\n        host: {host}\n        subset: {subset}\n"
        "        port:\n          number: 8080"
    )


def _pattern(name: str, regex: str, ids: str = "R4.5") -> Mistake:
    return Mistake(name, "istio/step-3", _APP, (to(_COOKIE, f"'{regex}'"),), ids)


def _also(name: str, item: str, ids: str = "R4.3 R4.5") -> Mistake:
    """Return the mistake of one more item in the canary's match."""
    return Mistake(name, "istio/step-3", _APP, (after(_ITEM, item),), ids)


def _only(name: str, condition: str, ids: str = "R4.4 R4.5") -> Mistake:
    """Return the mistake of one more condition in the canary's only item."""
    return Mistake(name, "istio/step-3", _APP, (after(f"{_ITEM}.headers", condition),), ids)


def _above(name: str, match: str, ids: str, way: str = _to("v2-0"), file: str = "istio/step-3") -> Mistake:
    """Return the mistake of a route above the others."""
    return Mistake(name, file, _APP, (before("spec.http[0]", f"- match:\n    - {match}\n{way}"),), ids)


REQUESTS = (
    # --- patterns of the cookie -----------------------------------------------------------------------
    _pattern("the flag may be true as well as on", "^(.*?; ?)?(featureflag=(on|true))(;.*)?$"),
    _pattern("the flag may have any case", "(?i)^(.*?; ?)?(featureflag=on)(;.*)?$"),
    _pattern(
        "the flag may have a prefix for secure cookies", "^(.*?; ?)?((__Secure-)?featureflag=on)(;.*)?$"
    ),
    _pattern(
        "the cookies may be separated by commas before the flag", "^(.*?[;,] ?)?(featureflag=on)(;.*)?$"
    ),
    _pattern("the cookies may be separated by commas after the flag", "^(.*?; ?)?(featureflag=on)([;,].*)?$"),
    _pattern("a tab may stand before the flag", r"^(.*?;\s?)?(featureflag=on)(;.*)?$"),
    _pattern("two spaces may stand before the flag", "^(.*?; *)?(featureflag=on)(;.*)?$"),
    _pattern("a space may stand after the flag", "^(.*?; ?)?(featureflag=on)( ?;.*)?$"),
    _pattern("the flag is found by boundaries of words", r".*\bfeatureflag=on\b.*"),
    _pattern("a cookie named beta opens the canary, too", "^(.*?; ?)?(featureflag=on|beta=1)(;.*)?$"),
    _pattern(
        "the flag has to be followed by something, if only after a semicolon",
        "^(.*?; ?)?featureflag=on(;.+)?$",
    ),
    _pattern("what comes before the flag is limited", "^(.{0,64}; ?)?(featureflag=on)(;.*)?$", "R4.4 R4.5"),
    _pattern("cookies before the flag have no digits", "^([^0-9]*?; ?)?(featureflag=on)(;.*)?$", "R4.4 R4.5"),
    _pattern("cookies after the flag need a space", "^(.*?; ?)?(featureflag=on)(; .*)?$"),
    # --- other properties -----------------------------------------------------------------------------
    _also("the canary is open by a parameter of the address", "- queryParams:\n    beta:\n      exact: '1'"),
    _also("the canary is open to any bearer of a header", "- headers:\n    x-beta: {}"),
    _also("the canary is open at a name of its own", "- authority:\n    exact: beta.example.com"),
    _also("the canary is open where a header is missing", "- withoutHeaders:\n    accept-language: {}"),
    _also("the canary is open at a path in any case", "- uri:\n    prefix: /Beta\n  ignoreUriCase: true"),
    _only("a cookie keeps voters out of the canary", "withoutHeaders:\n  cookie:\n    regex: '.*optout=1.*'"),
    _only("the canary is for GET only", "method:\n  exact: GET"),
    _only("the canary is for browsers in Dutch only", "queryParams:\n  lang:\n    prefix: nl"),
    _only("the canary is for one path only", "uri:\n  exact: /"),
    # --- routes above the others ----------------------------------------------------------------------
    _above("every change of the flag goes to 2.0", "uri:\n        prefix: /featureflag", "R4.3 R4.5 R4.6"),
    _above(
        "a new path is a page of 2.0 for everyone",
        "uri:\n        exact: /new",
        "R4.3 R4.5",
        f"  rewrite:\n    uri: /\n{_to('v2-0')}",
    ),
    _above(
        "votes are redirected to the page",
        "method:\n        exact: POST",
        "R4.3 R4.4 R4.7",
        "  redirect:\n    uri: /",
    ),
    _above(
        "an old route for testers is left above the canary",
        "headers:\n        x-tester:\n          exact: '1'",
        "R4.4 R4.5",
        _to("v1-0"),
    ),
    _above(
        "some are kept on 1.0 in the end", "headers:\n        x-old: {}", "R5.1", _to("v1-0"), "istio/step-4"
    ),
    Mistake(
        "the canary's route keeps the cookies from the app, which shows the flag as clear",
        "istio/step-3",
        _APP,
        (before("spec.http[0].route", "headers:\n  request:\n    remove:\n      - cookie"),),
        "R4.6",
    ),
    Mistake(
        "the ordinary route sends the flag for everyone, which the page shows as set",
        "istio/step-3",
        _APP,
        (before("spec.http[1].route", "headers:\n  request:\n    set:\n      cookie: featureflag=on"),),
        "R4.6",
    ),
    # --- the chain ------------------------------------------------------------------------------------
    Mistake(
        "a header opens the other chain",
        "istio/step-3",
        _ANALYTICS,
        (
            before(
                "spec.http[0]",
                f"- match:\n    - headers:\n        x-preview: {{}}\n{_to('v2-0', 'voting-analytics')}",
            ),
        ),
        "R4.8",
    ),
)

"""What Istio's webhook refuses about the parts of an HTTP route: headers, retries, faults, CORS, rewrites.

Sources: Istio, "HTTPRoute" and the messages below it; the answers of the webhook of Istio 1.31 to a dry run,
one a rule. A value like %POD% passes the webhook, whatever its name: see model.routing.route_headers.
"""

from __future__ import annotations

import http
import re
from collections.abc import Iterator

from canary_conformance.model.schemas.rules_names import is_header_name, pattern_problems
from canary_conformance.model.schemas.rules_reading import LARGEST_PORT, Node, duration_problems, is_port
from canary_conformance.model.schemas.schema_problems import Problem

RETRIED = frozenset(
    {
        *("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited"),
        *("retriable-4xx", "refused-stream", "retriable-status-codes", "retriable-headers"),
        *("http3-post-connect-failure", "cancelled", "deadline-exceeded", "internal", "resource-exhausted"),
        "unavailable",
    }
)
"""The words of retryOn; the number of a status is one, too."""
_AUTHORITY = frozenset({":authority", "host"})
_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "*"},
)
_OF_GRPC = frozenset(
    {
        *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
        *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED"),
        *("OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
    }
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# %NAME% or %NAME(arguments)%, where %% is the sign itself.
_FORMATTED = re.compile(r"(?:[^%]|%%|%[^%(]*(?:\((?:[^\\)]|\\.)*\) *)?%)*")
_STATUSES = frozenset(map(int, http.HTTPStatus))
_REDIRECTED = ("uri", "prefixRewrite", "authority", "scheme", "port", "derivePort")
_LEAST_STATUS, _MOST_STATUS = 200, 600
_LEAST_SHARE = 0.0001
_WHOLE = 100


def http_parts(route: Node) -> Iterator[Problem]:
    """Yield what is wrong with an HTTP route beside its matches and destinations."""
    for one in (route, *route["route"].items()):
        yield from _headers(one["headers"])
    yield from _one_authority(route)
    yield from duration_problems(route["timeout"])
    yield from _retries(route["retries"])
    yield from _fault(route["fault"])
    yield from _cors(route["corsPolicy"])
    yield from _rewrite(route["rewrite"])
    yield from _redirect(route["redirect"])
    yield from _status(route["directResponse"]["status"])
    shares = [one["percentage"]["value"] for one in route["mirrors"].items()]
    for share in (*shares, route["mirrorPercentage"]["value"], route["mirrorPercent"]):
        if _outside(share, 0, _WHOLE):
            yield share.problem(f"{share.value} isn't between 0 and {_WHOLE}")


def _headers(headers: Node) -> Iterator[Problem]:
    for way in ("request", "response"):
        operations = headers[way]
        named = [(name, one) for kind in ("set", "add") for name, one in operations[kind].entries().items()]
        for name, one in named:
            fixed = name.startswith(":") or name.lower() == "host"
            if fixed and not (way == "request" and name.lower() in _AUTHORITY):
                yield one.problem(f"header {name} can't be changed")
            elif not name:
                yield one.problem("a header has a name")
            elif _UNPRINTABLE.search(one.text):
                yield one.problem("a header's value has no end of line and no control character")
            elif not _FORMATTED.fullmatch(one.text):
                yield one.problem("a single % begins a variable like %HOSTNAME%; the sign itself is %%")
        for one in operations["remove"].items():
            if one.text.startswith(":") or one.text.lower() in {"host", ""}:
                yield one.problem(f"header {one.text!r} can't be removed")


def _one_authority(route: Node) -> Iterator[Problem]:
    request = route["headers"]["request"]
    found = [route["rewrite"]["authority"]]
    for kind in ("set", "add"):
        found += [one for name, one in request[kind].entries().items() if name.lower() in _AUTHORITY]
    found = [one for one in found if one.text]
    if len(found) > 1:
        yield found[1].problem("the authority is set twice")


def _retries(retries: Node) -> Iterator[Problem]:
    attempts = retries["attempts"].number or 0
    if attempts < 0:
        yield retries["attempts"].problem(f"{attempts} is less than nothing")
    for name in ("perTryTimeout", "backoff"):
        yield from duration_problems(retries[name])
    for name in ("perTryTimeout", "retryOn", "retryRemoteLocalities"):
        if retries and attempts == 0 and not retries[name].empty:
            yield retries[name].problem("nothing is retried: attempts is 0")
    for word in retries["retryOn"].text.split(",") if retries["retryOn"].text else ():
        number = word.removeprefix("+")
        if word not in RETRIED and not (number.isascii() and number.isdigit() and int(number) in _STATUSES):
            yield retries["retryOn"].problem(f"{word!r} is not a valid condition to retry on")


def _fault(fault: Node) -> Iterator[Problem]:
    for kind in ("abort", "delay"):
        share = fault[kind]["percentage"]["value"]
        if share.value != 0 and _outside(share, _LEAST_SHARE, _WHOLE):
            yield share.problem(f"{share.value} isn't 0 or between {_LEAST_SHARE} and {_WHOLE}")
    for part in (fault["abort"]["http2Error"], fault["delay"]["exponentialDelay"]):
        if part:
            yield part.problem("Istio does not support it yet")
    yield from _status(fault["abort"]["httpStatus"])
    status = fault["abort"]["grpcStatus"]
    if status and status.text not in _OF_GRPC:
        yield status.problem(f"{status.text!r} is not a status of gRPC like UNAVAILABLE")
    yield from duration_problems(fault["delay"]["fixedDelay"])


def _cors(policy: Node) -> Iterator[Problem]:
    for origin in policy["allowOrigins"].items():
        for text in origin.entries().values():
            if not text.text:
                yield text.problem("is empty")
        yield from pattern_problems(origin["regex"]) if origin["regex"].text else ()
    for method in policy["allowMethods"].items():
        if method.text not in _METHODS:
            yield method.problem(f"{method.text!r} is not a method of HTTP")
    for name in (*policy["allowHeaders"].items(), *policy["exposeHeaders"].items()):
        if name.text != "*" and not is_header_name(name.text):
            yield name.problem(f"{name.text!r} is not a valid name of a header")
    yield from duration_problems(policy["maxAge"], least=1.0)


def _rewrite(rewrite: Node) -> Iterator[Problem]:
    uri, pattern = rewrite["uri"], rewrite["uriRegexRewrite"]
    if rewrite and uri.empty and not pattern and rewrite["authority"].empty:
        yield rewrite.problem("rewrites nothing: wants uri, uriRegexRewrite or authority")
    if not uri.empty and pattern:
        yield pattern.problem("can't stand beside uri")
    if pattern:
        if pattern["match"].empty or pattern["rewrite"].empty:
            yield pattern.problem("wants match and rewrite")
        else:
            yield from pattern_problems(pattern["match"])


def _redirect(redirect: Node) -> Iterator[Problem]:
    if not redirect:
        return
    if all(
        redirect[name].empty for name in ("uri", "prefixRewrite", "authority", "scheme", "port", "derivePort")
    ):
        yield redirect.problem("leads nowhere: wants uri, authority, scheme or port")
    if not redirect["uri"].empty and not redirect["prefixRewrite"].empty:
        yield redirect["prefixRewrite"].problem("can't stand beside uri")
    code, port, scheme = redirect["redirectCode"], redirect["port"], redirect["scheme"]
    if code.number and not http.HTTPStatus.MULTIPLE_CHOICES <= code.number < http.HTTPStatus.BAD_REQUEST:
        yield code.problem(f"{code.number} is not the status of a redirect")
    if port.number and not is_port(port.number):
        yield port.problem(f"{port.number} isn't between 1 and {LARGEST_PORT}")
    if scheme.text not in {"", "http", "https"}:
        yield scheme.problem(f"{scheme.text!r} isn't http or https")


def _status(status: Node) -> Iterator[Problem]:
    if status and _outside(status, _LEAST_STATUS, _MOST_STATUS):
        yield status.problem(f"{status.value} is not a status between {_LEAST_STATUS} and {_MOST_STATUS - 1}")


def _outside(number: Node, least: float, most: float) -> bool:
    value = number.value
    return isinstance(value, int | float) and not isinstance(value, bool) and not least <= value <= most

"""What a route asks of a request, with Envoy's rules for comparing texts.

Sources: Istio, "HTTPMatchRequest" and "StringMatch"; Envoy, "HeaderMatcher", "StringMatcher", "RegexMatcher"
(RE2, and the whole text has to match). A header that isn't sent matches nothing, except where its absence is
asked for. A request has one header of each name here: of several, Envoy matches each by itself since 1.39,
and joined before. What depends on the proxy alone (labels, gateways, port) is decided once a proxy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from canary_conformance.model.objects.host_names import gateway_name
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Request
from canary_conformance.scenario.places import Place

_FIELDS = frozenset(
    {
        "name",
        "uri",
        "scheme",
        "method",
        "authority",
        "headers",
        "withoutHeaders",
        "queryParams",
        "port",
        "sourceLabels",
        "sourceNamespace",
        "gateways",
        "ignoreUriCase",
        "statPrefix",
    }
)
_SCHEME = "http"
# Istio matches these against claims of a token, not against a header.
_METADATA = "@request.auth.claims"
# What Envoy sets or replaces before it looks for a route, and the names of a request's first line.
_BY_THE_PROXY = frozenset({"x-forwarded-proto", "x-forwarded-client-cert", "x-request-id", "host"})
_ENVOYS = (":", "x-envoy-")


class How(StrEnum):
    """How a text is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"  # any text will do


@dataclass(frozen=True, slots=True)
class StringMatch:
    """How a text is to be, and the text or pattern to compare with."""

    how: How
    wanted: str

    def fits(self, text: str) -> bool:
        """Return whether a text is as it has to be."""
        if self.how is How.EXACT:
            return text == self.wanted
        if self.how is How.PREFIX:
            return text.startswith(self.wanted)
        return self.how is How.PRESENT or matches_whole(self.wanted, text)

    def __str__(self) -> str:
        if self.how is How.PRESENT:
            return "must be present"
        if self.how is How.REGEX:
            return f"must match the regex {self.wanted!r} as a whole (RE2)"
        return f"must {'be' if self.how is How.EXACT else 'begin with'} {self.wanted!r}"

    @property
    def misfit(self) -> str:
        """What is wrong with a text that does not fit, as a predicate."""
        if self.how is How.EXACT:
            return f"is not {self.wanted!r}"
        return str(self).replace("must ", "does not ", 1)


_ANY_PATH = (StringMatch(How.PREFIX, "/"), StringMatch(How.REGEX, ".*"))


@dataclass(frozen=True, slots=True)
class Where:
    """The proxy that routes: its pod's labels and namespace, its gateway ("mesh" for a sidecar), the port."""

    labels: Mapping[str, str] = field(hash=False)
    namespace: str
    gateway: str
    port: int


@dataclass(frozen=True, slots=True)
class Match:
    """One item of a route's match: all that it asks for has to be so. `place` is where it is written."""

    place: Place
    uri: StringMatch | None
    ignore_case: bool
    texts: tuple[tuple[str, StringMatch], ...]
    headers: tuple[tuple[str, StringMatch], ...]
    without: tuple[tuple[str, StringMatch], ...]
    query: tuple[tuple[str, StringMatch], ...]
    port: int | None
    labels: Mapping[str, str] = field(hash=False)
    namespace: str
    gateways: tuple[str, ...]

    @property
    def takes_all(self) -> bool:
        """Whether nothing is asked of the request itself."""
        asked = self.texts or self.headers or self.without or self.query
        return not asked and (self.uri is None or self.uri in _ANY_PATH)

    def why_not_here(self, where: Where, *, http: bool) -> str:
        """Return why the match of an HTTP (or else TCP) route can't count at a proxy, "" when it can."""
        if self.port and self.port != where.port:
            return f"it is for port {self.port}"
        if self.gateways and where.gateway not in self.gateways:
            return f"it is for {', '.join(self.gateways)}"
        if self.gateways and http:
            # An HTTP match that names gateways is asked nothing else about the proxy.
            return ""
        for name, value in self.labels.items():
            if where.labels.get(name) != value:
                return f"the source isn't labelled {name}={value}"
        if self.namespace and self.namespace != where.namespace:
            return f"the source isn't in namespace {self.namespace}"
        return ""

    def why_not(self, request: Request) -> str:
        """Return the first thing that the request isn't as it has to be, "" when it matches."""
        if self.uri is not None:
            path = request.path.partition("?")[0]
            if not fits_path(self, path):
                return f"path {path!r} {self.uri.misfit}"
        for name, match in self.texts:
            text = {"method": request.method, "authority": request.host, "scheme": _SCHEME}[name]
            if not match.fits(text):
                return f"{name} {text!r} {match.misfit}"
        return self._headers(request.headers) or self._query(request.path)

    def _headers(self, sent: Mapping[str, str]) -> str:
        if not self.headers and not self.without:
            return ""
        headers = {name.lower(): value for name, value in sent.items()}
        for name, match in self.headers:
            value = headers.get(name)
            if value is None:
                return f"header {name} is not sent, and it {match}"
            if not match.fits(value):
                return f"header {name} `{value}` {match.misfit}"
        for name, match in self.without:
            value = headers.get(name)
            if excludes(match, value):
                how = f"{match.how} {match.wanted!r}" if match.wanted else str(match.how)
                return f"header {name} `{value or ''}` is excluded by withoutHeaders ({how})"
        return ""

    def _query(self, path: str) -> str:
        if not self.query:
            return ""
        # Of several of one name Envoy reads the first, as it is written (its QueryParameterMatcher).
        pairs = (pair.partition("=") for pair in path.partition("?")[2].split("&"))
        sent: dict[str, str] = {}
        for name, _, value in pairs:
            sent.setdefault(name, value)
        for name, match in self.query:
            if name not in sent or not match.fits(sent[name]):
                return f"query parameter {name} {match}"
        return ""


def fits_path(match: Match, path: str) -> bool:
    """Return whether a path, without its query, is as a match asks for."""
    if match.uri is None:
        return True
    if match.ignore_case and match.uri.how is not How.REGEX:
        return StringMatch(match.uri.how, match.uri.wanted.lower()).fits(path.lower())
    return match.uri.fits(path)


def excludes(wanted: StringMatch, value: str | None) -> bool:
    """Return whether a header (None: it is not sent) is one that withoutHeaders keeps out.

    What is not sent is compared as an empty text, but it is never there.
    """
    return wanted.fits(value or "") and not (wanted.how is How.PRESENT and value is None)


def read_match(part: Part, namespace: str) -> Match:
    """Read one item of a route's match, in a VirtualService of this namespace."""
    part.only(_FIELDS)
    texts = [(name, read_string(part[name])) for name in ("method", "authority", "scheme") if part[name]]
    for claims in (part["headers"], part["withoutHeaders"]):
        for name, claim in claims.entries().items():
            if name.startswith(_METADATA):
                claim.problem("the model does not support claims of tokens")
            if name.lower() in _BY_THE_PROXY or name.lower().startswith(_ENVOYS):
                claim.problem(f"the model does not know the value of {name}, which the proxy sets itself")
    return Match(
        place=_only_condition(part).place,
        uri=read_string(part["uri"]) if part["uri"] else None,
        ignore_case=part["ignoreUriCase"].flag(),
        texts=tuple(texts),
        headers=_strings(part["headers"], lower=True),
        without=_strings(part["withoutHeaders"], lower=True),
        query=_strings(part["queryParams"], lower=False),
        port=part["port"].number(),
        labels=part["sourceLabels"].labels(),
        namespace=part["sourceNamespace"].text(),
        gateways=tuple(gateway_name(gateway, namespace) for gateway in part["gateways"].texts()),
    )


def _only_condition(part: Part) -> Part:
    """Return the value of a match that has a single condition ("headers.cookie.regex"), else the match."""
    inner = list(part.entries().values()) if isinstance(part.value, Mapping) else []
    return _only_condition(inner[0]) if len(inner) == 1 else part


def rewritten(path: str, uri: str, match: Match | None) -> str:
    """Return the path that a route asks its destination for; uri: its rewrite.uri, "" for none.

    Source: Istio, "HTTPRewrite": it replaces the prefix that was matched, or else the path.
    """
    if not uri:
        return path
    asked, mark, query = path.partition("?")
    wanted = match.uri if match else None
    if wanted is None or wanted.how is How.PRESENT:
        matched = "/"
    else:
        matched = wanted.wanted if wanted.how is How.PREFIX else asked
    return f"{uri}{asked[len(matched) :]}{mark}{query}"


def read_string(part: Part) -> StringMatch:
    """Read how a text has to be; an empty mapping (and the regex "*") asks only that it is there."""
    part.only([How.EXACT, How.PREFIX, How.REGEX])
    given = [how for how in (How.EXACT, How.PREFIX, How.REGEX) if part[how]]
    if len(given) > 1:
        part.problem("matches a text in two ways")
    if not given:
        return StringMatch(How.PRESENT, "")
    how, wanted = given[0], part[given[0]].text()
    if how is How.REGEX:
        if wanted == "*":
            return StringMatch(How.PRESENT, "")
        if not is_pattern(wanted):
            part[how].problem("isn't a regular expression of RE2")
    return StringMatch(how, wanted)


def matches_whole(pattern: str, text: str) -> bool:
    """Return whether a text as a whole matches a pattern of RE2; an invalid pattern matches nothing."""
    compiled = _compiled(pattern)
    # As bytes: what was received may be no text at all.
    return compiled is not None and compiled.fullmatch(text.encode("utf-8", "surrogatepass")) is not None


def is_pattern(pattern: str) -> bool:
    """Return whether RE2 takes a pattern."""
    return _compiled(pattern) is not None


def _strings(part: Part, *, lower: bool) -> tuple[tuple[str, StringMatch], ...]:
    return tuple(
        (name.lower() if lower else name, read_string(match)) for name, match in part.entries().items()
    )


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.never_capture = True
    # A bad pattern becomes a finding, nothing on the terminal.
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None

"""What a route does to the headers of requests and answers, as far as the application's contract reads them.

Sources: Istio, "Headers" and "HeaderOperations"; Envoy, "HTTP header manipulation": a header is removed
before others are set or added, `set` replaces what the application sent, `add` leaves it there. The contract
reads the request's cookie, and a browser reads Set-Cookie and Location (SCENARIO.md, "The application").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule

_SET_COOKIE, _COOKIE = "set-cookie", "cookie"
_OPERATIONS = ("set", "add", "remove")
# They say how a body is to be read, or where a vote leads: the page may not come at all.
_BODY = frozenset({"content-type", "content-length", "content-encoding", "transfer-encoding"})
# They belong to one connection, or ask the server to answer in another way.
_OF_A_CONNECTION = frozenset({"connection", "expect", "upgrade"})
_VITAL = {"request": _BODY | _OF_A_CONNECTION, "response": _BODY | {"location"}}
# A request's headers of this prefix set Envoy's own timeouts and retries ("Router", HTTP headers).
_OF_ENVOY = "x-envoy-"
# They change what the page says of the flag, or what a browser does with the page; the page itself comes.
_OF_A_BROWSER = {
    "request": frozenset({"cookie", "host", ":authority"}),
    "response": frozenset(
        {"clear-site-data", "refresh", "content-security-policy", "content-disposition", "last-modified"}
    ),
}
# A page that a browser keeps is shown again after the flag has changed (RFC 9111, 5.2.2 and 5.3).
_NEVER_KEPT = {
    "cache-control": frozenset({"no-store", "no-cache", "max-age=0"}),
    "expires": frozenset({"0", "-1"}),
}
# A name of other characters is no header of HTTP, and a server answers 400.
_NAME = re.compile(r"[-!#$%&'*+.^_`|~A-Za-z0-9]+|:authority", re.ASCII | re.IGNORECASE)
_VARIABLES = re.compile(r"%%|%([A-Z_0-9]*)[^%]*%")
# Envoy refuses all routes of a proxy for a variable that it does not know ("Substitution formatting").
_OF_ENVOYS_OWN = frozenset(
    {
        *("HOSTNAME", "PROTOCOL", "START_TIME", "REQ", "RESPONSE_CODE", "RESPONSE_FLAGS", "ROUTE_NAME"),
        *("UPSTREAM_CLUSTER", "UPSTREAM_HOST", "UPSTREAM_REMOTE_ADDRESS", "DOWNSTREAM_LOCAL_ADDRESS"),
        *("DOWNSTREAM_REMOTE_ADDRESS", "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "ENVIRONMENT"),
    }
)


@dataclass(frozen=True, slots=True)
class HeaderOps:
    """The operations of a route, or of one of its destinations, that matter.

    Attributes:
        loses_cookie: what keeps the application's own Set-Cookie from the client.
        hides_flag: what keeps a client's flag from the application.
        shows_flag: what shows the application a flag that the client may not have.
        unclear: what may change how a browser takes the page.
        problem: what may change whether a page comes at all.
    """

    loses_cookie: Rule | None = None
    hides_flag: Rule | None = None
    shows_flag: Rule | None = None
    unclear: Rule | None = None
    problem: Rule | None = None

    def followed_by(self, other: HeaderOps) -> HeaderOps:
        """Return both operations as one."""
        return HeaderOps(
            self.loses_cookie or other.loses_cookie,
            self.hides_flag or other.hides_flag,
            self.shows_flag or other.shows_flag,
            self.unclear or other.unclear,
            self.problem or other.problem,
        )


NOTHING = HeaderOps()


def header_ops(headers: Part, flag: str) -> HeaderOps:
    """Return what the `headers` of a route or destination do; flag: the name of the feature flag's cookie."""
    if not headers:
        return NOTHING
    headers.only({"request", "response"})
    found = NOTHING
    for way in ("request", "response"):
        headers[way].only(_OPERATIONS)
        for operation in _OPERATIONS:
            for name, part in _named(headers[way][operation]):
                found = found.followed_by(_operation(way, operation, name, part, flag))
    return found


def _operation(way: str, operation: str, name: str, part: Part, flag: str) -> HeaderOps:
    about = f"{part.manifest.ref} {part.name}"
    if way == "response" and name == _SET_COOKIE and operation != "add":
        verb = "replaces" if operation == "set" else "removes"
        return HeaderOps(
            loses_cookie=part.rule(f"{about} {verb} the Set-Cookie of the application's answers")
        )
    if way == "response" and name == _SET_COOKIE and _names_cookie(part.text(), flag):
        # Added after the application's own, it is the one that a browser keeps.
        return HeaderOps(loses_cookie=part.rule(f"{about} sets the feature flag's cookie at each answer"))
    if way == "request" and name == _COOKIE and operation != "add":
        return _other_cookie(about, operation, part, flag)
    unsupported = f"the model does not support changing header {name}"
    vital = name in _VITAL[way] or (way == "request" and name.startswith(_OF_ENVOY))
    refused = _refused(operation, name, part)
    if vital or refused:
        return HeaderOps(problem=part.rule(f"{about}: {refused or unsupported}"))
    if name in _OF_A_BROWSER[way] or (way == "response" and _may_be_kept(operation, name, part)):
        return HeaderOps(unclear=part.rule(f"{about}: {unsupported}"))
    return NOTHING


def _refused(operation: str, name: str, part: Part) -> str:
    """Return why a server or Envoy may refuse a header, "" for one that both take."""
    if not _NAME.fullmatch(name):
        return f"{name!r} is not a name of a header of HTTP"
    words = _VARIABLES.findall(part.text()) if operation != "remove" else ()
    unknown = next((one for one in words if one and one not in _OF_ENVOYS_OWN), "")
    return unknown and f"whether Envoy knows the variable %{unknown}% is not in the manifests"


def _may_be_kept(operation: str, name: str, part: Part) -> bool:
    """Return whether a browser may keep the page by what the route does to a header."""
    if name not in _NEVER_KEPT:
        return False
    words = {word.strip() for word in part.text().lower().split(",")}
    return operation == "remove" or not words & _NEVER_KEPT[name]


def _other_cookie(about: str, operation: str, part: Part, flag: str) -> HeaderOps:
    """Return what it means for the flag that the application gets other cookies than the client sent."""
    unclear = part.rule(f"{about}: the model does not support changing header {_COOKIE}")
    if operation == "set" and _names_cookie(part.text(), flag):
        return HeaderOps(
            shows_flag=part.rule(f"{about} sends the feature flag of every client"), unclear=unclear
        )
    verb = "replaces" if operation == "set" else "removes"
    hides = part.rule(f"{about} {verb} the cookies of requests, the feature flag's too")
    return HeaderOps(hides_flag=hides, unclear=unclear)


def _names_cookie(header: str, name: str) -> bool:
    """Return whether a Set-Cookie header sets a cookie of this name."""
    found, equals, _ = header.partition("=")
    return bool(equals) and found.strip() == name


def _named(operation: Part) -> list[tuple[str, Part]]:
    if isinstance(operation.value, list):
        return [(part.text().lower(), part) for part in operation.items()]
    return [(name.lower(), part) for name, part in operation.entries().items()]

"""Shell commands that make a failure's requests again: curl at the ingress gateway, kubectl from a pod."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from canary_conformance.scenario.observations import Sent

# Of one failure.
MOST = 3
NO_ADDRESS = '"$GATEWAY"'
# What an address may hold as it is (RFC 3986, and what is escaped already).
_AS_THEY_ARE = "!$%&'()*+,/:;=?@[]~"


def commands_of(requests: Iterable[Sent], address: str) -> list[str]:
    """Return a command for each different request.

    Args:
        requests: What was sent.
        address: The ingress gateway's, "" where it is not known: a shell then takes it from GATEWAY.
    """
    return [one.command or _curl(one, address.rstrip("/")) for one in list(dict.fromkeys(requests))[:MOST]]


def _curl(sent: Sent, address: str) -> str:
    path = quote(sent.path, safe=_AS_THEY_ARE)
    where = shlex.quote(f"{address}{path}") if address else f"{NO_ADDRESS}{shlex.quote(path)}"
    return " ".join(["curl -si", *_kept(path), *_method(sent), where, *map(shlex.quote, _data(sent))])


def _kept(path: str) -> Iterator[str]:
    """Yield what keeps curl from changing a path that it would read as several, or shorten."""
    if set("[]{}") & set(path):
        yield "--globoff"
    if "/." in path:
        yield "--path-as-is"


def _method(sent: Sent) -> list[str]:
    """Return what makes curl use a method: by -X HEAD it would wait for a body."""
    if sent.method == "HEAD":
        return ["-I"]
    implied = "POST" if sent.body else "GET"
    return [] if sent.method == implied else ["-X", shlex.quote(sent.method)]


def _data(sent: Sent) -> Iterator[str]:
    for name, value in sent.headers:
        # curl sends no header whose value is empty, but for this form (curl, --header).
        yield from ("-H", f"{name}: {value}" if value else f"{name};")
    if sent.body:
        yield from ("--data-raw", sent.body)

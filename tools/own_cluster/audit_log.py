"""What an account requested of an API server, as its audit log has it, and what of that is not allowed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READS = frozenset({"get", "list", "watch"})
# Of these an API server stores nothing (Kubernetes: "Checking API Access").
REVIEWS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})
# What runs a command, or talks to a port, is a GET as a websocket.
STREAMS = frozenset({"pods/exec", "pods/attach", "pods/portforward", "pods/proxy"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a resource.

    Attributes:
        verb: As RBAC has it.
        group: The API group, "" for the core group.
        resource: The resource with its subresource: "pods/exec".
        namespace: "" where the request was for the whole cluster.
        name: The object's, "" where there is none.
        code: The HTTP status of the answer.
    """

    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    code: int

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.group not in REVIEWS and (self.verb not in READS or self.resource in STREAMS)

    @property
    def made_a_namespace(self) -> bool:
        """Whether it created the namespace that it names."""
        return (self.resource, self.verb, self.code) == ("namespaces", "create", 201)

    def __str__(self) -> str:
        of = f"{self.resource}.{self.group}" if self.group else self.resource
        name = f" {self.name}" if self.name else ""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {of}{name}{where} (status {self.code})"


def requests_of(log: Path, user: str) -> list[Request]:
    """Return the requests for resources that a user made, in their order.

    Discovery and other paths without a resource are left out: every user may read them.
    """
    found: dict[str, Request] = {}
    with log.open(encoding="utf-8") as lines:
        for event in map(json.loads, lines):
            # A stream has an event as it begins, and one as it ends.
            if event["user"]["username"] == user and "objectRef" in event:
                found[event["auditID"]] = _request(event)
    return list(found.values())


def _request(event: Mapping[str, Any]) -> Request:
    on = event["objectRef"]
    resource = "/".join(filter(None, (on.get("resource", ""), on.get("subresource", ""))))
    return Request(
        event["verb"],
        on.get("apiGroup", ""),
        resource,
        on.get("namespace", ""),
        on.get("name", ""),
        int(event.get("responseStatus", {}).get("code", 0)),
    )


@dataclass(frozen=True, slots=True)
class Trespass:
    """A request that should not have been made, and why."""

    request: Request
    why: str

    def __str__(self) -> str:
        return f"{self.why}: {self.request}"


def trespasses(requests: Sequence[Request], mesh: Collection[str]) -> Iterator[Trespass]:
    """Yield each request that wrote or read what is of others, and each that was refused.

    A run owns the namespaces that it created. Its rights in them come and go with them, so what it is refused
    before the creation or after the deletion is no trespass.

    Args:
        requests: All requests of the account, in their order.
        mesh: The namespaces of control plane and ingress gateway, which report through ports of their own.
    """
    ever, there = set(namespaces_made(requests)), set[str]()
    own = set[str]()
    for one in requests:
        if one.made_a_namespace:
            own.add(one.name)
            there.add(one.name)
        elif one.resource == "namespaces" and one.verb == "delete" and one.code < 300:
            there.discard(one.name)
        if one.code == 403:
            if one.namespace not in ever - there:
                yield Trespass(one, "refused")
        elif one.writes and one.code < 300 and not _in(own, one) and not _reads_the_mesh(one, mesh):
            yield Trespass(one, "written outside of the run's own namespaces")
        elif one.resource == "secrets" and (one.namespace not in own or one.verb in {"list", "watch"}):
            yield Trespass(one, "Secrets read that may be of others")


def _in(own: set[str], one: Request) -> bool:
    return (one.name if one.resource == "namespaces" else one.namespace) in own


def _reads_the_mesh(one: Request, mesh: Collection[str]) -> bool:
    return one.resource == "pods/portforward" and one.namespace in mesh


def namespaces_made(requests: Iterable[Request]) -> Sequence[str]:
    """Return the namespaces that were created."""
    made = (
        one.name for one in requests if (one.resource, one.verb, one.code) == ("namespaces", "create", 201)
    )
    return tuple(dict.fromkeys(made))

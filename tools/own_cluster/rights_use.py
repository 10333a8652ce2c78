"""The rights of an account beside what it did: each has to be used, and none may be missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from canary_conformance.cluster.access_rights import OWN_ROLE, RBAC, RIGHTS, Area, Right
from tools.own_cluster.audit_log import REVIEWS, STREAMS, Request

FILTERS = frozenset({"envoyfilters", "wasmplugins"})


@dataclass(frozen=True, slots=True)
class Grant:
    """One verb of a right."""

    right: Right
    verb: str

    @property
    def unseen(self) -> bool:
        """Whether no run of the proof shows its use.

        A websocket is authorized as create only from Kubernetes 1.35 on; what may have brought a filter is
        listed only where a proxy has one that is not Istio's own.
        """
        return (self.verb == "create" and self.right.resource in STREAMS) or self.right.resource in FILTERS

    def allows(self, one: Request, areas: Mapping[Area, Collection[str]]) -> bool:
        """Return whether it allows a request; areas: the namespaces of each, but for the whole cluster."""
        right = self.right
        named = not right.names or one.name in right.names
        within = right.area is Area.CLUSTER or one.namespace in areas[right.area]
        return (self.verb, right.group, right.resource) == (one.verb, one.group, one.resource) and (
            named and within
        )

    def __str__(self) -> str:
        of = f"{self.right.resource}.{self.right.group}" if self.right.group else self.right.resource
        return f"{self.verb} {of} in {self.right.area}"


@dataclass(frozen=True, slots=True)
class Use:
    """The rights that no request needed, and the requests that no right of the list allows."""

    unused: Sequence[Grant]
    unlisted: Sequence[Request]


def use_of(
    requests: Iterable[Request], areas: Mapping[Area, Collection[str]], rights: Sequence[Right] = RIGHTS
) -> Use:
    """Compare requests with rights.

    Args:
        requests: All that the account requested and was granted.
        areas: The namespaces of each area, but for the whole cluster.
        rights: What the account was given.
    """
    grants = [Grant(right, verb) for right in rights for verb in right.verbs]
    used, unlisted = set[Grant](), list[Request]()
    for one in requests:
        if one.group in REVIEWS or one.code == 403:
            continue
        for needed in _authorized_as(one):
            allowing = [grant for grant in grants if grant.allows(needed, areas)]
            # A right on the whole cluster is not needed for what one in the namespace allows.
            used.update([one for one in allowing if one.right.area is not Area.CLUSTER] or allowing)
            if not allowing:
                unlisted.append(needed)
    unused = [one for one in grants if one not in used and not one.unseen]
    return Use(unused, list(dict.fromkeys(unlisted)))


def _authorized_as(one: Request) -> list[Request]:
    """Return what the API server authorizes: an apply that creates is a patch and a creation.

    A role is bound by the creation of a RoleBinding, which the run makes for its own role only.
    """
    if one.code == 201 and one.verb == "patch":
        return [one, replace(one, verb="create")]
    if one.code == 201 and one.resource == "rolebindings":
        return [one, Request("bind", RBAC, "clusterroles", "", OWN_ROLE, one.code)]
    return [one]

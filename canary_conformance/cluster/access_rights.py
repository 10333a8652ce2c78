"""The rights that a run needs in a cluster that others use too: one list, checked before anything is made.

docs/clusters.md and its roles are made from it. The check asks the API server what it would allow, which
stores nothing (Kubernetes: "Checking API Access", SelfSubjectAccessReview).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.scenario.manifests import ManifestFolder

WORKERS = 8


class Area(StrEnum):
    """Where a right is needed."""

    OURS = "the run's own namespaces"
    MESH = "the namespace of the control plane"
    GATEWAY = "the namespace of the ingress gateway"
    CLUSTER = "the whole cluster"


@dataclass(frozen=True, slots=True)
class Right:
    """Some verbs on one resource.

    Attributes:
        verbs: As RBAC has them.
        group: The API group, "" for the core group.
        resource: The resource, with its subresource: "pods/exec".
        area: Where it is needed.
        purpose: What needs it.
        without: What a run does without it; "" where it can't do without.
        names: The only objects that it is needed on; empty for all.
    """

    verbs: tuple[str, ...]
    group: str
    resource: str
    area: Area
    purpose: str
    without: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A verb that the API server does not allow; namespace: "" for the whole cluster."""

    right: Right
    verb: str
    namespace: str


# What the run grants itself in each namespace that it makes, by this ClusterRole (Kubernetes: RBAC,
# "Restrictions on role binding creation or update"): so it has no rights in any other.
OWN_ROLE = "voting-conformance-namespace"
RBAC = "rbac.authorization.k8s.io"
_GRANTED = "the run grants itself the rights in the namespaces that it makes"
_GRANTED_BEFORE = "the rights in its own namespaces must hold for the whole cluster"
APPS, NETWORKING, SECURITY = "apps", "networking.istio.io", "security.istio.io"
EXTENSIONS, DISCOVERY = "extensions.istio.io", "discovery.k8s.io"
LEASES = "coordination.k8s.io"
WEBHOOKS = "admissionregistration.k8s.io"
# An apply reads the object before, patches it, and creates it where it is absent (Kubernetes: "Server-Side
# Apply", "create" is authorized too).
APPLIED = ("get", "create", "patch")
MADE = (*APPLIED, "delete")
# A websocket begins as a GET, which the API server authorizes as get; from Kubernetes 1.35 on as create, too
# (Kubernetes: feature gate AuthorizePodWebsocketUpgradeCreatePermission).
STREAMED = ("get", "create")
_SCENARIO = "the scenario's objects"
_OWN_GATEWAY = "an ingress gateway of the run's own (--ingress own, -n)"
_SHARED_GATEWAY = "only the ingress gateway that is there can be used"

RIGHTS: Sequence[Right] = (
    Right(("get", "create"), "", "namespaces", Area.CLUSTER, "the run's own namespaces are made"),
    Right(("create",), RBAC, "rolebindings", Area.CLUSTER, _GRANTED, _GRANTED_BEFORE),
    Right(("get", "bind"), RBAC, "clusterroles", Area.CLUSTER, _GRANTED, _GRANTED_BEFORE, (OWN_ROLE,)),
    Right(("list",), "", "nodes", Area.CLUSTER, "a restarted node is no verdict; versions, architectures"),
    Right(("list",), "", "persistentvolumes", Area.CLUSTER, "volumes of the scenario are gone at the end"),
    Right(
        ("list",), WEBHOOKS, "mutatingwebhookconfigurations", Area.CLUSTER, "the mesh's revisions are found"
    ),
    Right(
        ("list",),
        NETWORKING,
        "gateways",
        Area.CLUSTER,
        "other people's Gateways on port 80 are known",
        without="it is not known which other Gateways open port 80 of the ingress",
    ),
    Right(
        ("list",),
        "",
        "pods",
        Area.CLUSTER,
        "ingress gateways are found",
        without="the ingress gateway must be named: --gateway NAMESPACE/NAME",
    ),
    Right(("patch", "delete"), "", "namespaces", Area.OURS, "the run's own namespaces are removed"),
    Right((*MADE, "list", "deletecollection"), "", "pods", Area.OURS, "callers, readiness, restarted pods"),
    Right(("get",), "", "pods/log", Area.OURS, "why a pod does not get ready"),
    Right(STREAMED, "", "pods/exec", Area.OURS, "calls from inside"),
    Right(STREAMED, "", "pods/portforward", Area.OURS, "what each sidecar runs"),
    Right(("patch",), "", "pods/ephemeralcontainers", Area.OURS, "calls from a pod of the application"),
    Right((*MADE, "list"), APPS, "deployments", Area.OURS, _SCENARIO),
    Right(("list",), APPS, "replicasets", Area.OURS, "a pod that was taken away is no verdict"),
    Right(("list",), APPS, "statefulsets", Area.OURS, "a pod that was taken away is no verdict"),
    Right(("list",), APPS, "daemonsets", Area.OURS, "a pod that was taken away is no verdict"),
    Right((*APPLIED, "list"), "", "services", Area.OURS, _SCENARIO),
    Right(APPLIED, "", "secrets", Area.OURS, "the scenario's Secret; Secrets are never listed"),
    Right(("get",), "", "serviceaccounts", Area.OURS, "what a pod names and lacks"),
    Right(("create", "patch"), "", "serviceaccounts", Area.OURS, _OWN_GATEWAY, _SHARED_GATEWAY),
    Right((*APPLIED, "list", "deletecollection"), "", "persistentvolumeclaims", Area.OURS, _SCENARIO),
    Right(("list",), "", "events", Area.OURS, "why a pod does not get ready"),
    Right(("list",), DISCOVERY, "endpointslices", Area.OURS, "Services have their endpoints"),
    Right((*MADE, "list"), NETWORKING, "gateways", Area.OURS, _SCENARIO),
    Right((*MADE, "list"), NETWORKING, "virtualservices", Area.OURS, _SCENARIO),
    Right((*MADE, "list"), NETWORKING, "destinationrules", Area.OURS, _SCENARIO),
    Right(MADE, NETWORKING, "serviceentries", Area.OURS, "a change has propagated to each proxy"),
    Right(("get", "create", "update"), LEASES, "leases", Area.OURS, "two runs of one name are kept apart"),
    Right(("list",), NETWORKING, "envoyfilters", Area.OURS, "foreign filters of a proxy are named"),
    Right(("list",), EXTENSIONS, "wasmplugins", Area.OURS, "foreign filters of a proxy are named"),
    Right((*APPLIED, "list"), SECURITY, "peerauthentications", Area.OURS, _SCENARIO),
    Right(("list",), "", "pods", Area.MESH, "the control plane is found and watched"),
    Right(STREAMED, "", "pods/portforward", Area.MESH, "the control plane's version"),
    Right(("get",), "", "pods/log", Area.MESH, "configuration that proxies refuse"),
    Right(("list",), APPS, "deployments", Area.MESH, "the control plane of each revision"),
    Right(("get",), "", "configmaps", Area.MESH, "MeshConfig"),
    Right(("list",), SECURITY, "peerauthentications", Area.MESH, "mutual TLS of the whole mesh"),
    Right(("list",), NETWORKING, "envoyfilters", Area.MESH, "foreign filters of a proxy are named"),
    Right(("list",), EXTENSIONS, "wasmplugins", Area.MESH, "foreign filters of a proxy are named"),
    Right(("get", "list"), "", "services", Area.GATEWAY, "the gateway's address"),
    Right(("get",), APPS, "deployments", Area.GATEWAY, _OWN_GATEWAY, _SHARED_GATEWAY),
    Right(("list",), "", "pods", Area.GATEWAY, "the gateway is found and watched"),
    Right(STREAMED, "", "pods/portforward", Area.GATEWAY, "what the gateway's proxies run"),
)
"""What a run with the suite's own manifests needs; rights_of_manifests() has what others need beside it."""


def rights_of_manifests(api: Api, manifests: ManifestFolder, deleted: Collection[str]) -> list[Right]:
    """Return the rights to make the objects of some manifests, as far as RIGHTS lacks them.

    A kind that the cluster does not serve is left out: applying it says so.

    Args:
        api: It knows the resource of each kind.
        manifests: The objects.
        deleted: The kinds of which the scenario deletes objects; all others go with their namespace.
    """
    known = {(one.group, one.resource, one.area, verb) for one in RIGHTS for verb in one.verbs}
    found = {}
    for manifest in manifests.objects:
        kind = str(manifest.body["kind"])
        try:
            resource, namespaced = api.resource(manifest.api_version, kind)
        except Refused:
            continue
        group = manifest.api_version.rpartition("/")[0]
        area = Area.OURS if namespaced or kind == "Namespace" else Area.CLUSTER
        # What is of the cluster goes with no namespace.
        needed = MADE if area is Area.CLUSTER or kind in deleted else APPLIED
        if not all((group, resource, area, verb) in known for verb in needed):
            found[group, resource] = Right(needed, group, resource, area, f"{kind} in {manifest.place}")
    return list(found.values())


def missing_rights(
    api: Api, namespaces: Mapping[Area, Sequence[str]], rights: Iterable[Right] = RIGHTS
) -> list[Missing]:
    """Return what the API server does not allow, each verb and namespace once.

    What the run can give itself in its own namespaces, by its own role there, is not missing.

    Args:
        api: The API server.
        namespaces: Those of each area, which need not exist; an area that is left out is not checked.
        rights: What is needed.

    Raises:
        ApiException: The server does not answer.
    """
    asked = list(_asked(namespaces, rights))
    with ThreadPoolExecutor(WORKERS) as pool:
        allowed = pool.map(lambda one: api.allows(_attributes(one)), asked)
        missing = [one for one, is_allowed in zip(asked, allowed, strict=True) if not is_allowed]
    in_ours = [one for one in missing if one.right.area is Area.OURS]
    # The role can't be read, or not be bound, where a right on RBAC is missing.
    if not in_ours or any(one.right.group == RBAC for one in missing):
        return missing
    granted = _granted_by_own_role(api)
    return [
        one
        for one in missing
        if one not in in_ours or (one.right.group, one.right.resource, one.verb) not in granted
    ]


def _granted_by_own_role(api: Api) -> set[tuple[str, str, str]]:
    """Return group, resource and verb of all that the role which the run binds grants."""
    role = api.get(f"{RBAC}/v1", "ClusterRole", OWN_ROLE) or {}
    return {
        (group, resource, verb)
        for rule in role.get("rules") or ()
        for group in rule.get("apiGroups") or ()
        for resource in rule.get("resources") or ()
        for verb in rule["verbs"]
    }


def in_lines(missing: Iterable[Missing]) -> list[str]:
    """Return a line for each right that something is missing of: verbs, resource, namespaces and purpose."""
    by_right: dict[Right, list[Missing]] = {}
    for one in missing:
        by_right.setdefault(one.right, []).append(one)
    return [_line(right, found) for right, found in by_right.items()]


def _line(right: Right, missing: Sequence[Missing]) -> str:
    verbs = dict.fromkeys(one.verb for one in missing)
    namespaces = dict.fromkeys(one.namespace for one in missing)
    resource, slash, subresource = right.resource.partition("/")
    name = resource + (f".{right.group}" if right.group else "") + slash + subresource
    in_some = f"namespace {' and '.join(namespaces)}"
    where = in_some if right.area in {Area.MESH, Area.GATEWAY} else right.area
    end = f"; without it, {right.without}" if right.without else ""
    return f"{', '.join(verbs)} {name} in {where}: {right.purpose}{end}"


def policy_rules(area: Area, rights: Iterable[Right] = RIGHTS) -> list[dict[str, list[str]]]:
    """Return the rules of a Role or ClusterRole that grants the rights of an area (Kubernetes: RBAC)."""
    verbs: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for one in rights:
        if one.area is area:
            verbs.setdefault((one.group, one.resource, one.names), []).extend(one.verbs)
    return [
        {
            "apiGroups": [group],
            "resources": [resource],
            **({"resourceNames": list(names)} if names else {}),
            "verbs": list(dict.fromkeys(granted)),
        }
        for (group, resource, names), granted in verbs.items()
    ]


def _asked(namespaces: Mapping[Area, Sequence[str]], rights: Iterable[Right]) -> Iterator[Missing]:
    found: dict[tuple[str, str, str, str], Missing] = {}
    for right in rights:
        places = ("",) if right.area is Area.CLUSTER else namespaces.get(right.area, ())
        for one in (Missing(right, verb, place) for place in places for verb in right.verbs):
            found.setdefault((one.verb, right.group, right.resource, one.namespace), one)
    yield from found.values()


def _attributes(asked: Missing) -> dict[str, str]:
    resource, _, subresource = asked.right.resource.partition("/")
    attributes = {
        "verb": asked.verb,
        "group": asked.right.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": asked.namespace,
    }
    # A request for one namespace is authorized as one in it (Kubernetes: RequestInfo).
    names = (asked.namespace,) if resource == "namespaces" and asked.namespace else asked.right.names
    return attributes | ({"name": names[0]} if names else {})

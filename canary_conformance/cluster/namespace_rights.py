"""Namespaces that the run makes, and its rights in them: where it has none, it binds its own role there.

RBAC has no rights on namespaces of one prefix. So a run's account may create namespaces and bind
one ClusterRole; what it does in the rest of the cluster, the API server refuses (Kubernetes: RBAC,
"Restrictions on role binding creation or update").
"""

from __future__ import annotations

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.access_rights import OWN_ROLE, RBAC
from canary_conformance.cluster.api import Api, Object
from canary_conformance.cluster.apply_answers import message_of
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until


def create_namespace(api: Api, name: str, metadata: Object) -> None:
    """Create a namespace unless it is there, and have the rights of the run in it.

    It is created, not applied: applying needs the right to change every namespace of the cluster.

    Raises:
        BadInput: The account may not give itself these rights.
        EnvironmentFailed: They do not come to hold.
    """
    if api.get("v1", "Namespace", name) is None:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {**metadata, "name": name}}, None)
    if not _has_rights(api, name):
        _bind(api, name)


def _has_rights(api: Api, namespace: str) -> bool:
    """Return whether the run's role, or a wider one, is bound: nothing else lets it delete its namespace."""
    return api.allows({"verb": "delete", "resource": "namespaces", "namespace": namespace, "name": namespace})


def _bind(api: Api, namespace: str) -> None:
    body = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": OWN_ROLE, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": OWN_ROLE},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": api.user()}],
    }
    try:
        api.create(body, namespace)
    except ApiException as refused:
        raise BadInput(
            f"the account {api.user()} has no rights in namespace {namespace}, and could not bind "
            f"ClusterRole {OWN_ROLE} there: {message_of(refused)}. docs/clusters.md has the roles that a run "
            "needs"
        ) from refused
    try:
        wait_until(
            lambda: _has_rights(api, namespace),
            until=bool,
            limit=LIMITS.api_call,
            what=f"the rights of ClusterRole {OWN_ROLE} hold in namespace {namespace}",
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late

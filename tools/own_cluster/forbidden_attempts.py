"""What the account of runs may not do, tried in its name: each attempt has to be refused."""

from __future__ import annotations

from canary_conformance.cluster.access_rights import OWN_ROLE
from canary_conformance.processes import CommandFailed
from tools.access_roles import ACCOUNT, ACCOUNTS
from tools.own_cluster.plain_cluster import PlainCluster
from tools.own_cluster.runner_account import USER

BINDING = ("create", "rolebinding", "attempt", f"--serviceaccount={ACCOUNTS}:{ACCOUNT}")
ATTEMPTS = (
    ("get", "secret", "keys", "--namespace", "treasury"),
    ("get", "secrets", "--all-namespaces"),
    (*BINDING, f"--clusterrole={OWN_ROLE}", "--namespace", "treasury", "--dry-run=server"),
    (*BINDING, "--clusterrole=cluster-admin", "--namespace", "treasury", "--dry-run=server"),
    ("create", "namespace", "unlabelled", "--dry-run=server"),
    ("label", "namespace", "shop", "voting-conformance/made-by=me", "--dry-run=server"),
    ("delete", "namespace", "shop", "--dry-run=server"),
    ("delete", "gateways.networking.istio.io", "shop", "--namespace", "shop", "--dry-run=server"),
    ("delete", "persistentvolume", "archive-of-treasury", "--dry-run=server"),
)
# How kubectl begins to say that the API server, or a policy in it, refused.
REFUSED = ("Error from server (Forbidden)", "is forbidden", "denied request")


def allowed_attempts(cluster: PlainCluster) -> list[str]:
    """Return the attempts that were not refused, and those whose end says nothing of that."""
    return [" ".join(words) for words in ATTEMPTS if not _is_refused(cluster, words)]


def _is_refused(cluster: PlainCluster, words: tuple[str, ...]) -> bool:
    try:
        cluster.kubectl(*words, "--as", USER)
    except CommandFailed as failed:
        return any(text in str(failed) for text in REFUSED)
    return False

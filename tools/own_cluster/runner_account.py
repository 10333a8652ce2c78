"""The service account that the suite runs as, with a kubeconfig of its own."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tools.access_roles import ACCOUNT, ACCOUNTS, FOLDER
from tools.own_cluster.mesh_layouts import Layout
from tools.own_cluster.plain_cluster import PlainCluster

USER = f"system:serviceaccount:{ACCOUNTS}:{ACCOUNT}"
# Longer than any run; the cluster goes before.
_HOLDS_FOR = "24h"


def make_account(cluster: PlainCluster, layout: Layout) -> Path:
    """Make the account with the roles that users apply, too; return its kubeconfig.

    Raises CommandFailed.
    """
    for name in ("account.yaml", "roles.yaml", layout.roles, "confinement.yaml"):
        cluster.kubectl("apply", "--filename", FOLDER / name)
    words = ("create", "token", ACCOUNT, "--namespace", ACCOUNTS, "--duration", _HOLDS_FOR)
    token = cluster.kubectl(*words).strip()
    admin = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output", "json"))
    server = admin["clusters"][0]["cluster"]
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster.name, "cluster": server}],
        "users": [{"name": ACCOUNT, "user": {"token": token}}],
        # The suite takes no context that is not named, so none is current.
        "contexts": [{"name": cluster.name, "context": {"cluster": cluster.name, "user": ACCOUNT}}],
    }
    file = cluster.folder / "kubeconfig"
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(kubeconfig, sort_keys=False))
    return file

"""Writes the roles by which a run may judge on a cluster of others: `python -m tools.access_roles`.

What they grant is canary_conformance.cluster.access_rights, and nothing else; a selftest compares them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from canary_conformance.cluster.access_rights import OWN_ROLE, RBAC, Area, policy_rules
from canary_conformance.paths import REPOSITORY
from tools.reports import say

FOLDER = REPOSITORY / "examples" / "cluster"
ACCOUNT, ACCOUNTS = "conformance", "conformance-runners"
# A ClusterRole for each area; those of namespaces are bound there.
ROLES: Mapping[Area, str] = {
    Area.CLUSTER: "voting-conformance",
    Area.OURS: OWN_ROLE,
    Area.MESH: "voting-conformance-mesh",
    Area.GATEWAY: "voting-conformance-gateway",
}
HEAD = "# Made by `python -m tools.access_roles` from canary_conformance/cluster/access_rights.py.\n"
ABOUT = {
    "account.yaml": "# The account that a run is made with.\n",
    "roles.yaml": (
        "# What a run needs, and no more. In the namespaces that it makes it binds the role\n"
        f"# {OWN_ROLE} to itself; it has no rights in others but those on the mesh's.\n"
    ),
    "mesh-default.yaml": "# Where the mesh is: istioctl's defaults. Other namespaces: change them here.\n",
    "mesh-aks.yaml": "# Where the mesh is: the add-on of AKS.\n",
}


def files() -> dict[str, str]:
    """Return the files by name."""
    contents = {
        "account.yaml": _account(),
        "roles.yaml": [*(_role(area) for area in ROLES), _binding(Area.CLUSTER)],
        "mesh-default.yaml": _in_the_mesh("istio-system", "istio-system"),
        "mesh-aks.yaml": _in_the_mesh("aks-istio-system", "aks-istio-ingress"),
    }
    return {
        name: HEAD + ABOUT[name] + yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=None)
        for name, documents in contents.items()
    }


def _account() -> list[dict[str, Any]]:
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ACCOUNTS}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": ACCOUNTS}},
    ]


def _role(area: Area) -> dict[str, Any]:
    metadata = {"name": ROLES[area]}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": metadata,
        "rules": policy_rules(area),
    }


def _in_the_mesh(root: str, gateways: str) -> list[dict[str, Any]]:
    return [_binding(Area.MESH, root), _binding(Area.GATEWAY, gateways)]


def _binding(area: Area, namespace: str = "") -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": ROLES[area], **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": ROLES[area]},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": ACCOUNTS}],
    }


def main(_: Sequence[str] = ()) -> int:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        say(f"written to examples/cluster/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Writes the roles by which a run may judge on a cluster of others: `python -m tools.access_roles`.

What they grant is canary_conformance.cluster.access_rights, and nothing else. docs/clusters.md shows them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from canary_conformance.cluster.access_rights import OWN_ROLE, RBAC, RIGHTS, Area, policy_rules
from canary_conformance.paths import REPOSITORY
from tools.reports import say

FOLDER = REPOSITORY / "examples" / "cluster"
PAGE = REPOSITORY / "docs" / "clusters.md"
SHOWN = ("roles.yaml", "mesh-default.yaml")
ACCOUNT, ACCOUNTS = "conformance", "conformance-runners"
# A ClusterRole for each area; those of namespaces are bound there.
ROLES: Mapping[Area, tuple[str, str]] = {
    Area.CLUSTER: ("voting-conformance", "On the whole cluster."),
    Area.OURS: (OWN_ROLE, "In the namespaces that the run makes: it binds this role there itself."),
    Area.MESH: ("voting-conformance-mesh", "In the namespace of the control plane."),
    Area.GATEWAY: ("voting-conformance-gateway", "In the namespace of the ingress gateway."),
}
HEAD = "# Made by `python -m tools.access_roles` from canary_conformance/cluster/access_rights.py.\n"


def files() -> dict[str, str]:
    """Return the files by name."""
    roles = "".join(_role(area) for area in ROLES) + _binding(Area.CLUSTER)
    return {
        "account.yaml": f"# The account that a run is made with.\n{_account()}",
        "roles.yaml": HEAD + roles.removesuffix("---\n"),
        "mesh-default.yaml": _in_the_mesh("istio-system", "istio-system"),
        "mesh-aks.yaml": _in_the_mesh("aks-istio-system", "aks-istio-ingress"),
    }


def page(text: str) -> str:
    """Return a page with the files that it shows as they are now, each after its marker."""
    for name in SHOWN:
        marker = f"<!-- examples/cluster/{name} -->\n"
        before, _, after = text.partition(marker)
        rest = after.partition("```\n")[2]
        text = f"{before}{marker}```yaml\n{files()[name]}```\n{rest}"
    return text


def _account() -> str:
    return (
        "apiVersion: v1\n"
        "kind: Namespace\n"
        f"metadata: {{name: {ACCOUNTS}}}\n"
        "---\n"
        "apiVersion: v1\n"
        "kind: ServiceAccount\n"
        f"metadata: {{name: {ACCOUNT}, namespace: {ACCOUNTS}}}\n"
    )


def _role(area: Area) -> str:
    name, about = ROLES[area]
    purposes = {(one.group, one.resource): one.purpose for one in reversed(RIGHTS) if one.area is area}
    rules = "".join(
        f"  # {purposes[rule['apiGroups'][0], rule['resources'][0]]}\n  - {_flow(rule)}\n"
        for rule in policy_rules(area)
    )
    return (
        f"# {about}\n"
        f"apiVersion: {RBAC}/v1\n"
        "kind: ClusterRole\n"
        f"metadata: {{name: {name}}}\n"
        f"rules:\n{rules}---\n"
    )


def _flow(rule: Mapping[str, Iterable[str]]) -> str:
    lists = (f"{key}: [{', '.join(map(_quoted, values))}]" for key, values in rule.items())
    return "{" + ", ".join(lists) + "}"


def _quoted(value: str) -> str:
    return value or '""'


def _in_the_mesh(root: str, gateways: str) -> str:
    both = _binding(Area.MESH, root) + _binding(Area.GATEWAY, gateways)
    return f"# Where the control plane and the ingress gateway are.\n{both}".removesuffix("---\n")


def _binding(area: Area, namespace: str = "") -> str:
    name, _ = ROLES[area]
    where = f", namespace: {namespace}" if namespace else ""
    return (
        f"apiVersion: {RBAC}/v1\n"
        f"kind: {'RoleBinding' if namespace else 'ClusterRoleBinding'}\n"
        f"metadata: {{name: {name}{where}}}\n"
        f"roleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: {name}}}\n"
        f"subjects: [{{kind: ServiceAccount, name: {ACCOUNT}, namespace: {ACCOUNTS}}}]\n"
        "---\n"
    )


def main(_: Sequence[str] = ()) -> int:
    """Write the files, and the page that shows them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    say(f"written: examples/cluster ({', '.join(files())}) and docs/clusters.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the suite's own containers may do: as little as the strictest of the Pod Security Standards allows."""

from __future__ import annotations

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The security context of a container (Kubernetes: "Pod Security Standards", Restricted)."""

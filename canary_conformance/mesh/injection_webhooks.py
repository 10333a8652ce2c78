"""Whether the control plane in charge injects into a namespace, by the webhooks that the cluster has.

Sources: Istio, "Installing the Sidecar" (controlling the injection policy) and "Canary Upgrades": a revision
and each tag that points to it have a MutatingWebhookConfiguration, labelled with the revision; which pods it
gets is decided by the selectors of its webhooks. Kubernetes, "Labels and Selectors".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from canary_conformance.cluster.api import Api

Object = Mapping[str, Any]

CONFIGURATION = ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration")
INJECTOR = "app=sidecar-injector"
_REVISION = "istio.io/rev"


def reasons_without_injection(api: Api, revision: str, namespace: str) -> list[str]:
    """Return why a revision's control plane injects into no pod of a namespace; nothing where it does."""
    found = api.get("v1", "Namespace", namespace) or {"metadata": {}}
    labels = found["metadata"].get("labels") or {}
    configurations = api.list(*CONFIGURATION, None, INJECTOR)
    if any(injects(configurations, revision, labels)):
        return []
    listed = ", ".join(f"{key}: {value}" for key, value in sorted(labels.items())) or "none"
    return [f"no injection webhook of revision {revision} selects the namespace, whose labels are {listed}"]


def injects(configurations: Iterable[Object], revision: str, labels: Mapping[str, str]) -> Iterable[str]:
    """Yield the webhooks of a revision that get every pod of a namespace with these labels."""
    for one in configurations:
        if (one["metadata"].get("labels") or {}).get(_REVISION) != revision:
            continue
        for webhook in one.get("webhooks") or []:
            # A pod without labels of its own for injection is selected, too.
            if selects(webhook.get("namespaceSelector"), labels) and selects(
                webhook.get("objectSelector"), {}
            ):
                yield str(webhook["name"])


def selects(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """Return whether a label selector of the Kubernetes API selects an object with these labels."""
    wanted = (selector or {}).get("matchLabels") or {}
    expressions = (selector or {}).get("matchExpressions") or []
    return wanted.items() <= labels.items() and all(_fits(one, labels) for one in expressions)


def _fits(expression: Object, labels: Mapping[str, str]) -> bool:
    carried, values = labels.get(expression["key"]), expression.get("values") or []
    fits = {
        "In": carried in values,
        "NotIn": carried not in values,
        "Exists": carried is not None,
        "DoesNotExist": carried is None,
    }
    return fits[str(expression["operator"])]

"""The revisions of Istio that inject in a cluster, which one a run is on, and into which namespaces they do.

Each revision, and each tag that points to one, has a MutatingWebhookConfiguration, labelled with the
revision, that leads to its control plane; which pods it gets is decided by the selectors of its webhooks.
Sources: Istio, "Canary Upgrades", "Installing the Sidecar" (controlling the injection policy); Kubernetes,
"Labels and Selectors".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.errors import BadInput

Object = Mapping[str, Any]
REVISION, TAG = "istio.io/rev", "istio.io/tag"
BY_DEFAULT = {"istio-injection": "enabled"}


@dataclass(frozen=True, slots=True)
class Revision:
    """A control plane that injects sidecars.

    Attributes:
        name: Its name; "default" where it was installed without one.
        namespace: The control plane's; "" where it does not run in the cluster.
        tags: The tags that point to it.
        by_default: Whether it injects where a namespace is labelled istio-injection: enabled.
    """

    name: str
    namespace: str
    tags: tuple[str, ...]
    by_default: bool

    def __str__(self) -> str:
        tags = f" (tag {', '.join(self.tags)})" if self.tags else ""
        return f"{self.name}{tags}"


def revisions_of(api: Api) -> list[Revision]:
    """Return the revisions that a cluster has, by name. Raises ApiException."""
    configurations = api.list(*CONFIGURATION, None, INJECTOR)
    by_name: dict[str, list[Object]] = {}
    for one in configurations:
        by_name.setdefault(str((one["metadata"].get("labels") or {}).get(REVISION, "")), []).append(one)
    return [
        Revision(
            name,
            next(filter(None, map(_namespace, found)), ""),
            tuple(
                sorted(
                    str(one["metadata"]["labels"][TAG]) for one in found if TAG in one["metadata"]["labels"]
                )
            ),
            any(injects(found, name, BY_DEFAULT)),
        )
        for name, found in sorted(by_name.items())
        if name
    ]


def chosen(revisions: Sequence[Revision], wanted: str) -> Revision:
    """Return the revision that a run is on: the one that is named, else the default, else the only one.

    Args:
        revisions: At least one.
        wanted: The name of a revision or a tag, "" for none.

    Raises:
        BadInput: There is none of this name, or none is named and there are several.
    """
    known = f"the cluster has {', '.join(map(str, revisions))}"
    if wanted:
        for one in revisions:
            if wanted == one.name or wanted in one.tags:
                return one
        raise BadInput(f"--revision {wanted}: {known}")
    if len(revisions) == 1:
        return revisions[0]
    for one in revisions:
        if one.by_default:
            return one
    raise BadInput(f"several revisions of Istio inject, none by default; name one with --revision: {known}")


def injection_labels(revision: Revision, wanted: str = "") -> dict[str, str]:
    """Return the labels by which a namespace gets sidecars of a revision, by the tag where one is named."""
    if wanted in revision.tags and wanted != "default":
        return {REVISION: wanted}
    return dict(BY_DEFAULT) if revision.by_default else {REVISION: revision.name}


def _namespace(configuration: Object) -> str:
    webhooks = configuration.get("webhooks") or ()
    services = ((one.get("clientConfig") or {}).get("service") or {} for one in webhooks)
    return next((str(one["namespace"]) for one in services if one.get("namespace")), "")


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

"""The namespaces that a run makes, labelled as its own, so that it removes those and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import delete_namespaces
from canary_conformance.cluster.namespace_rights import create_namespace
from canary_conformance.errors import BadInput
from canary_conformance.progress import Progress

# The label of all that a run makes outside of its namespaces, and of these; its value is the name of the
# run's own namespace, so that `kubectl get namespaces -l voting-conformance/made-by` shows every run's.
MADE_BY = "voting-conformance/made-by"

# By these a namespace requests sidecars (Istio: "Installing the Sidecar").
INJECTION_LABELS = frozenset({"istio-injection", "istio.io/rev"})


def apply_namespace(api: Api, name: str, labels: Mapping[str, str]) -> None:
    """Create a namespace, or give it other labels."""
    # What a creation sets, a later apply can change but not take away (Kubernetes: "Server-Side Apply").
    create_namespace(api, name, {"labels": {key: labels[key] for key in labels.keys() & {MADE_BY}}})
    metadata = {"name": name, "labels": dict(labels)}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, None)


def request_injection(
    api: Api, name: str, labels: Mapping[str, str], injection_labels: Mapping[str, str]
) -> None:
    """Have a namespace request sidecars by these labels, and by no others; it keeps its other labels."""
    own = {key: value for key, value in labels.items() if key not in INJECTION_LABELS}
    apply_namespace(api, name, {**own, **injection_labels})


def is_ours(item: Mapping[str, Any]) -> bool:
    """Return whether this suite made an object, by its label; before 0.3 it was an annotation."""
    metadata = item["metadata"]
    return any(MADE_BY in (metadata.get(field) or {}) for field in ("labels", "annotations"))


def check_ours(api: Api, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return those of these namespaces that exist. Raises BadInput where this suite did not make one."""
    found = {name: item for name in names if (item := api.get("v1", "Namespace", name)) is not None}
    for name, item in found.items():
        if not is_ours(item):
            raise BadInput(
                f"namespace {name} exists and this suite did not make it: it would have to be deleted. "
                f"Remove it yourself, or choose another cluster or --namespace-prefix."
            )
    return found


def remove_namespaces(api: Api, names: tuple[str, ...], progress: Progress) -> None:
    """Delete namespaces that are ours and wait until they are gone. Raises BadInput, EnvironmentFailed."""
    found = check_ours(api, names)
    if not found:
        return
    with progress.phase(f"removing namespaces {', '.join(found)}"):
        delete_namespaces(api, list(found))

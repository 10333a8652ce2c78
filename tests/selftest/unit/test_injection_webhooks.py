"""A namespace asks for sidecars where a webhook of the control plane in charge selects it."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.mesh.revision_choice import injects, reasons_without_injection, selects

Selector = dict[str, Any]


def wants(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def webhook(name: str, namespace: list[Selector], pod: list[Selector]) -> dict[str, Any]:
    return {
        "name": name,
        "namespaceSelector": {"matchExpressions": namespace},
        "objectSelector": {"matchExpressions": pod},
    }


NOT_FORBIDDEN = wants("sidecar.istio.io/inject", "NotIn", "false")
ASKED = wants("sidecar.istio.io/inject", "In", "true")


def configuration(revision: str, tag: str, *, default: bool) -> dict[str, Any]:
    """Return a webhook configuration as istioctl makes it for a revision or a tag."""
    by_revision = [wants("istio.io/rev", "In", tag), wants("istio-injection", "DoesNotExist")]
    silent = [wants("istio.io/rev", "DoesNotExist"), wants("istio-injection", "DoesNotExist")]
    webhooks = [
        webhook("rev.namespace", by_revision, [NOT_FORBIDDEN]),
        webhook("rev.object", silent, [NOT_FORBIDDEN, wants("istio.io/rev", "In", tag)]),
    ]
    if default:
        enabled = [wants("istio-injection", "In", "enabled")]
        webhooks += [webhook("namespace", enabled, [NOT_FORBIDDEN]), webhook("object", silent, [ASKED])]
    return {"metadata": {"name": tag, "labels": {"istio.io/rev": revision}}, "webhooks": webhooks}


MESH = [configuration("1-31-0", "1-31-0", default=False), configuration("1-31-0", "default", default=True)]
OLD = configuration("1-30-2", "old", default=False)


@pytest.mark.parametrize(
    ("labels", "asks"),
    [
        ({"istio-injection": "enabled"}, True),
        ({"istio.io/rev": "default"}, True),
        ({"istio.io/rev": "1-31-0", "team": "voting"}, True),
        ({"istio.io/rev": "old"}, False),
        ({"istio.io/rev": "canary"}, False),
        ({"istio-injection": "disabled"}, False),
        ({"istio-injection": "disabled", "istio.io/rev": "default"}, False),
        ({"istio-inject": "enabled"}, False),
        ({}, False),
    ],
)
def test_a_namespace_asks_by_a_label_of_the_revision_in_charge_or_of_its_tags(
    labels: Mapping[str, str], asks: bool
) -> None:
    assert any(injects([*MESH, OLD], "1-31-0", labels)) is asks


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [wants("a", "Exists")]}, True),
        ({"matchExpressions": [wants("b", "NotIn", "1")]}, True),
        ({"matchExpressions": [wants("a", "Exists"), wants("istio.io/deactivated", "Exists")]}, False),
    ],
)
def test_a_selector_of_labels(selector: Selector | None, selected: bool) -> None:
    assert selects(selector, {"a": "1"}) is selected


class Cluster:
    """An API server with one namespace and the webhooks of one mesh."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels

    def get(self, _version: str, kind: str, name: str, _namespace: str | None = None) -> dict[str, Any]:
        return {"kind": kind, "metadata": {"name": name, "labels": dict(self.labels)}}

    def list(self, _version: str, kind: str, *_: object) -> list[dict[str, Any]]:
        return MESH if kind == "MutatingWebhookConfiguration" else []


def test_the_reason_names_the_revision_and_the_labels() -> None:
    assert not reasons_without_injection(
        cast(Api, Cluster({"istio-injection": "enabled"})), "1-31-0", "voting"
    )
    (reason,) = reasons_without_injection(cast(Api, Cluster({"istio.io/rev": "x"})), "1-31-0", "voting")
    assert reason.startswith("no injection webhook of revision 1-31-0 selects the namespace")
    assert reason.endswith("istio.io/rev: x")

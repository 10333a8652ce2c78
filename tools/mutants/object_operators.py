"""Systematic mistakes that change several places of an object at once, or a whole object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tools.mutants.edit_sites import Site
from tools.mutants.field_requirements import READY, SERVES
from tools.mutants.mutant_change import Change, Operator, Scope

_TEMPLATE_LABELS = ("spec", "template", "metadata", "labels")
_SELECTOR = ("spec", "selector", "matchLabels")
# The requirements about proxies and mutual TLS of the pods that a stage brings.
_INJECTED = {1: "R1.3", 2: "R1.3 R3.4 R3.5", 4: "R1.3 R4.10"}


def missing_object(scope: Scope) -> Iterator[Change]:
    """Leave out a whole object."""
    for site in _named(scope):
        if len(site.source.manifests) > 1:
            edit = site.source.yaml.drop_document(site.document)
            yield Change(site, "is missing with its whole object", (edit,))


def wrong_label(scope: Scope) -> Iterator[Change]:
    """Write another label on pods and in their Deployment's selector, so that the two still fit."""
    for site in scope.sites:
        if site.path[:-1] != _TEMPLATE_LABELS or site.value is None:
            continue
        for value in (f"{site.value}x", *scope.values(site)[:1]):
            edits = tuple(
                site.source.yaml.replace_value(site.document, (*labels, site.path[-1]), value)
                for labels in (_SELECTOR, _TEMPLATE_LABELS)
            )
            words = f"{site.value} becomes {value}, in the selector too"
            yield Change(site, words, edits, ids=_of_pods(site))


def no_injection(scope: Scope) -> Iterator[Change]:
    """Forbid the sidecar of a Deployment's pods (Istio, "Installing the Sidecar")."""
    for site in scope.sites:
        if site.path == _TEMPLATE_LABELS:
            label = 'sidecar.istio.io/inject: "false"'
            last = (*site.path, "version")
            edit = site.source.yaml.insert_after(site.document, last, label)
            ids = frozenset(_INJECTED[site.source.stage].split())
            yield Change(site, "forbid the sidecar", (edit,), ids=ids)


def no_volume(scope: Scope) -> Iterator[Change]:
    """Keep data where it goes with the pod."""
    for site in scope.sites:
        if site.path[-1] == "persistentVolumeClaim":
            edit = site.source.yaml.rewrite(site.document, site.path, "emptyDir: {}")
            yield Change(site, "becomes an empty folder", (edit,), ids=frozenset({"R4.9"}))


def reweighted(scope: Scope) -> Iterator[Change]:
    """Send 1 % of a route to another subset that the host has or had."""
    for site in scope.sites:
        if site.kind != "VirtualService" or len(site.path) < 2 or site.path[-2] != "route":
            continue
        route = _data(site)
        for subset in _other_subsets(scope, site, route["destination"]):
            leak = {**route["destination"], "subset": subset}
            items = [{"destination": route["destination"], "weight": 99}, {"destination": leak, "weight": 1}]
            source = yaml.safe_dump(items, sort_keys=False).rstrip()
            edit = site.source.yaml.rewrite(site.document, site.path, source)
            yield Change(site, f"leaks 1 % to {subset}", (edit,))


TOGETHER: tuple[Operator, ...] = (missing_object, wrong_label, no_injection, no_volume, reweighted)


def _named(scope: Scope) -> Iterator[Site]:
    return (site for site in scope.sites if site.path == ("metadata", "name"))


def _of_pods(site: Site) -> frozenset[str]:
    stage = site.source.stage
    return frozenset([READY[stage], *SERVES[site.ref].split()])


def _data(site: Site) -> dict[str, Any]:
    value: Any = site.source.manifests[site.document].body
    for part in site.path:
        value = value[part]
    return dict(value)


def _other_subsets(scope: Scope, site: Site, destination: dict[str, Any]) -> list[str]:
    """Return the subsets that the destination's host has or had by then, but for the destination's own."""
    found: set[str] = set()
    for source in scope.sources:
        for manifest in source.manifests:
            spec = manifest.body.get("spec", {})
            if manifest.ref.kind == "DestinationRule" and spec.get("host") == destination["host"]:
                found |= {subset["name"] for subset in spec.get("subsets", [])}
        if source is site.source:
            break
    return sorted(found - {destination.get("subset")})

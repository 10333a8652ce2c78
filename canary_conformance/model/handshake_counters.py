"""A counter that some pods' own proxies are asked for, where the mesh hides it and a judge needs it (R3.6).

The mesh's configuration is somebody's; an annotation asks for the same for some pods alone, and makes no
other difference to them (Istio: "ProxyConfig", proxyStatsMatcher; "Resource Annotations").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from canary_conformance.model.mesh_rewrite import Change, Labels, Rewrite
from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.scenario.stages import Scenario

PROXY_CONFIG = "proxy.istio.io/config"
_MATCHER, _SUFFIXES = "proxyStatsMatcher", "inclusionSuffixes"
_METADATA = ("spec", "template", "metadata")


def counts(config: object, counter: str) -> bool:
    """Return whether a ProxyConfig has proxies count what ends like this."""
    return any(counter.endswith(one) for one in _suffixes(config))


def with_counter(manifests: ManifestFolder, scenario: Scenario, pods: Labels, counter: str) -> Rewrite:
    """Return the manifests with an annotation by which some pods' proxies count."""
    changes: list[Change] = []

    def rewritten(manifest: Manifest) -> Manifest:
        metadata = _at(manifest.body, _METADATA)
        labels, annotations = metadata.get("labels"), metadata.get("annotations") or {}
        chosen = isinstance(labels, Mapping) and pods.items() <= labels.items()
        if not chosen or not isinstance(annotations, Mapping):
            return manifest
        before = annotations.get(PROXY_CONFIG)
        after = _counting(before, counter)
        if after is None:
            return manifest
        place = manifest.place_of(*_METADATA, "annotations", PROXY_CONFIG)
        old = (_line(before),) if before is not None else ()
        changes.append(
            Change(place, f"{manifest.ref} {'.'.join(_METADATA)}.annotations", old, (_line(after),))
        )
        annotated = {**metadata, "annotations": {**annotations, PROXY_CONFIG: after}}
        return replace(manifest, body=_replaced(manifest.body, _METADATA, annotated))

    files = {file: tuple(map(rewritten, objects)) for file, objects in manifests.files.items()}
    return Rewrite(ManifestFolder(manifests.root, files), scenario, tuple(changes))


def _counting(text: object, counter: str) -> str | None:
    """Return a ProxyConfig with the counter, None where it has it, or is none that can be read."""
    try:
        config = yaml.safe_load(str(text or "{}"))
    except yaml.YAMLError:
        return None
    if not isinstance(config, dict) or counts(config, counter):
        return None
    matcher = {**(config.get(_MATCHER) or {}), _SUFFIXES: [*_suffixes(config), counter]}
    return json.dumps({**config, _MATCHER: matcher})


def _suffixes(config: object) -> list[str]:
    return list(_at(config, (_MATCHER,)).get(_SUFFIXES) or ())


def _at(part: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
    for key in path:
        part = part.get(key) if isinstance(part, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _replaced(part: Any, path: tuple[str, ...], value: object) -> Any:
    if not path:
        return value
    return {**part, path[0]: _replaced(part[path[0]], path[1:], value)}


def _line(value: object) -> str:
    return f"{PROXY_CONFIG}: {json.dumps(value)}"

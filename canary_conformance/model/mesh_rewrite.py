"""The manifests with the labels of the mesh at hand, where they have those of a usual installation of Istio.

Only two things are rewritten, and only where they do not fit this mesh: the label istio-injection: enabled of
the namespace, and a Gateway's selector that chooses the ingress gateway as `istioctl install` names it. Where
the mesh sees only namespaces of some labels, the namespace gets those that it lacks. Everything else is left
as it is written, mistakes included: a revision that nobody runs, a selector that chooses no gateway of any
mesh. Places stay those of the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from canary_conformance.model.objects.mesh_profile import DEFAULT, INJECTION, REVISION, MeshProfile
from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.scenario.namespace_names import with_selector
from canary_conformance.scenario.own_namespace import is_own
from canary_conformance.scenario.places import Place
from canary_conformance.scenario.stages import Scenario

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """Labels that were rewritten: the line of the first, what they belong to, and both as lines of YAML."""

    place: Place
    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def hunk(self) -> list[str]:
        """Return the change as a hunk of a unified diff, without the indentation of the file."""
        old, new = (
            f"{self.place.line}{f',{len(lines)}' if len(lines) != 1 else ''}"
            for lines in (self.before, self.after)
        )
        heading = f"@@ -{old} +{new} @@ {self.subject}"
        return [heading, *(f"-{line}" for line in self.before), *(f"+{line}" for line in self.after)]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The manifests and their scenario for one mesh, and what was changed for it."""

    manifests: ManifestFolder
    scenario: Scenario
    changes: tuple[Change, ...] = ()

    def diff(self) -> tuple[str, ...]:
        """Return the changes as the lines of a unified diff; none where nothing was changed."""
        files = dict.fromkeys(change.place.file for change in self.changes)
        hunks = {
            file: [line for one in self.changes if one.place.file == file for line in one.hunk()]
            for file in files
        }
        return tuple(
            line for file in files for line in (f"--- {file}", f"+++ {file} (for this mesh)", *hunks[file])
        )


def rewritten_for(manifests: ManifestFolder, scenario: Scenario, mesh: MeshProfile) -> Rewrite:
    """Return the manifests and their scenario with the labels of a mesh.

    Args:
        manifests: The objects of every file.
        scenario: The namespace's labels, and the stages.
        mesh: What makes it inject, and its gateways; the first is the one to open.
    """
    changes: list[Change] = []
    labels = {**mesh.discovery, **_injection(scenario.namespace_labels, mesh)}
    if labels != scenario.namespace_labels:
        line = scenario.label_places.get(INJECTION) or scenario.label_places[""]
        places = {key: scenario.label_places.get(key, line) for key in ("", *labels)}
        changes.append(_change(line, "namespace.labels", scenario.namespace_labels, labels))
        scenario = replace(scenario, namespace_labels=labels, label_places=places)

    def selector(written: Labels) -> Labels:
        usual = DEFAULT.is_gateway(written) and not mesh.is_gateway(written)
        return dict(mesh.selector) if usual else written

    def rewritten(manifest: Manifest) -> Manifest:
        if is_own(manifest, scenario.namespace):
            path, body = ("metadata", "labels"), _with_injection(manifest.body, mesh)
        else:
            path, body = ("spec", "selector"), with_selector(manifest, manifest.body, selector)
        if body == manifest.body:
            return manifest
        before, after = (one[path[0]][path[1]] for one in (manifest.body, body))
        first = next(key for key in before if before[key] != after.get(key))
        place = manifest.place_of(*path, first)
        changes.append(_change(place, f"{manifest.ref} {'.'.join(path)}", before, after))
        return replace(manifest, body=body)

    files = {file: tuple(map(rewritten, objects)) for file, objects in manifests.files.items()}
    return Rewrite(ManifestFolder(manifests.root, files), scenario, tuple(changes))


def _injection(labels: Labels, mesh: MeshProfile) -> Labels:
    """Return a namespace's labels, with the mesh's own in place of a usual one by which it does not inject.

    While istio-injection is there, istio.io/rev does not count: one that fits is left as it is.
    """
    if labels.get(INJECTION) != "enabled" or mesh.by_istio_injection:
        return labels
    others = {key: value for key, value in labels.items() if key != INJECTION}
    return others if others.get(REVISION) in mesh.revisions else {**others, **mesh.namespace_labels}


def _with_injection(body: Mapping[str, Any], mesh: MeshProfile) -> Mapping[str, Any]:
    labels = body["metadata"].get("labels")
    if not isinstance(labels, Mapping):
        return body
    return {**body, "metadata": {**body["metadata"], "labels": _injection(labels, mesh)}}


def _change(place: Place, subject: str, before: Labels, after: Labels) -> Change:
    return Change(place, subject, _lines(before, after), _lines(after, before))


def _lines(labels: Labels, others: Labels) -> tuple[str, ...]:
    """Return the labels that the others lack or have with another value, as lines of YAML."""
    return tuple(
        yaml.safe_dump({key: value}).strip() for key, value in labels.items() if others.get(key) != value
    )

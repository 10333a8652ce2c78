"""What is wrong with one object that no cluster could take, or that can't be the scenario's.

What the API server would refuse by schema or by a rule is left to it (R0.1, model.schemas).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from canary_conformance.scenario.kinds import CONTAINERS, kind_name, kind_problem, pod_spec_path
from canary_conformance.scenario.odd_characters import odd_quote_in
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.scenario.template_markers import unrendered
from canary_conformance.scenario.yaml_files import Document

# Kubernetes, "Object Names and IDs": no name is longer.
_LONGEST_WORD = 253


def object_problems(document: Document, namespace: str) -> list[Finding]:
    """Return what is wrong with an object whose namespace, if it is in one, has to be this one."""
    body = document.data
    if not isinstance(body, dict):
        sentence = "this document isn't an object with apiVersion, kind and metadata"
        return [Finding(document.place_of(), sentence)]
    missing = [key for key in ("apiVersion", "kind") if not _is_word(body.get(key))]
    if missing:
        return [
            Finding(document.place_of(key), f"the object has no {key}, or one that is not a word")
            for key in missing
        ]
    problem = kind_problem(body["apiVersion"], body["kind"])
    if problem:
        # A kind that is served under another API version is wrong in its apiVersion.
        return [Finding(document.place_of("apiVersion"), problem)]
    return [*_metadata_problems(document, namespace), *_image_problems(document)]


def _metadata_problems(document: Document, namespace: str) -> Iterator[Finding]:
    body = document.data
    kind, metadata = body["kind"], body.get("metadata")
    if not isinstance(metadata, dict) or not _is_word(metadata.get("name")):
        yield Finding(document.place_of("metadata", "name"), _no_name(kind, metadata))
        return
    name, own = metadata["name"], metadata.get("namespace")
    try:
        ObjectRef.parse(f"{kind_name(body['apiVersion'], kind)}/{name}")
    except ValueError as problem:
        yield Finding(
            document.place_of("metadata", "name"), unrendered(name) or odd_quote_in(name) or str(problem)
        )
    # An empty word is read as no namespace.
    if own is not None and own not in ("", namespace):
        given = repr(own) if _is_word(own) else "something else"
        template = unrendered(own) if isinstance(own, str) else ""
        sentence = (
            template
            or f"the {kind} is for namespace {given}, the scenario's is {namespace!r}; leave namespace out"
        )
        yield Finding(document.place_of("metadata", "namespace"), sentence)
    if kind == "Namespace" and body["apiVersion"] == "v1" and name != namespace:
        sentence = (
            f"Namespace/{name} is not the scenario's, which is {namespace!r} and the only one to change"
        )
        yield Finding(document.place_of("metadata", "name"), sentence)


def _no_name(kind: str, metadata: object) -> str:
    if isinstance(metadata, Mapping) and metadata.get("generateName"):
        return (
            f"the {kind} has generateName and no name: `kubectl apply` can't apply it, as it could never "
            "find it again; give it a metadata.name"
        )
    return f"the {kind} has no metadata.name"


def _image_problems(document: Document) -> Iterator[Finding]:
    """Yield each image whose name is a template's: no registry has a name of such characters."""
    kind = document.data["kind"]
    path = pod_spec_path(kind)
    if path is None:
        return
    spec = _at(document.data, path)
    for field in CONTAINERS:
        containers = spec.get(field) if isinstance(spec, Mapping) else None
        for index, container in enumerate(containers if isinstance(containers, list) else ()):
            image = container.get("image") if isinstance(container, Mapping) else None
            problem = unrendered(image) if isinstance(image, str) else ""
            if problem:
                place = document.place_of(*path, field, index, "image")
                yield Finding(place, f"no image can be pulled by this name: {problem}")


def _at(part: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        part = part.get(key) if isinstance(part, Mapping) else None
    return part


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_WORD and value.isprintable()


_LIST = "List"


def unpacked(document: Document) -> Iterator[Document]:
    """Yield the objects of a document: itself, or those of a List, each with its own lines.

    Source: kubectl's resource builder (k8s.io/cli-runtime), which flattens whatever has `items`; where an
    item has no kind, it is that of the list ("DeploymentList") and has the list's API version.
    """
    data, items = document.data, _items(document)
    if items is None:
        yield document
        return
    kind, version = data["kind"].removesuffix(_LIST), data.get("apiVersion")
    for item, node in items:
        whole = {"apiVersion": version, "kind": kind, **item} if isinstance(item, dict) and kind else item
        yield from unpacked(Document(document.file, whole, node))


def _items(document: Document) -> list[tuple[object, yaml.Node]] | None:
    """Return each item of a List with its node; None for what is no List."""
    data, node = document.data, document.node
    if not isinstance(data, dict) or not isinstance(node, yaml.MappingNode):
        return None
    kind, items = data.get("kind"), data.get("items")
    if not isinstance(kind, str) or not kind.endswith(_LIST) or not isinstance(items, list):
        return None
    nodes = next(value for key, value in reversed(node.value) if key.value == "items")
    return list(zip(items, nodes.value, strict=True))

"""A List as kubectl reads it: a bag of objects, which are applied one by one in its order.

Source: kubectl's resource builder (k8s.io/cli-runtime), which flattens whatever has `items`; where an item
has no kind, it is that of the list ("DeploymentList") and has the list's API version.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from canary_conformance.scenario.yaml_files import Document

_LIST = "List"


def unpacked(document: Document) -> Iterator[Document]:
    """Yield the objects of a document: itself, or those of a List, each with its own lines."""
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

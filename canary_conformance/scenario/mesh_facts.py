"""What scenario.yaml may state about the mesh and the cluster under its key `mesh`, checked key by key.

Every key is optional; one that is absent is answered by the mesh profile (model.objects.mesh_profile).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

Keys = tuple[str | int, ...]
Find = Callable[[Keys, str], None]

_ROOT: Final = "mesh"


@dataclass(frozen=True, slots=True)
class MeshFacts:
    """The stated facts; None (and an empty mapping) for what is left to the profile.

    `profile` is a profile's name. `revisions` are the control plane's revision and the tags that point to it;
    `istio_injection` is whether the label istio-injection: enabled makes it inject. `gateway_labels` and
    `gateway_namespace` are those of the ingress gateway's pods. `cni` is whether Istio's CNI plugin replaces
    the init container istio-init. `version` is Istio's, like 1.31.0. `nodes` is how many nodes there are,
    `node_labels` are labels that every node carries. The classes are those that the cluster has.
    """

    profile: str | None = None
    root_namespace: str | None = None
    revisions: tuple[str, ...] | None = None
    istio_injection: bool | None = None
    gateway_namespace: str | None = None
    gateway_labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    cni: bool | None = None
    version: str | None = None
    nodes: int | None = None
    node_labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    storage_classes: tuple[str, ...] | None = None
    priority_classes: tuple[str, ...] | None = None
    runtime_classes: tuple[str, ...] | None = None


NO_FACTS = MeshFacts()


def read_mesh_facts(value: Any, find: Find) -> MeshFacts:
    """Return the facts of a `mesh` key's value; mistakes go to `find`: a path, the rest of a sentence."""
    if not isinstance(value, dict):
        find((_ROOT,), "must be a mapping, like profile: aks")
        return NO_FACTS
    found: dict[str, Any] = {}
    for key, entry in value.items():
        read = _READERS.get(key)
        if read is None:
            near = difflib.get_close_matches(str(key), _READERS, n=1)
            find((_ROOT, key), f"is unknown{f'; did you mean {near[0]}?' if near else ''}")
        elif (fact := read(entry)) is None:
            find((_ROOT, key), f"must be {_WANTED[read]}")
        else:
            found[key] = fact
    return MeshFacts(**found)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _texts(value: Any) -> tuple[str, ...] | None:
    good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    return tuple(value) if good else None


def _labels(value: Any) -> Mapping[str, str] | None:
    good = isinstance(value, dict) and all(isinstance(one, str) for one in (*value, *value.values()))
    return MappingProxyType(dict(value)) if good else None


_WANTED: Mapping[Callable[[Any], Any], str] = {
    _text: "a text",
    _flag: "true or false",
    _count: "a whole number above 0",
    _texts: "a list of texts",
    _labels: "a mapping of labels",
}
_BY_TYPE: Mapping[str, Callable[[Any], Any]] = {
    "str | None": _text,
    "bool | None": _flag,
    "int | None": _count,
    "tuple[str, ...] | None": _texts,
    "Mapping[str, str]": _labels,
}
_READERS = {one.name: _BY_TYPE[str(one.type)] for one in fields(MeshFacts)}

"""The schemas of the kinds that the scenario can have, read from the files in data/.

`python -m tools.schemas.generate` writes those files from the OpenAPI v3 of a running API server. Each is
read once, and only when an object of its kinds is checked: a folder of plain Kubernetes needs no Istio.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
KUBERNETES, ISTIO = "kubernetes.json", "istio.json"

Schema = Mapping[str, Any]
"""A schema as OpenAPI v3 writes it, with Kubernetes' own x-kubernetes-… keys."""


@dataclass(frozen=True, slots=True)
class KindSchema:
    """The schema of one kind; `custom`: whether a CustomResourceDefinition declares it.

    The API server treats the two differently: the values of a built-in kind are checked by code, those of a
    custom one by its schema.
    """

    root: Schema
    definitions: Mapping[str, Schema]
    custom: bool

    def resolve(self, schema: Schema) -> Schema:
        """Return the schema itself, or the one that it refers to."""
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"]]
        return schema


def kind_schema(api_version: str, kind: str) -> KindSchema | None:
    """Return the schema of a kind, or None when the scenario can't have it (scenario.kinds)."""
    data = _read(data_file(api_version))
    name = data["kinds"].get(f"{api_version} {kind}")
    if name is None:
        return None
    return KindSchema(data["definitions"][name], data["definitions"], data["custom"])


def data_file(api_version: str) -> str:
    """Return the name of the file that has the kinds of an API version."""
    return ISTIO if api_version.partition("/")[0].endswith(".istio.io") else KUBERNETES


@cache
def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / name).read_bytes())
    return data

"""The secret values of the manifests, and whether one of them stands in what a run left."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from pathlib import Path

from canary_conformance.report.secret_masks import is_secret_name
from canary_conformance.scenario.manifests import ManifestFolder

# A shorter text stands everywhere by chance, and would be masked there.
SHORTEST = 8


def secret_values(manifests: ManifestFolder) -> frozenset[str]:
    """Return the values that Secrets hold under names like MYSQL_PASSWORD, plain and as base64.

    A user's or a database's name is no secret: it stands in settings and logs, too.
    """
    found: set[str] = set()
    for manifest in manifests.objects:
        if manifest.ref.kind == "Secret":
            for name, value in _texts(manifest.body.get("stringData")).items():
                found |= {value, base64.b64encode(value.encode()).decode()} if is_secret_name(name) else set()
            for name, value in _texts(manifest.body.get("data")).items():
                found |= {value, _decoded(value)} if is_secret_name(name) else set()
    return frozenset(value for value in found if len(value) >= SHORTEST)


def leaking_files(folder: Path, values: Collection[str]) -> list[Path]:
    """Return the files of a folder in which one of these values stands."""
    wanted = [value.encode() for value in values]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if any(value in path.read_bytes() for value in wanted)]


def _texts(data: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in data.items()} if isinstance(data, Mapping) else {}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""

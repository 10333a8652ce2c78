"""Writes data/ from a running cluster with Istio: `python -m tools.schemas.generate KUBECONFIG`.

It only reads: the server's version, its OpenAPI v3 of each API version that the scenario can have, and which
istiod runs. The same cluster gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from canary_conformance.cluster.api import Api
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.model.schemas.schema_store import DATA, ISTIO, KUBERNETES, data_file
from canary_conformance.scenario.kinds import API_VERSIONS
from tools.schemas.shrink import shrink


def main(arguments: Sequence[str] | None = None, folder: Path = DATA) -> int:
    """Write both files into the folder and say how large they are; return 0, or 1 when that fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.schemas.generate", description=__doc__)
    parser.add_argument("kubeconfig", type=Path, help="of a cluster that has Istio; it is only read")
    kubeconfig = parser.parse_args(arguments).kubeconfig
    try:
        with TemporaryDirectory() as own:
            files = _files(Api(kubeconfig, folder=Path(own)))
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
            sys.stdout.write(f"{folder / name}: {len(text.encode()) / 1024:.0f} KiB\n")
    except (EnvironmentFailed, LookupError, OSError, ApiException, HTTPError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def _files(api: Api) -> dict[str, str]:
    def get(path: str) -> Any:
        return json.loads(api.raw(path))

    kubernetes = get("/version")["gitVersion"]
    istiod = get("/apis/apps/v1/namespaces/istio-system/deployments/istiod")
    image = istiod["spec"]["template"]["spec"]["containers"][0]["image"]
    sources = {KUBERNETES: f"Kubernetes {kubernetes}", ISTIO: f"Istio {image.rpartition(':')[2]}"}
    documents = {
        version: get(f"/openapi/v3/{'apis' if '/' in version else 'api'}/{version}")
        for version in sorted({version for versions in API_VERSIONS.values() for version in versions})
    }
    return {name: _text(name, source, documents) for name, source in sources.items()}


def _text(name: str, source: str, documents: Mapping[str, Mapping[str, Any]]) -> str:
    kinds = {kind: versions for kind, versions in API_VERSIONS.items() if data_file(versions[0]) == name}
    data = {"source": source, **shrink(documents, kinds)}
    definitions = data.pop("definitions")
    # A line for each definition, so that a newer version is a diff that one can read.
    lines = [f" {_json(key)}:{_json(value)}" for key, value in definitions.items()]
    rest = ",\n".join(f"{_json(key)}:{_json(value)}" for key, value in data.items())
    return "{" + rest + ',\n"definitions":{\n' + ",\n".join(lines) + "\n}}\n"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    sys.exit(main())

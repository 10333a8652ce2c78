"""istioctl on a cluster: what it finds wrong, and which proxies lack configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from canary_conformance.cluster.base import Cluster
from canary_conformance.errors import NotJudged
from canary_conformance.mesh.object_server import ObjectServer
from canary_conformance.processes import CommandFailed, Completed, complete
from canary_conformance.timeouts import LIMITS

# A proxy of the environment is for the outside (Go: net/http.ProxyFromEnvironment).
NO_PROXY = {"NO_PROXY": "*", "no_proxy": "*"}
# The exit code of `istioctl analyze` when it has found something.
FINDINGS = 79
_LONGEST = 160
# What it prints in place of an empty list.
NO_ISSUES = re.compile(r"No (?:validation )?issues found")
# The statuses in `istioctl proxy-status` of configuration that a proxy has all of, or never requested.
IN_STEP = frozenset({"SYNCED", "NOT_SENT"})


class Server(Protocol):
    """An API server that istioctl can reach."""

    @property
    def arguments(self) -> list[str]:
        """The arguments that lead to it."""

    @property
    def folder(self) -> Path:
        """A folder of the suite's own for files on it."""


def run_istioctl(cluster: Cluster, program: Path, *words: str | Path, limit: float | None = None) -> str:
    """Return what istioctl prints for a cluster.

    It writes to ~/.kube and reads settings in ~/.istioctl, so its home is the suite's folder for the cluster.

    Raises:
        CommandFailed: It failed or took too long.
    """
    return _complete(cluster.api, program, words, (0,), limit).output


def _complete(
    server: Server,
    program: Path,
    words: Sequence[str | Path],
    accepted: Sequence[int],
    limit: float | None = None,
) -> Completed:
    return complete(
        [program, *words, *server.arguments],
        limit=limit or LIMITS.analyze,
        accepted=accepted,
        environment={"HOME": str(server.folder), **NO_PROXY},
    )


def analyze(
    cluster: Cluster,
    program: Path,
    namespace: str,
    root_namespace: str,
    objects: Sequence[Mapping[str, Any]] | None = None,
) -> list[str]:
    """Return what `istioctl analyze` finds in a namespace, as "CODE object: message".

    Args:
        cluster: The cluster.
        program: An istioctl.
        namespace: The namespace that is analyzed.
        root_namespace: The mesh's.
        objects: What is analyzed in place of all that the cluster has. A server of their own holds them: of
            files istioctl reads no Service, pod or namespace, and leaves out each analyzer that needs them.

    Raises:
        NotJudged: istioctl came to no result, or to one that is not known here: it reads what the manifests
            made, so no failure of it proves that the environment failed.
    """
    words = ("analyze", "--namespace", namespace, "--istioNamespace", root_namespace, "--output", "json")
    try:
        if objects is None:
            return read_findings(_complete(cluster.api, program, words, (0, FINDINGS)))
        held = [*objects, _mesh_config(root_namespace)]
        with ObjectServer(cluster.api, held, cluster.api.folder) as server:
            return read_findings(_complete(server, program, words, (0, FINDINGS)))
    except CommandFailed as failed:
        raise NotJudged(f"istioctl analyze came to no result: {failed}") from failed


def _mesh_config(root_namespace: str) -> Mapping[str, Any]:
    """Return the ConfigMap of MeshConfig that istioctl reads, whatever the revision is called."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": root_namespace},
        "data": {"mesh": f"rootNamespace: {root_namespace}"},
    }


def precheck(cluster: Cluster, program: Path) -> list[str]:
    """Return what `istioctl x precheck` finds: what keeps its version from being installed.

    The form is that of analyze(). Without findings it prints nothing but a sentence on standard error
    (istioctl/pkg/precheck). Raises CommandFailed; NotJudged for a result that is not known here.
    """
    words = ("experimental", "precheck", "--output", "json")
    ended = _complete(cluster.api, program, words, (0, FINDINGS))
    return read_findings(ended) if ended.code or ended.output.strip() else []


def out_of_step(cluster: Cluster, program: Path, revision: str, proxies: Iterable[str]) -> list[str]:
    """Return which proxies lack configuration or a revision's control plane, by `istioctl proxy-status`.

    Args:
        cluster: The cluster.
        program: An istioctl.
        revision: The control plane's.
        proxies: Those that it should have, as "POD.NAMESPACE".

    Returns:
        "PROXY: TYPE STATUS" for each configuration that one lacks.

    Raises:
        CommandFailed: istioctl came to no result.
    """
    words = ("proxy-status", "--revision", revision, "--output", "json")
    status = read_proxy_status(run_istioctl(cluster, program, *words))
    unknown = [f"{proxy}: revision {revision} doesn't have it" for proxy in proxies if proxy not in status]
    return [*unknown, *(f"{proxy}: {lack}" for proxy, lacking in status.items() for lack in lacking)]


def read_findings(ended: Completed) -> list[str]:
    """Return the findings in istioctl's JSON output, which may be a sentence where there are none.

    Raises:
        NotJudged: It is neither a list nor that sentence, or its exit code says that there are findings which
            it does not list.
    """
    start = ended.output.find("[")
    try:
        found = json.loads(ended.output[start:]) if start >= 0 else []
        listed = [f"{one['code']} {one.get('origin', '?')}: {one['message']}" for one in found]
    except (ValueError, TypeError, LookupError, AttributeError) as unknown:
        raise NotJudged(f"istioctl printed no list of findings: {_in_short(ended.output)}") from unknown
    if not listed and (ended.code or not (start >= 0 or NO_ISSUES.search(ended.output))):
        printed = _in_short(ended.output) or "nothing"
        raise NotJudged(f"istioctl ended with exit code {ended.code} and listed no findings: {printed}")
    return listed


def _in_short(output: str) -> str:
    return " ".join(output.split())[:_LONGEST]


def read_proxy_status(output: str) -> dict[str, list[str]]:
    """Return what each proxy in an output of proxy-status lacks, as "TYPE STATUS".

    It is a document in JSON for each control plane, one after the other.
    """
    decoder, rest = json.JSONDecoder(), output.strip()
    found: dict[str, list[str]] = {}
    while rest:
        document, end = decoder.raw_decode(rest)
        rest = rest[end:].strip()
        for proxy in document.get("resources", ()):
            found.setdefault(proxy["node"]["id"], []).extend(
                f"{config['typeUrl'].rpartition('.')[2]} {config['configStatus']}"
                for config in proxy.get("genericXdsConfigs", ())
                if config["configStatus"] not in IN_STEP
            )
    return found

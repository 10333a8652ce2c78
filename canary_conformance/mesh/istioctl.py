"""istioctl, asked of a cluster: what it finds wrong, and which proxies lack something."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from canary_conformance.cluster.base import Cluster
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS

# The exit code of `istioctl analyze` when it has found something.
FINDINGS = 79
# What `istioctl proxy-status` says of configuration that the proxy has all of, or that it never asked for.
IN_STEP = frozenset({"SYNCED", "NOT_SENT"})


def ask_istioctl(
    cluster: Cluster,
    program: Path,
    *words: str | Path,
    accepted: Sequence[int] = (0,),
    limit: float | None = None,
) -> str:
    """Return what istioctl prints for a cluster; limit: seconds (LIMITS.analyze). Raises CommandFailed.

    It writes to ~/.kube and reads settings in ~/.istioctl, so that its home is the cluster's folder.
    """
    return run(
        [program, *words, *cluster.api.arguments],
        limit=limit or LIMITS.analyze,
        accepted=accepted,
        environment={"HOME": str(cluster.api.kubeconfig.parent)},
    )


def analyze(cluster: Cluster, program: Path, namespace: str, root_namespace: str) -> list[str]:
    """Return what `istioctl analyze` finds in a namespace, as "CODE object: message".

    Args:
        cluster: The cluster.
        program: An istioctl.
        namespace: The namespace that is analyzed.
        root_namespace: The mesh's.

    Raises:
        CommandFailed: istioctl came to no result.
    """
    words = ("analyze", "--namespace", namespace, "--istioNamespace", root_namespace, "--output", "json")
    return read_findings(ask_istioctl(cluster, program, *words, accepted=(0, FINDINGS)))


def precheck(cluster: Cluster, program: Path) -> list[str]:
    """Return what `istioctl x precheck` finds: what keeps its version from being installed.

    As analyze() does. Raises CommandFailed.
    """
    words = ("experimental", "precheck", "--output", "json")
    return read_findings(ask_istioctl(cluster, program, *words, accepted=(0, FINDINGS)))


def out_of_step(cluster: Cluster, program: Path, revision: str, proxies: Iterable[str]) -> list[str]:
    """Return what `istioctl proxy-status` finds of proxies that lack something, as "PROXY: TYPE STATUS".

    And which of these proxies ("POD.NAMESPACE") the control plane of this revision doesn't have. Raises
    CommandFailed.
    """
    words = ("proxy-status", "--revision", revision, "--output", "json")
    told = read_proxy_status(ask_istioctl(cluster, program, *words))
    unknown = [f"{proxy}: revision {revision} doesn't have it" for proxy in proxies if proxy not in told]
    return [*unknown, *(f"{proxy}: {lack}" for proxy, lacking in told.items() for lack in lacking)]


def read_findings(told: str) -> list[str]:
    """Return the findings of an output in JSON; a cluster without any may be told in a sentence."""
    start = told.find("[")
    found = json.loads(told[start:]) if start >= 0 else []
    return [f"{one['code']} {one.get('origin', '?')}: {one['message']}" for one in found]


def read_proxy_status(told: str) -> dict[str, list[str]]:
    """Return what each proxy in an output of proxy-status lacks, as "TYPE STATUS".

    It is a document in JSON for each control plane, one after the other.
    """
    decoder, rest = json.JSONDecoder(), told.strip()
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

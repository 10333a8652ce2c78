"""What a person needs after a red verdict, read once while the scenario still stands: file name -> text.

Every file is read on its own and at once with the others, each proxy by a connection of its own: what can't
be read, or not in time, is named in its file, and a thread that comes late disturbs nobody. The texts are as
they were seen; who writes them to disk masks the secrets in them. Secret objects are never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName, PodPort
from canary_conformance.mesh.proxies import ADMIN_PORT
from canary_conformance.scenario.kinds import API_VERSIONS
from canary_conformance.stages.evidence_texts import events_text, pods_text, steps_csv, traffic_csv
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.timeouts import LIMITS

T = TypeVar("T")

LOG_LINES = 200
WORKERS = 8
# What decides who reaches whom, and how; what the mesh made of it is in the proxies' own files.
KINDS = {
    **{kind: API_VERSIONS[kind][0] for kind in ("Deployment", "StatefulSet", "DaemonSet", "Service")},
    "EndpointSlice": "discovery.k8s.io/v1",
    **{kind: API_VERSIONS[kind][0] for kind in ("Gateway", "VirtualService", "DestinationRule")},
    "PeerAuthentication": API_VERSIONS["PeerAuthentication"][0],
}


def evidence(namespace: NamespaceUnderTest, stage: int | None = None) -> Mapping[str, str]:
    """Return what there is to see of the scenario now: file name, with slashes, -> text.

    stage: the one whose manifests are the last to be shown; by default the one that was entered last.
    Never raises: what can't be read within LIMITS.evidence seconds is named in its file.
    """
    api, own = namespace.api, namespace.name
    looked = _ask_all({"pods": lambda: api.list("v1", "Pod", own)})["pods"]
    proxied = _ask_all({"proxied": namespace.proxied})["proxied"]
    reads: dict[str, Callable[[], str]] = {
        f"manifests/{file}": partial(_manifest, namespace, file)
        for file in namespace.scenario.files_up_to(namespace.stage if stage is None else stage)
    }
    reads["events.txt"] = lambda: events_text(api.list("v1", "Event", own))
    reads["objects.yaml"] = partial(_objects, api, own)
    reads["steps.csv"] = lambda: steps_csv(namespace.transitions.values())
    reads["traffic.csv"] = lambda: traffic_csv(namespace.transitions.values())
    for pod in _or_nothing(looked):
        reads |= _logs(api, pod)
    for name in _or_nothing(proxied):
        reads[f"proxies/{name.name}.config_dump.json"] = partial(_admin, api, name, "/config_dump")
        reads[f"proxies/{name.name}.clusters.txt"] = partial(_admin, api, name, "/clusters")
    files = {name: _text_of(answer) for name, answer in _ask_all(reads).items()}
    return {**files, "pods.txt": _text_of(looked, pods_text)}


def _ask_all(reads: Mapping[str, Callable[[], T]]) -> dict[str, Future[T]]:
    """Make all calls side by side; those that have no answer in time are left to themselves."""
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="evidence")
    try:
        answers = {name: pool.submit(read) for name, read in reads.items()}
        wait(answers.values(), timeout=LIMITS.evidence)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return answers


def _text_of(answer: Future[T], render: Callable[[T], str] = str) -> str:
    """Return an answer as text, or why there is none."""
    if not answer.done() or answer.cancelled():
        return f"could not be read: no answer within {LIMITS.evidence:g} s\n"
    try:
        return render(answer.result())
    except Exception as error:
        return f"could not be read: {str(error) or type(error).__name__}\n"


def _or_nothing(answer: Future[list[T]]) -> list[T]:
    good = answer.done() and not answer.cancelled() and answer.exception() is None
    return answer.result() if good else []


def _manifest(namespace: NamespaceUnderTest, file: str) -> str:
    return (namespace.manifests.root / file).read_text(encoding="utf-8", errors="replace")


def _objects(api: Api, namespace: str) -> str:
    """Return the namespace's objects as YAML, a kind that can't be listed as a comment."""
    documents = []
    for kind, version in KINDS.items():
        try:
            found = [_whole(version, kind, item) for item in api.list(version, kind, namespace)]
            documents += [yaml.safe_dump(item, sort_keys=False, allow_unicode=True) for item in found]
        except Exception as error:
            documents.append(
                "".join(f"# {line}\n" for line in f"{kind} could not be read: {error}".splitlines())
            )
    return "---\n".join(documents)


def _whole(version: str, kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object of a list as it would be alone, without the bookkeeping of who wrote which field."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
    return {"apiVersion": version, "kind": kind, **item, "metadata": metadata}


def _logs(api: Api, pod: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield a file for each container of a pod, and one for its run before where it was restarted."""
    name = PodName(pod["metadata"]["namespace"], pod["metadata"]["name"])
    status = pod.get("status", {})
    statuses = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for container in statuses:
        file = f"logs/{name.name}.{container['name']}"
        yield f"{file}.txt", partial(_log, api, name, container["name"], before=False)
        if container.get("restartCount"):
            yield f"{file}.previous.txt", partial(_log, api, name, container["name"], before=True)


def _log(api: Api, pod: PodName, container: str, *, before: bool) -> str:
    return api.log(
        pod.name,
        pod.namespace,
        container=container,
        previous=before,
        lines=LOG_LINES,
        limit=LIMITS.evidence,
    )


def _admin(api: Api, pod: PodName, path: str) -> str:
    with closing(PodPort(api, pod, ADMIN_PORT)) as port:
        return port.get(path).decode(errors="replace")

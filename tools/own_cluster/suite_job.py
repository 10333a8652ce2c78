"""The suite as the Job of examples/cluster: its image, and its run inside the cluster that it judges."""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import volumes_of
from canary_conformance.images import offline
from canary_conformance.images.engine import build, docker
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.images.partial_folders import unfinished
from canary_conformance.images.pins import OFFLINE
from canary_conformance.images.provisions import Provisions
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import Built
from canary_conformance.paths import MANIFESTS, REPOSITORY
from canary_conformance.processes import last_lines, run
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import wait_until
from tools.access_roles import ACCOUNTS, FOLDER
from tools.named_runs import NamedRun
from tools.own_cluster.mesh_layouts import Layout
from tools.own_cluster.variants import OwnCluster
from tools.reports import say

NAME = "as a Job inside"
JOB = FOLDER / "job.yaml"
ISTIOCTL = Built("istioctl", OFFLINE / "static", files=((offline.ISTIO, "istioctl", "bin/istioctl"),))
_BASE, _STAGE, _SUITE = (
    f"voting-conformance/suite-{name}:job" for name in ("base", "installation", "itself")
)


def job_objects(layout: Layout, arguments: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the objects of job.yaml, the Job first, with the options that a mesh needs, and others."""
    documents = _documents()
    words = ["--rewrite-for-mesh", *layout.options, *arguments]
    _container(documents[0])["args"] += words
    return documents


def _documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(JOB.read_text(encoding="utf-8")))


def _container(job: Mapping[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = job["spec"]["template"]["spec"]["containers"][0]
    return container


@contextmanager
def suite_archive(provisions: Provisions, store: Path, progress: Progress) -> Iterator[Path]:
    """Yield an archive of the image that job.yaml names, made from the last commit; its images are removed.

    Raises CommandFailed.
    """
    with unfinished(store) as work:
        archive = work / "image.tar"
        with progress.phase("the suite's image, for its Job"), ExitStack() as images:
            for tag, words, context in builds(provisions, store, work, progress):
                build(tag, words, context, own=work / "buildx")
                images.callback(docker, "image", "rm", tag)
            docker("save", "--output", archive, tag, limit=LIMITS.image_build)
        yield archive


def builds(
    provisions: Provisions, store: Path, work: Path, progress: Progress
) -> Iterator[tuple[str, list[str], Path]]:
    """Yield the tag, the options and the context of each image to build, the Job's last (docs/clusters.md).

    Where no container registry answers, the base is a Debian that was built here.
    """
    packages, base = "chromium-headless-shell", []
    istioctl = f"docker.io/istio/istioctl:{provisions.istio_version}"
    if provisions.source is ImagesFrom.BUILD:
        make_all([ISTIOCTL, offline.BASE], store, progress)
        packages, istioctl = f"python3-venv {packages}", ISTIOCTL.tag
        yield _BASE, _arguments(BASE=offline.BASE.tag), _trusting(work / "base")
        base = _arguments(BASE=_BASE)
    source, archive = work / "source", work / "source.tar"
    run(["git", "archive", "--output", archive, "HEAD"], limit=LIMITS.command, folder=REPOSITORY)
    shutil.unpack_archive(archive, source, filter="data")
    words = ["--file", str(source / "images/suite/Dockerfile"), *base, *_arguments(PACKAGES=packages)]
    # A stage without a name of its own would stay in the engine.
    yield _STAGE, [*words, "--target", "built"], source
    yield _SUITE, words, source
    named = _container(_documents()[0])["image"]
    words = ["--file", str(FOLDER / "Dockerfile"), *_arguments(SUITE=_SUITE, ISTIOCTL=istioctl)]
    yield named, words, MANIFESTS


def _trusting(context: Path) -> Path:
    """Return the context of a base on which pip trusts what this machine does.

    What answers here for a package registry may have a certificate of its own.
    """
    context.mkdir()
    lines = ["ARG BASE", "FROM ${BASE}"]
    if trusted := ssl.get_default_verify_paths().cafile:
        shutil.copyfile(trusted, context / "trusted.crt")
        # It may be slow to begin, too: pip waits for 15 s by default.
        lines += ["COPY trusted.crt /etc/ssl/", "ENV PIP_CERT=/etc/ssl/trusted.crt PIP_DEFAULT_TIMEOUT=180"]
    (context / "Dockerfile").write_text("\n".join(lines))
    return context


def _arguments(**values: str) -> list[str]:
    return [word for name, value in values.items() for word in ("--build-arg", f"{name}={value}")]


def judged_inside(
    own: OwnCluster, archive: Path, arguments: Sequence[str], log: Path, progress: Progress
) -> NamedRun:
    """Run the Job to its end, write its log, and remove it. Raises CommandFailed, NotInTime."""
    cluster, api = own.cluster, own.cluster.api()
    with progress.phase(f"{cluster.name}: the image of the Job"):
        words = ("load", "image-archive", archive, "--name", cluster.name)
        run([cluster.provisions.kind, *words], limit=LIMITS.image_pull)
    objects = job_objects(own.layout, arguments)
    text = yaml.safe_dump_all(objects, sort_keys=False)
    with progress.phase(f"{cluster.name}: {NAME}"):
        started = time.monotonic()
        cluster.kubectl("apply", "--filename", "-", feed=text)
        try:
            pod = _ended(api, objects[0]["metadata"]["name"])
            result = NamedRun(NAME, time.monotonic() - started, exit_code_of(pod))
            log.write_text(api.log(pod["metadata"]["name"], ACCOUNTS), encoding="utf-8")
        finally:
            cluster.kubectl("delete", "--cascade=foreground", "--filename", "-", feed=text)
        wait_until(
            lambda: volumes_of(api, ACCOUNTS),
            until=lambda volumes: not volumes,
            limit=LIMITS.namespace_gone,
            what="the volume of the Job's report is gone",
        )
    if result.status:
        say(last_lines(log.read_text(encoding="utf-8")))
    return result


def _ended(api: Api, job: str) -> dict[str, Any]:
    """Return the pod of a Job that has ended."""
    wait_until(
        lambda: api.get("batch/v1", "Job", job, ACCOUNTS) or {},
        until=has_ended,
        limit=LIMITS.job_ended,
        pause=1.0,
        what=f"the Job {job} ends",
    )
    (pod,) = api.list("v1", "Pod", ACCOUNTS, labels=f"job-name={job}")
    return pod


def has_ended(job: Mapping[str, Any]) -> bool:
    """Return whether a Job has ended (Kubernetes: "Terminal Job conditions")."""
    conditions = job.get("status", {}).get("conditions") or ()
    return any(one["type"] in {"Complete", "Failed"} and one["status"] == "True" for one in conditions)


def exit_code_of(pod: Mapping[str, Any]) -> int:
    """Return the exit code of the only container of a pod that has ended."""
    (status,) = pod["status"]["containerStatuses"]
    return int(status["state"]["terminated"]["exitCode"])

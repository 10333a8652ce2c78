"""Judges on two clusters that the suite did not make, as an account with the least rights.

They are made by plain kind commands and istioctl, with other people's work in them: one with istioctl's
defaults, one laid out as the add-on of AKS. The audit log of each API server is compared with the roles.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus, together
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.images.provisions import Provisions
from canary_conformance.paths import MANIFESTS, store
from canary_conformance.progress import Progress
from tools.command_line import Parser, end_as_the_suite
from tools.manifest_copies import changed_copy, with_mistake
from tools.named_runs import NamedRun, named_run
from tools.own_cluster.audit_log import requests_of
from tools.own_cluster.cluster_state import differences, state
from tools.own_cluster.forbidden_attempts import allowed_attempts
from tools.own_cluster.guarded_registry import GuardedRegistry, start_registry
from tools.own_cluster.load_balancer import balancing
from tools.own_cluster.other_teams import churning
from tools.own_cluster.proof import Proof
from tools.own_cluster.runner_account import USER
from tools.own_cluster.suite_job import judged_inside, suite_archive
from tools.own_cluster.variants import VARIANTS, OwnCluster, made
from tools.preparation import ready_to_run
from tools.reports import publish, report_folder, say
from tools.suite_process import SuiteOptions, report_of


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line asks for; arguments are pytest's."""

    images: ImagesFrom
    variants: Sequence[str]
    keep: bool
    short: bool
    job: bool = False
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A run on a cluster: its tests, its ingress, how it should end.

    mistake: what is written in a file of the manifests, and what is written in its place. pushes: whether its
    images come from a registry that requires a login; logs_in: whether the nodes have that.
    """

    name: str
    ingress: str
    tests: str = "tests"
    expected: int = ExitStatus.HOLDS
    mistake: tuple[str, str, str] | None = None
    pushes: bool = False
    logs_in: bool = False


FIRST_STAGE = "tests/stage_1_deploy"
WHOLE = Judged("whole run", "own")
SHORT = Judged("stage 1", "own", FIRST_STAGE)
_FILE = "kubernetes/step-1-create-voting-app.yaml"
_POD = "    spec:\n      terminationGracePeriodSeconds: 5\n"
_LOST = "      volumes: [{name: lost, persistentVolumeClaim: {claimName: nobody-made-it}}]\n"
# What a failure is explained by is read with rights that a run which holds does not need.
FAILING = Judged("a run that fails", "shared", FIRST_STAGE, ExitStatus.FAILED, (_FILE, _POD, _POD + _LOST))
# The first of both, since a node that has an image needs no login for it (IfNotPresent).
UNPULLED = Judged("without a login", "shared", FIRST_STAGE, ExitStatus.BAD_INPUT, pushes=True)
PUSHED = Judged("pushed images", "shared", FIRST_STAGE, pushes=True, logs_in=True)


def main(words: Sequence[str] | None = None) -> int:
    """Judge on each cluster, print what its audit log has, and write it to reports/own-cluster-TIME.txt.

    Returns:
        The exit code of all together (canary_conformance.exit_codes).
    """
    return end_as_the_suite(lambda: _work(settings(words), Progress(say=say)))


def settings(words: Sequence[str] | None = None) -> Settings:
    """Read the command line; what follows `--` is pytest's. Raises BadInput."""
    parser = Parser("python -m tools.own_cluster", __doc__, passes_on=True)
    parser.add_images("as of pytest")
    parser.add_argument("--only", action="append", choices=list(VARIANTS), help="this cluster only")
    parser.flag("--keep", "keep the clusters, for a look at them")
    parser.flag("--short", "stage 1 only; unused rights are no failure")
    parser.flag("--job", "also as the Job of examples/cluster")
    read = parser.own(words)
    variants = [name for name in VARIANTS if not read.only or name in read.only]
    return Settings(ImagesFrom(read.images), variants, read.keep, read.short, read.job, read.arguments)


def _work(asked: Settings, progress: Progress) -> int:
    provisions = ready_to_run(SuiteOptions(asked.images), progress)
    folder, proofs = report_folder("own-cluster"), list[Proof]()
    try:
        with contextlib.ExitStack() as meanwhile:
            image = suite_archive(provisions, store(), progress)
            archive = meanwhile.enter_context(image) if asked.job else None
            for name in asked.variants:
                proofs.append(_judged_on(name, provisions, asked, archive, folder, progress))
                progress.note(str(proofs[-1]))
    finally:
        publish(folder, "\n".join(map(str, proofs)) or "no cluster was judged on")
    return together(status for one in proofs for status in one.statuses)


def _judged_on(
    name: str, provisions: Provisions, asked: Settings, archive: Path | None, folder: Path, progress: Progress
) -> Proof:
    runs = (SHORT,) if asked.short else (WHOLE, FAILING, UNPULLED, PUSHED)
    with made(name, provisions, store(), progress, keep=asked.keep) as own:
        api = own.cluster.api()
        before = state(api)
        with contextlib.ExitStack() as meanwhile:
            meanwhile.enter_context(churning(own.cluster))
            if own.layout.load_balanced:
                meanwhile.enter_context(balancing(own.cluster))
            registry = start_registry(own.cluster, store(), progress)
            ended = [_run(one, own, registry, asked, folder, progress) for one in runs]
            if archive:
                log = folder / f"{name}-job.log"
                ended.append(judged_inside(own, archive, asked.arguments, log, progress))
        changed = differences(before, state(api))
        requests = requests_of(own.cluster.audit_log, USER)
        allowed = allowed_attempts(own.cluster)
    return Proof(name, own.layout, ended, requests, changed, allowed, whole=not asked.short)


def _run(
    one: Judged, own: OwnCluster, registry: GuardedRegistry, asked: Settings, folder: Path, progress: Progress
) -> NamedRun:
    name = own.cluster.name
    log = folder / f"{name} {one.name}.log".replace(" ", "-")
    words = [sys.executable, "-m", "pytest", one.tests, "--ignore=tests/selftest"]
    words += ["--kubeconfig", str(own.kubeconfig), "--context", name, "--report", str(report_of(log))]
    words += ["--ingress", one.ingress, *own.layout.options]
    words += ["--images", str(asked.images), "--push-to", f"{registry.host}/team"] if one.pushes else []
    words += ["--pull-secret", str(registry.config)] if one.logs_in else []
    changes = with_mistake(*one.mistake) if one.mistake else {}
    with progress.phase(f"{name}: {one.name}"), changed_copy(MANIFESTS, changes) as manifests:
        words += ["--manifests", str(manifests), "--rewrite-for-mesh"] if changes else []
        logins = {"DOCKER_CONFIG": str(registry.logins)}
        return named_run(one.name, [*words, *asked.arguments], logins, log, one.expected)


if __name__ == "__main__":
    sys.exit(main())

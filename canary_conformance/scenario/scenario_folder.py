"""The scenario of a manifests folder: scenario.yaml, checked against the files that the folder holds.

A folder without a scenario.yaml of its own is read by the repository's. In someone else's folder stage 5 may
lack its files, because the source describes that stage in prose and gives none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.scenario.manifests_folder import check_has_files, check_is_folder
from canary_conformance.scenario.places import Finding, refuse
from canary_conformance.scenario.scenario_file import ScenarioFile, parse_scenario_file
from canary_conformance.scenario.stages import MissingFiles, Scenario
from canary_conformance.scenario.yaml_files import parse_yaml, read_yaml

SCENARIO_FILE = "scenario.yaml"
MAY_LACK_FILES = frozenset({5})
"""The stages whose files someone else's folder may lack."""


def load_scenario(folder: Path, *, fallback: Path | None = None, text: bytes | None = None) -> Scenario:
    """Return the scenario of a manifests folder: its own scenario.yaml, or else the file `fallback`.

    With a fallback, a folder other than the fallback's own is someone else's: it may lack the files of stage
    5, and the scenario's `missing` then names it. text: what counts instead of the folder's scenario.yaml.
    Raises BadInput for a path that is no folder of manifests, a scenario.yaml that has no scenario, a stage
    without its file, and a file outside of the folder.
    """
    check_is_folder(folder)
    source = folder / SCENARIO_FILE
    if text is None and not source.is_file():
        if fallback is None:
            raise BadInput(f"the manifests folder {folder} has no {SCENARIO_FILE}")
        source = fallback
    read = read_yaml(source, SCENARIO_FILE) if text is None else parse_yaml(text, SCENARIO_FILE)
    scenario = parse_scenario_file(read, heading=f"{source} is not a scenario")
    if source == fallback:
        stages = scenario.scenario.stages
        check_has_files(folder, [*dict.fromkeys(file for stage in stages for file in stage.files())])
    foreign = fallback is not None and folder.resolve() != fallback.resolve().parent
    return _with_files(folder, scenario, may_lack=MAY_LACK_FILES if foreign else frozenset())


def _with_files(folder: Path, scenario_file: ScenarioFile, may_lack: frozenset[int]) -> Scenario:
    findings: list[Finding] = []
    missing: list[MissingFiles] = []
    for stage in scenario_file.scenario.stages:
        problems = {file: _problem(folder, file) for file in stage.files()}
        absent = tuple(file for file, problem in problems.items() if problem == _NO_SUCH_FILE)
        if absent and stage.number in may_lack:
            missing.append(MissingFiles(stage.number, absent))
            problems = {file: problem for file, problem in problems.items() if file not in absent}
        for file, problem in problems.items():
            if problem:
                sentence = f"stage {stage.number} ({stage.name}) applies {file}: {problem}"
                findings.append(Finding(scenario_file.places[stage.number, file], sentence))
    refuse(f"the manifests folder {folder} can't be judged", findings)
    return replace(scenario_file.scenario, missing=tuple(missing))


_NO_SUCH_FILE = "the folder has no such file"


def _problem(folder: Path, file: str) -> str:
    path = folder / file
    try:
        if not path.exists():
            return _NO_SUCH_FILE
        if not path.resolve().is_relative_to(folder.resolve()):
            return "it leads out of the folder by a symbolic link"
        return "" if path.is_file() else "it isn't a file"
    # RuntimeError is what resolve() makes of a loop of symbolic links.
    except (OSError, RuntimeError) as problem:
        return f"it can't be found: {problem}"

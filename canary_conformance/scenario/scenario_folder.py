"""The scenario of a manifests folder: scenario.yaml, checked against the files that the folder holds.

A folder without a scenario.yaml of its own is read by the repository's. In someone else's folder stage 5 may
lack its files, because the source describes that stage in prose and gives none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from canary_conformance.errors import BadInput
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


EXPECTED = "a folder with the YAML files of every stage, laid out as the suite's own manifests/"
# What generates manifests, by the file that its folder has (Helm, "Charts"; Kustomize, "kustomization").
GENERATORS = {
    "Chart.yaml": ("a Helm chart", "helm template"),
    "kustomization.yaml": ("a kustomization", "kubectl kustomize"),
    "kustomization.yml": ("a kustomization", "kubectl kustomize"),
    "Kustomization": ("a kustomization", "kubectl kustomize"),
}


def check_is_folder(folder: Path) -> None:
    """Raise BadInput for a path that is no folder, or one that cannot be read or holds nothing."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError as error:
        raise BadInput(f"the manifests folder {folder} does not exist; expected {EXPECTED}") from error
    except NotADirectoryError as error:
        raise BadInput(f"{folder} is a file, not a manifests folder; expected {EXPECTED}") from error
    except OSError as error:
        raise BadInput(f"the manifests folder {folder} cannot be read: {error.strerror}") from error
    if not names:
        raise BadInput(f"the manifests folder {folder} is empty; expected {EXPECTED}")


def check_has_files(folder: Path, files: Sequence[str]) -> None:
    """Raise BadInput for a folder without a scenario.yaml that holds manifests of another kind or layout.

    Args:
        folder: The folder, which exists.
        files: The files that the scenario of this repository applies, as paths in the folder.
    """
    absent = [file for file in files if not (folder / file).is_file()]
    for name, (what, program) in GENERATORS.items():
        if absent and (folder / name).is_file():
            raise BadInput(
                f"the manifests folder {folder} is {what} ({name}), which is not supported; "
                f"expected {EXPECTED}: render it with `{program}` into such a folder"
            )
    if absent and len(absent) == len(files):
        raise BadInput(
            f"the manifests folder {folder} has none of the files that the scenario applies:\n"
            + "".join(f"  {file}\n" for file in absent)
            + "give your files these names, or add a scenario.yaml that lists your own names for each stage"
        )

"""Is a path a manifests folder at all? Where it is not, one sentence says what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from canary_conformance.errors import BadInput

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

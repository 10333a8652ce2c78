"""The files of a scenario have to be in its folder, whoever wrote the folder's scenario.yaml."""

from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import MissingFiles
from tests.selftest.scenario_text import TOLD

FILES = ("kubernetes/step-1.yaml", "istio/step-1.yaml", "istio/step-4.yaml", "istio/step-5.yaml")


def folder_with(root: Path, *files: str, told: str | None = TOLD) -> Path:
    root.mkdir()
    if told is not None:
        (root / "scenario.yaml").write_text(told, encoding="utf-8")
    for file in files:
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text("a: 1\n", encoding="utf-8")
    return root


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a folder as the repository's own: complete."""
    return folder_with(tmp_path / "own", *FILES)


def test_folder_tells_its_own_scenario(own: Path) -> None:
    scenario = load_scenario(own)
    assert scenario.files() == FILES
    assert scenario.missing == ()
    assert load_scenario(own, fallback=own / "scenario.yaml") == scenario


def test_folder_without_scenario_is_judged_by_the_fallback(own: Path, tmp_path: Path) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES, told=None)
    assert load_scenario(theirs, fallback=own / "scenario.yaml") == load_scenario(own)
    with pytest.raises(BadInput, match=r"theirs has no scenario\.yaml"):
        load_scenario(theirs)


EXPECTED = "expected a folder with the YAML files of every stage"


def test_what_is_no_folder_of_manifests_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for name, told in (("nowhere", "does not exist"), ("file", "is a file"), ("empty", "is empty")):
        with pytest.raises(BadInput, match=f"{name}.* {told}") as refused:
            load_scenario(tmp_path / name)
        assert EXPECTED in str(refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("Chart.yaml", r"is a Helm chart \(Chart\.yaml\), .* `helm template`"),
        ("kustomization.yaml", r"is a kustomization .* `kubectl kustomize`"),
        ("kustomization.yml", r"is a kustomization"),
        ("Kustomization", r"is a kustomization"),
    ],
)
def test_a_folder_that_generates_manifests_is_refused(
    own: Path, tmp_path: Path, file: str, told: str
) -> None:
    theirs = folder_with(tmp_path / "theirs", file, told=None)
    with pytest.raises(BadInput, match=told) as refused:
        load_scenario(theirs, fallback=own / "scenario.yaml")
    assert EXPECTED in str(refused.value)


def test_a_chart_whose_folder_has_every_file_is_judged(own: Path, tmp_path: Path) -> None:
    theirs = folder_with(tmp_path / "theirs", "Chart.yaml", *FILES, told=None)
    assert load_scenario(theirs, fallback=own / "scenario.yaml").files() == FILES


def test_a_folder_with_other_names_is_told_which_files_are_absent_and_how_to_name_others(
    own: Path, tmp_path: Path
) -> None:
    theirs = folder_with(tmp_path / "theirs", "mine.yaml", told=None)
    with pytest.raises(BadInput, match="has none of the files that the scenario applies") as refused:
        load_scenario(theirs, fallback=own / "scenario.yaml")
    for told in (*FILES, "add a scenario.yaml"):
        assert told in str(refused.value)


@pytest.mark.parametrize("told", [TOLD, None])
def test_someone_elses_folder_may_lack_the_files_of_stage_5(
    own: Path, tmp_path: Path, told: str | None
) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES[:2], told=told)
    scenario = load_scenario(theirs, fallback=own / "scenario.yaml")
    assert scenario.missing == (MissingFiles(5, FILES[2:]),)
    assert scenario.files() == FILES[:2]
    assert (
        scenario.why_not(5)
        == "incomplete: the manifests folder has no istio/step-4.yaml and no istio/step-5.yaml"
    )


def test_one_file_of_stage_5_is_not_enough(own: Path, tmp_path: Path) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES[:3], told=None)
    assert load_scenario(theirs, fallback=own / "scenario.yaml").missing == (MissingFiles(5, FILES[3:]),)


def test_our_own_folder_may_lack_nothing(own: Path) -> None:
    (own / "istio/step-5.yaml").unlink()
    for fallback in (None, own / "scenario.yaml"):
        with pytest.raises(
            BadInput, match=r"stage 5 \(finalize\) applies istio/step-5\.yaml: the folder has no such"
        ):
            load_scenario(own, fallback=fallback)


def test_missing_file_of_another_stage_is_refused_with_folder_stage_and_file(
    own: Path, tmp_path: Path
) -> None:
    theirs = folder_with(tmp_path / "theirs", *FILES[1:], told=None)
    with pytest.raises(BadInput) as caught:
        load_scenario(theirs, fallback=own / "scenario.yaml")
    assert str(caught.value) == (
        f"the manifests folder {theirs} can't be judged:\n"
        "  scenario.yaml:7: stage 1 (deploy) applies kubernetes/step-1.yaml: the folder has no such file"
    )


def test_file_that_is_a_folder_is_refused(own: Path) -> None:
    (own / FILES[0]).unlink()
    (own / FILES[0]).mkdir()
    with pytest.raises(BadInput, match="it isn't a file"):
        load_scenario(own)


def test_link_out_of_the_folder_is_refused_and_within_it_is_fine(own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("a: 1\n", encoding="utf-8")
    (own / FILES[0]).unlink()
    (own / FILES[0]).symlink_to(own / FILES[1])
    assert load_scenario(own).files() == FILES
    (own / FILES[0]).unlink()
    (own / FILES[0]).symlink_to(secret)
    with pytest.raises(BadInput, match="it leads out of the folder by a symbolic link"):
        load_scenario(own)


def test_links_in_a_circle_are_refused(own: Path) -> None:
    (own / FILES[0]).unlink()
    (own / FILES[0]).symlink_to(own / FILES[0])
    with pytest.raises(BadInput, match=r"kubernetes/step-1\.yaml: "):
        load_scenario(own)


def test_folder_behind_a_link_is_the_same_folder(own: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(own)
    assert load_scenario(tmp_path / "link").files() == FILES

"""The istioctl for a mesh that was found: on PATH, made before, pulled, or built; else a sentence."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.images import istioctl_program
from canary_conformance.images.golang import host_platform
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.images.image_pulls import failure
from canary_conformance.images.istioctl_program import OWN, istioctl_for
from canary_conformance.images.pins import ISTIO_VERSION, minor_of
from canary_conformance.images.pull_outcomes import Outcome
from canary_conformance.images.recipes import ImageFile, InStore, Recipe
from canary_conformance.progress import Progress
from tests.selftest.support import Programs

MINOR = minor_of(ISTIO_VERSION)
SAME_MINOR, OTHER = f"{MINOR}.7", "1.29.4"


class Machine:
    """A machine without istioctl, with an engine whose registry gives nothing; tests change one of these."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = folder / "store"
        self.programs = Programs(folder, monkeypatch)
        self.programs.only_these()
        self.serves = False
        self.made: list[str] = []
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr(istioctl_program, "make_all", self._make)
        self.engine(monkeypatch, "29.0.0")

    def engine(self, monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
        monkeypatch.setattr(istioctl_program, "engine_version", lambda: version)
        monkeypatch.setattr(istioctl_program, "engine_platform", host_platform)

    def on_path(self, version: str) -> Path:
        return self.programs.add("istioctl", f"echo 'client version: {version}'")

    def of(self, version: str, images: ImagesFrom = ImagesFrom.AUTO) -> Path:
        return istioctl_for(version, self.store, Progress(), images)

    def _make(self, recipes: Iterable[Recipe], store: Path, progress: Progress) -> None:
        del progress
        for recipe in recipes:
            if isinstance(recipe, ImageFile) and not self.serves:
                raise failure(recipe.image.reference, Outcome.MISSING, "manifest unknown")
            self.made.append(type(recipe).__name__)
            assert isinstance(recipe, InStore)
            self.put(recipe.folder(store), ISTIO_VERSION)

    def put(self, folder: Path, version: str) -> None:
        folder.mkdir(parents=True)
        program = folder / "istioctl"
        program.write_text(f"#!/bin/sh\necho 'client version: {version}'\n")
        program.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize("version", [ISTIO_VERSION, SAME_MINOR])
def test_one_of_the_minor_release_on_the_path_is_taken(machine: Machine, version: str) -> None:
    program = machine.on_path(version)
    assert machine.of(ISTIO_VERSION) == program
    assert machine.made == []


def test_one_of_another_minor_release_is_not(machine: Machine) -> None:
    machine.on_path(OTHER)
    assert machine.of(ISTIO_VERSION) == OWN.folder(machine.store) / "istioctl"


def test_one_that_was_made_before_is_taken_without_a_registry(machine: Machine) -> None:
    machine.put(OWN.folder(machine.store), ISTIO_VERSION)
    machine.serves = True
    assert machine.of(SAME_MINOR) == OWN.folder(machine.store) / "istioctl"
    assert machine.made == []


def test_it_is_pulled_where_an_engine_can(machine: Machine) -> None:
    machine.serves = True
    machine.of(OTHER)
    machine.of(ISTIO_VERSION)
    assert machine.made == ["ImageFile", "ImageFile"]


def test_without_an_engine_it_is_built(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.engine(monkeypatch, None)
    machine.serves = True
    machine.of(SAME_MINOR)
    assert machine.made == ["GoPrograms"]


def test_what_nobody_asked_for_is_not_done(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.serves = True
    machine.of(ISTIO_VERSION, ImagesFrom.BUILD)
    assert machine.made == ["GoPrograms"]
    machine.serves = False
    with pytest.raises(BadInput, match="does not have this image"):
        machine.of(OTHER, ImagesFrom.PULL)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(BadInput, match=f"no istioctl of Istio {OTHER}"):
        machine.of(OTHER)


def test_where_none_can_be_had_a_sentence_says_how_to_get_it(machine: Machine) -> None:
    with pytest.raises(BadInput) as bad:
        machine.of(OTHER)
    assert str(bad.value).startswith(
        f"there is no istioctl of Istio {OTHER} or another 1.29: put one on the PATH (`curl -L "
        f"https://istio.io/downloadIstio | ISTIO_VERSION={OTHER} sh -`)"
    )

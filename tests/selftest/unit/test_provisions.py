"""auto pulls when a registry answers and builds when none does, says which, and takes programs that fit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import offline
from canary_conformance.images import provisions as sources
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.node_image import Stocked
from canary_conformance.images.pins import (
    ISTIO_VERSION,
    envoy_pins,
    pulled_images,
    pulled_version_of,
    reference_of,
)
from canary_conformance.images.provisions import KIND_VERSION, Provisions, provide, provide_for
from canary_conformance.images.recipes import Recipe
from canary_conformance.images.versions import MeshVersion
from canary_conformance.progress import Progress
from canary_conformance.timeouts import Timeouts
from tests.selftest.support import Programs

pytestmark = pytest.mark.selftest

PILOT = reference_of("pilot")
NEWEST_ENVOY = list(envoy_pins())[-1]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = Programs(tmp_path, monkeypatch)
    programs.only_these()
    monkeypatch.setattr(Stocked, "serving", lambda _: None)
    return programs


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Collect the recipes that would be made, and make none; those for programs appear."""
    collected: list[Recipe] = []

    def pretend(recipes: Iterable[Recipe], store: Path, progress: Progress) -> None:
        for recipe in recipes:
            collected.append(recipe)
            program = (
                store / f"{recipe.name}-{recipe.key}" / {"istio": "istioctl"}.get(recipe.name, recipe.name)
            )
            program.parent.mkdir(parents=True, exist_ok=True)
            program.touch()
        progress.note("made")

    monkeypatch.setattr(sources, "make_all", pretend)
    return collected


def names(recipes: Iterable[Recipe]) -> list[str]:
    return [recipe.name for recipe in recipes]


def provided(asked: ImagesFrom, store: Path) -> tuple[Provisions, list[str]]:
    said: list[str] = []
    return provide(asked, AskedVersions(), store, Progress(said.append)), said


def test_auto_pulls_when_a_registry_answers(programs: Programs, wanted: list[Recipe], tmp_path: Path) -> None:
    programs.add("docker", "echo '{}'")
    provisions, said = provided(ImagesFrom.AUTO, tmp_path)
    assert provisions.source is ImagesFrom.PULL
    assert "images: a registry answers, so they are pulled" in said[0]
    assert wanted


@pytest.mark.parametrize("answer", ["echo 'connection refused' >&2; exit 1", "while :; do :; done"])
def test_auto_builds_when_no_registry_answers_in_time(
    programs: Programs,
    wanted: list[Recipe],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    monkeypatch.setattr(sources, "LIMITS", Timeouts(registry_answers=0.3))
    programs.add("docker", answer)
    provisions, said = provided(ImagesFrom.AUTO, tmp_path)
    assert provisions.source is ImagesFrom.BUILD
    assert "images: no container registry answers, so they are built here" in said[0]
    assert programs.calls() == [f"docker manifest inspect {PILOT}"]
    assert wanted


def test_no_registry_is_asked_when_the_person_has_chosen(
    programs: Programs, wanted: list[Recipe], tmp_path: Path
) -> None:
    programs.add("docker", "exit 1")
    for asked in (ImagesFrom.BUILD, ImagesFrom.PULL):
        assert provided(asked, tmp_path / asked)[0].source is asked
    assert not any("manifest" in call for call in programs.calls())
    assert wanted


@pytest.mark.usefixtures("programs", "wanted")
def test_the_header_says_where_upstream_envoy_stands_in_for_istio_s(tmp_path: Path) -> None:
    built, _ = provided(ImagesFrom.BUILD, tmp_path / "built")
    pulled, _ = provided(ImagesFrom.PULL, tmp_path / "pulled")
    assert f"on upstream Envoy {NEWEST_ENVOY}, not Istio's own" in built.describe()
    assert built.describe().endswith("images built from package registries")
    assert "Envoy" not in pulled.describe()
    assert pulled.describe().endswith("images pulled")


@pytest.mark.usefixtures("programs", "wanted")
def test_the_node_s_images_are_named_as_istioctl_will_ask_for_them(tmp_path: Path) -> None:
    built, _ = provided(ImagesFrom.BUILD, tmp_path / "built")
    platform = offline.platform_images(built.kubernetes_version)
    inside = {name for _, name in (*platform, *offline.mesh_images(built.mesh_version))}
    assert {
        f"{built.hub}/pilot:{built.tag}",
        f"{built.hub}/proxyv2:{built.tag}",
        built.coredns_image,
    } <= inside
    pulled, _ = provided(ImagesFrom.PULL, tmp_path / "pulled")
    assert f"{pulled.hub}/pilot:{pulled.tag}" == PILOT


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        (f"kind v{KIND_VERSION} go1.30.1 linux/amd64", True),
        (f"kind {KIND_VERSION}", True),
        (f"kind v{KIND_VERSION}-alpha go1.30.1 linux/amd64", False),
        (f"kind v{KIND_VERSION}1 go1.30.1 linux/amd64", False),
        (f"kind v1{KIND_VERSION} go1.30.1 linux/amd64", False),
        ("kind v0.1.0 go1.30.1 linux/amd64", False),
    ],
)
def test_a_kind_on_the_path_is_used_if_its_version_fits(
    programs: Programs, wanted: list[Recipe], tmp_path: Path, kind: str, fits: bool
) -> None:
    on_path = programs.add("kind", f"echo '{kind}'")
    provisions, _ = provided(ImagesFrom.PULL, tmp_path)
    assert (provisions.kind == on_path) is fits
    assert ("kind" in names(wanted)) is not fits


@pytest.mark.parametrize(
    ("told", "fits"),
    [
        (f"client version: {ISTIO_VERSION}", True),
        (ISTIO_VERSION, True),
        ("client version: 1.20.3", False),
    ],
)
def test_an_istioctl_on_the_path_is_used_if_its_version_fits(
    programs: Programs, wanted: list[Recipe], tmp_path: Path, told: str, fits: bool
) -> None:
    on_path = programs.add("istioctl", f"echo '{told}'")
    provisions, _ = provided(ImagesFrom.PULL, tmp_path)
    assert (provisions.istioctl == on_path) is fits
    assert ("istioctl" in names(wanted)) is not fits
    assert "istioctl version --remote=false" in programs.calls()


def test_a_program_that_can_not_tell_its_version_is_not_used(
    programs: Programs, wanted: list[Recipe], tmp_path: Path
) -> None:
    programs.add("kind", f"echo {KIND_VERSION}; exit 1")
    provided(ImagesFrom.PULL, tmp_path)
    assert "kind" in names(wanted)


@pytest.mark.usefixtures("programs")
def test_a_program_that_was_not_built_after_all_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "make_all", lambda *_: None)
    with pytest.raises(EnvironmentFailed, match=r"kind is neither on PATH in version .* nor made here"):
        provided(ImagesFrom.BUILD, tmp_path)


def test_every_image_that_is_pulled_has_a_pinned_reference() -> None:
    assert set(pulled_images()) == {"node", "debian", "pilot", "proxyv2", "mysql"}
    for name in pulled_images():
        _, colon, tag = reference_of(name).rpartition("/")[2].partition(":")
        assert colon
        assert tag != "latest"
    assert f":v{pulled_version_of('node')}@sha256:" in reference_of("node")


def test_another_version_is_pulled_by_its_tag_and_the_pinned_one_by_its_digest() -> None:
    assert reference_of("pilot", "1.29.3") == "docker.io/istio/pilot:1.29.3"
    assert reference_of("node", "1.33.4") == "docker.io/kindest/node:v1.33.4"
    assert reference_of("node", pulled_version_of("node")) == reference_of("node")


def test_both_sources_run_the_same_istio() -> None:
    for name in ("pilot", "proxyv2"):
        assert reference_of(name).endswith(f"/istio/{name}:{ISTIO_VERSION}")


@pytest.mark.usefixtures("programs", "wanted")
def test_several_meshes_are_provided_for_on_one_node_image(tmp_path: Path) -> None:
    meshes = [MeshVersion("1.31.0", "1.36.4"), MeshVersion("1.31.0", "1.38.3")]
    first, second = provide_for(meshes, None, ImagesFrom.BUILD, tmp_path, Progress())
    assert first.node_image == second.node_image
    assert [one.mesh_version for one in (first, second)] == meshes
    assert [one.tag for one in (first, second)] == ["1.31.0-envoy1.36.4", "1.31.0-envoy1.38.3"]


@pytest.mark.usefixtures("programs")
def test_a_node_image_that_holds_all_that_is_wanted_is_used(
    wanted: list[Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stocked, "serving", lambda _: "voting-conformance/node:big")
    assert provided(ImagesFrom.BUILD, tmp_path)[0].node_image == "voting-conformance/node:big"
    assert "node" not in names(wanted)


@pytest.mark.usefixtures("programs")
def test_a_mesh_that_the_source_can_not_give_is_refused_before_anything_is_made(
    wanted: list[Recipe], tmp_path: Path
) -> None:
    for mesh in (MeshVersion("1.31.0", "1.2.3"), MeshVersion("1.31.0", None)):
        with pytest.raises(BadInput, match=r"available: 1\.36\.2, .*1\.40\.0"):
            provide_for([mesh], None, ImagesFrom.BUILD, tmp_path, Progress())
    with pytest.raises(BadInput, match=r"Kubernetes \(built here\) 1\.2\.3 is not available; available:"):
        provide(ImagesFrom.BUILD, AskedVersions(kubernetes="1.2.3"), tmp_path, Progress())
    assert not wanted

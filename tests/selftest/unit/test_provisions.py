"""A run is made from pulled releases or from what is built here, with the programs on PATH that fit."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import offline
from canary_conformance.images import pins as pinned
from canary_conformance.images import provisions as sources
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.image_pulls import failure
from canary_conformance.images.node_image import Stocked
from canary_conformance.images.offline import KIND_VERSION
from canary_conformance.images.pins import (
    envoy_pins,
    reference_of,
)
from canary_conformance.images.provisions import Provisions, provide, provide_for
from canary_conformance.images.pull_outcomes import Outcome
from canary_conformance.images.recipes import Recipe
from canary_conformance.images.versions import MeshVersion
from canary_conformance.paths import IMAGES
from canary_conformance.progress import Progress
from tests.selftest.support import Programs

PILOT, NODE = str(reference_of("pilot")), str(reference_of("node"))
PULLED_ISTIO = reference_of("pilot").version
NEWEST_ENVOY = list(envoy_pins())[-1]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = Programs(tmp_path, monkeypatch)
    programs.only_these()
    for name in (pinned.PINS, pinned.REGISTRY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Stocked, "serving", lambda _: None)
    for name in ("host_platform", "engine_platform"):
        monkeypatch.setattr(sources, name, lambda: "linux/amd64")
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


@pytest.mark.usefixtures("programs")
def test_auto_is_decided_before_anything_is_made(
    wanted: list[Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    for answer in (ImagesFrom.PULL, ImagesFrom.BUILD):

        def decide(*_: object, answer: ImagesFrom = answer) -> ImagesFrom:
            made.append(len(wanted))
            return answer

        monkeypatch.setattr(sources, "decided", decide)
        wanted.clear()
        assert provided(ImagesFrom.AUTO, tmp_path / answer)[0].source is answer
    assert made == [0, 0]


@pytest.mark.usefixtures("programs")
def test_released_versions_are_pulled_before_anything_is_made_of_others(
    wanted: list[Recipe], tmp_path: Path
) -> None:
    provided(ImagesFrom.PULL, tmp_path)
    assert [getattr(recipe, "reference", "") for recipe in wanted[:2]] == [PILOT, NODE]


@pytest.mark.usefixtures("programs", "wanted")
def test_a_release_that_the_registry_does_not_have_is_refused_with_the_available_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(recipes: Sequence[Recipe], *_: object) -> None:
        raise failure(str(getattr(recipes[0], "reference")), Outcome.MISSING, "manifest unknown")  # noqa: B009

    monkeypatch.setattr(sources, "make_all", missing)
    with pytest.raises(BadInput) as refused:
        provide(ImagesFrom.PULL, AskedVersions(istio="1.31.99"), tmp_path, Progress())
    assert "docker.io does not have this image" in str(refused.value)
    assert "Istio (pulled): available: 1.31.1, and releases of 1.28" in str(refused.value)


@pytest.mark.usefixtures("programs", "wanted")
def test_the_header_says_where_upstream_envoy_stands_in_for_istio_s(tmp_path: Path) -> None:
    built, _ = provided(ImagesFrom.BUILD, tmp_path / "built")
    pulled, _ = provided(ImagesFrom.PULL, tmp_path / "pulled")
    assert f"on upstream Envoy {NEWEST_ENVOY}, not Istio's own" in built.describe()
    assert built.describe().endswith("images built from package registries")
    assert "Envoy" not in pulled.describe()
    assert pulled.describe().endswith("images pulled")


@pytest.mark.usefixtures("programs", "wanted")
def test_the_header_says_from_which_registry_and_by_which_pins_images_are_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pinned.REGISTRY, "127.0.0.1:5000/some/prefix")
    pins = tmp_path / "pins.ini"
    pins.write_text((IMAGES / "pulled/references.ini").read_text())
    monkeypatch.setenv(pinned.PINS, str(pins))
    pulled, _ = provided(ImagesFrom.PULL, tmp_path / "pulled")
    assert pulled.describe().endswith(f"images pulled from 127.0.0.1:5000/some/prefix, pinned by {pins}")
    assert pulled.hub == "docker.io/istio"


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
    assert f"{pulled.hub}/pilot:{pulled.tag}" == reference_of("pilot").name


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        (f"kind v{KIND_VERSION} go1.30.1 linux/amd64", True),
        ("kind version 0.33.0", True),
        ("kind v0.30.0 go1.24.6 darwin/arm64", True),
        ("kind v0.34.0-alpha+1a2b3c go1.30.1 linux/amd64", True),
        ("kind v1.0.0 go1.30.1 linux/amd64", True),
        ("kind v0.29.0 go1.24.2 linux/amd64", False),
        ("kind v0.9.0 go1.30.1 linux/amd64", False),
        ("kind: unknown command", False),
    ],
)
def test_a_kind_on_the_path_is_used_for_a_pulled_node_if_it_is_new_enough(
    programs: Programs, wanted: list[Recipe], tmp_path: Path, kind: str, fits: bool
) -> None:
    on_path = programs.add("kind", f"echo '{kind}'")
    provisions, _ = provided(ImagesFrom.PULL, tmp_path)
    assert (provisions.kind == on_path) is fits
    assert ("kind" in names(wanted)) is not fits


def test_a_newer_kubernetes_asks_for_a_newer_kind(
    programs: Programs, wanted: list[Recipe], tmp_path: Path
) -> None:
    programs.add("kind", "echo 'kind v0.30.0 go1.24.6 linux/amd64'")
    provide(ImagesFrom.PULL, AskedVersions(kubernetes="1.36.4"), tmp_path, Progress())
    assert "kind" in names(wanted)


@pytest.mark.usefixtures("wanted")
@pytest.mark.parametrize(("version", "fits"), [(KIND_VERSION, True), ("0.99.0", False), ("0.30.0", False)])
def test_a_node_that_is_built_here_is_started_by_the_kind_that_it_was_made_for(
    programs: Programs, tmp_path: Path, version: str, fits: bool
) -> None:
    on_path = programs.add("kind", f"echo 'kind v{version} go1.30.1 linux/amd64'")
    assert (provided(ImagesFrom.BUILD, tmp_path)[0].kind == on_path) is fits


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        (f"client version: {PULLED_ISTIO}", True),
        (PULLED_ISTIO, True),
        (f"{PULLED_ISTIO}-alpha.1", False),
        ("client version: 1.20.3", False),
    ],
)
def test_an_istioctl_on_the_path_is_used_if_its_version_fits(
    programs: Programs, wanted: list[Recipe], tmp_path: Path, words: str, fits: bool
) -> None:
    on_path = programs.add("istioctl", f"echo '{words}'")
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
    with pytest.raises(
        EnvironmentFailed, match="kind was neither found on PATH in a version that fits nor made here"
    ):
        provided(ImagesFrom.BUILD, tmp_path)


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


@pytest.mark.parametrize(
    ("host", "engines"), [("darwin/arm64", "linux/arm64"), ("linux/arm64", "linux/amd64")]
)
def test_another_platform_than_the_engines_needs_an_istioctl_of_its_own(
    programs: Programs,
    wanted: list[Recipe],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    engines: str,
) -> None:
    """The image has the program for the engine's platform, which a Mac can't run."""
    monkeypatch.setattr(sources, "host_platform", lambda: host)
    monkeypatch.setattr(sources, "engine_platform", lambda: engines)
    with pytest.raises(BadInput, match=f"istioctl {PULLED_ISTIO} must be on PATH: this machine is {host}"):
        provided(ImagesFrom.PULL, tmp_path)
    assert names(wanted) == []
    own = programs.add("istioctl", f"echo client version: {PULLED_ISTIO}")
    pulled, _ = provided(ImagesFrom.PULL, tmp_path)
    assert pulled.istioctl == own
    assert "istioctl" not in names(wanted)

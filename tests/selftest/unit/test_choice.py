"""auto pulls where the registry gives a first image; else it says why, and builds only where it may."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import choice, pins
from canary_conformance.images.choice import decided, in_ci, why_not_built
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.image_pulls import failure
from canary_conformance.images.node_image import Stocked
from canary_conformance.images.pull_outcomes import Outcome, PullFailed, PullRefused
from canary_conformance.images.recipes import Pulled, Recipe
from canary_conformance.progress import Progress

# What each of these ends a run with that may not build: 4 where the user can mend it, else 3.
KINDS = {
    Outcome.LOGIN: BadInput, Outcome.MISSING: BadInput, Outcome.PLATFORM: BadInput,
    Outcome.RATE_LIMIT: EnvironmentFailed, Outcome.PROXY: EnvironmentFailed,
    Outcome.TIME_OUT: EnvironmentFailed, Outcome.UNREACHABLE: EnvironmentFailed,
    Outcome.NO_HOST: EnvironmentFailed, Outcome.SERVER: EnvironmentFailed, Outcome.TLS: EnvironmentFailed,
    Outcome.DIGEST: EnvironmentFailed,
}  # fmt: skip


class Choosing:
    """A machine that may build, outside of CI, with a registry that answers; tests change one of these."""

    def __init__(self, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self.fails: Outcome | None = None
        self.held: tuple[str, ...] = ()
        self.here: tuple[str, ...] = ()
        self.said: list[str] = []
        self.pulled: list[str] = []
        self.monkeypatch = monkeypatch
        for name in ("CI", pins.PINS, pins.REGISTRY):
            monkeypatch.setenv(name, "")
        monkeypatch.setattr(choice, "make_all", self._make)
        monkeypatch.setattr(Stocked, "serving", lambda node: "an image" if node.name in self.held else None)
        monkeypatch.setattr(Pulled, "present", lambda image, _: image.name in self.here)
        self.may_build(True)

    def may_build(self, may: bool) -> None:
        self.monkeypatch.setattr(choice, "may_install", lambda: may)
        self.monkeypatch.setattr(choice, "host_platform", lambda: "linux/amd64")

    def choose(
        self, versions: AskedVersions | None = None, asked: ImagesFrom = ImagesFrom.AUTO
    ) -> ImagesFrom:
        return decided(asked, versions or AskedVersions(), self.store, Progress(self.said.append))

    def refused(self, versions: AskedVersions | None = None) -> BadInput | EnvironmentFailed:
        with pytest.raises((BadInput, EnvironmentFailed)) as raised:
            self.choose(versions)
        assert isinstance(raised.value, BadInput | EnvironmentFailed)
        return raised.value

    def _make(self, recipes: Iterable[Recipe], store: Path, progress: Progress) -> None:
        del store, progress
        for recipe in recipes:
            reference = str(getattr(recipe, "reference"))  # noqa: B009
            self.pulled.append(reference)
            if self.fails is not None:
                raise failure(reference, self.fails, "the engine's words")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choosing:
    return Choosing(tmp_path, monkeypatch)


def test_a_registry_that_gives_the_first_image_is_pulled_from(machine: Choosing) -> None:
    assert machine.choose() is ImagesFrom.PULL
    assert machine.pulled == [pins.pulled_from("pilot")]
    assert any("images: the registry answers, so they are pulled" in line for line in machine.said)


def test_no_registry_is_asked_for_what_an_earlier_run_pulled(machine: Choosing) -> None:
    machine.held, machine.fails = ("node-pulled",), Outcome.UNREACHABLE
    assert machine.choose() is ImagesFrom.PULL
    assert machine.pulled == []


def test_an_image_that_is_here_says_nothing_of_the_registry(machine: Choosing) -> None:
    machine.here, machine.fails = ("pilot",), Outcome.UNREACHABLE
    assert machine.choose() is ImagesFrom.BUILD
    assert machine.pulled == [pins.pulled_from("node")]


def test_no_registry_is_asked_where_every_image_is_here(machine: Choosing) -> None:
    machine.here = ("pilot", "proxyv2", "kind-node", "mysql", "debian-pulled")
    machine.fails = Outcome.UNREACHABLE
    assert machine.choose() is ImagesFrom.PULL
    assert machine.pulled == []
    machine.here = machine.here[:-1]
    machine.monkeypatch.setattr(choice, "inherited_token", lambda: "another run")
    assert machine.choose() is ImagesFrom.BUILD
    assert machine.pulled == [pins.pulled_from("debian")]


@pytest.mark.parametrize("asked", [ImagesFrom.PULL, ImagesFrom.BUILD])
def test_no_registry_is_asked_where_the_user_has_chosen(machine: Choosing, asked: ImagesFrom) -> None:
    machine.fails = Outcome.UNREACHABLE
    assert machine.choose(asked=asked) is asked
    assert machine.pulled == []


@pytest.mark.parametrize("outcome", KINDS)
def test_where_building_can_work_it_is_built_and_said_why_and_how_long(
    machine: Choosing, outcome: Outcome
) -> None:
    machine.fails = outcome
    assert machine.choose() is ImagesFrom.BUILD
    said = "\n".join(machine.said)
    assert str(failure(machine.pulled[0], outcome, "the engine's words")) in said
    assert "so they are built here from package registries; the first time takes 15 to 20 minutes" in said


def test_a_node_that_was_built_before_takes_no_time_and_no_right(machine: Choosing) -> None:
    machine.fails, machine.held = Outcome.UNREACHABLE, ("node",)
    machine.may_build(False)
    assert machine.choose() is ImagesFrom.BUILD
    assert "an earlier run made the node" in machine.said[-1]
    assert "minutes" not in machine.said[-1]


@pytest.mark.parametrize("outcome", [Outcome.NO_SPACE, Outcome.ENGINE])
def test_what_would_stop_building_too_ends_the_run(machine: Choosing, outcome: Outcome) -> None:
    machine.fails = outcome
    why = machine.refused()
    assert isinstance(why, PullFailed)
    assert why.outcome is outcome
    assert "build" not in str(why)


@pytest.mark.parametrize("outcome", KINDS)
def test_where_building_can_not_work_the_reason_ends_the_run(machine: Choosing, outcome: Outcome) -> None:
    machine.fails = outcome
    machine.may_build(False)
    why = machine.refused()
    assert isinstance(why, KINDS[outcome])
    assert "Building the images here instead needs root on Debian or Ubuntu." in str(why)
    assert "the engine's words" in str(why)
    assert not any("built" in line for line in machine.said)


@pytest.mark.parametrize("outcome", KINDS)
def test_in_ci_the_reason_ends_the_run_with_the_option_to_set(machine: Choosing, outcome: Outcome) -> None:
    machine.monkeypatch.setenv("CI", "true")
    machine.fails = outcome
    why = machine.refused()
    assert isinstance(why, KINDS[outcome])
    assert "In CI (CI is set) nothing is built unasked: --images build does" in str(why)
    # What was built before is another mesh all the same: it is not taken unasked either.
    machine.held = ("node",)
    assert "--images build" in str(machine.refused())


def test_in_ci_a_registry_that_answers_is_pulled_from(machine: Choosing) -> None:
    machine.monkeypatch.setenv("CI", "true")
    assert machine.choose() is ImagesFrom.PULL


@pytest.mark.parametrize(
    ("value", "ci"), [("true", True), ("1", True), ("yes", True), ("", False), ("false", False), ("0", False)]
)
def test_ci_is_what_ci_systems_set(monkeypatch: pytest.MonkeyPatch, value: str, ci: bool) -> None:
    monkeypatch.setenv("CI", value)
    assert in_ci() is ci


@pytest.mark.parametrize("outcome", KINDS)
def test_nothing_is_built_in_place_of_a_registry_that_was_named(machine: Choosing, outcome: Outcome) -> None:
    machine.monkeypatch.setenv(pins.REGISTRY, "harbor.example.com/dockerhub")
    machine.fails = outcome
    why = machine.refused()
    assert machine.pulled[0].startswith("harbor.example.com/dockerhub/istio/pilot:")
    assert "A registry was named, so nothing is built in its place" in str(why)
    named = BadInput if outcome is Outcome.NO_HOST else KINDS[outcome]
    assert isinstance(why, named)


def test_a_version_that_the_registry_does_not_have_comes_with_the_available_ones(machine: Choosing) -> None:
    machine.fails = Outcome.MISSING
    why = machine.refused(AskedVersions(istio="1.31.99"))
    assert isinstance(why, BadInput)
    assert machine.pulled == ["docker.io/istio/pilot:1.31.99"]
    assert "Asked for: Istio 1.31.99, Kubernetes 1.34.11." in str(why)
    assert "Kubernetes (pulled): available: 1.34.11, 1.35.8, 1.36.4" in str(why)
    assert (
        "Nor can these versions be built here: Istio (built here) 1.31.99 is not available; available: 1.31.0"
        in str(why)
    )


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMIT, Outcome.TIME_OUT, Outcome.PROXY])
def test_a_registry_that_fails_stays_the_environment_s_where_the_version_can_not_be_built(
    machine: Choosing, outcome: Outcome
) -> None:
    machine.fails = outcome
    why = machine.refused(AskedVersions(istio="1.31.2"))
    assert isinstance(why, PullFailed)
    assert why.outcome is outcome
    assert "Nor can these versions be built here: Istio (built here) 1.31.2 is not available" in str(why)


def test_a_limit_says_nothing_of_versions(machine: Choosing) -> None:
    machine.fails = Outcome.RATE_LIMIT
    machine.may_build(False)
    assert "available:" not in str(machine.refused())


def test_an_envoy_that_only_a_built_mesh_has_is_built_for_without_asking_a_registry(
    machine: Choosing,
) -> None:
    assert machine.choose(AskedVersions(envoy="1.38.3")) is ImagesFrom.BUILD
    assert machine.pulled == []
    assert "Envoy (part of a pulled Istio) 1.38.3 is not available" in "\n".join(machine.said)
    machine.monkeypatch.setenv("CI", "true")
    assert "--images build does" in str(machine.refused(AskedVersions(envoy="1.38.2")))


def test_building_needs_debian_root_and_x86_64(machine: Choosing) -> None:
    assert why_not_built() is None
    machine.monkeypatch.setattr(choice, "host_platform", lambda: "linux/arm64")
    assert why_not_built() == "Linux on x86-64"
    machine.may_build(False)
    assert why_not_built() == "root on Debian or Ubuntu"


def test_a_refusal_stays_one_that_the_user_can_mend_whatever_is_added(machine: Choosing) -> None:
    machine.fails = Outcome.LOGIN
    machine.may_build(False)
    why = machine.refused()
    assert isinstance(why, PullRefused)
    assert why.outcome is Outcome.LOGIN


def test_what_was_decided_holds_for_the_workers_and_rounds_of_a_run(machine: Choosing) -> None:
    machine.fails = Outcome.RATE_LIMIT
    machine.monkeypatch.setattr(choice, "inherited_token", lambda: "the run")
    assert machine.choose() is ImagesFrom.BUILD
    # The registry answers again, and the first worker's cluster is made from what was built.
    machine.fails = None
    assert machine.choose() is ImagesFrom.BUILD
    assert len(machine.pulled) == 1
    assert machine.choose(AskedVersions(istio="1.31.2")) is ImagesFrom.PULL
    machine.monkeypatch.setattr(choice, "inherited_token", lambda: "another run")
    assert machine.choose() is ImagesFrom.PULL
    assert len(machine.pulled) == 3


@pytest.mark.parametrize("text", ["", "only-one-word", "a b c", "key steal"])
def test_a_memory_that_can_not_be_read_is_none(machine: Choosing, text: str) -> None:
    (machine.store / "images-from").write_text(text)
    assert machine.choose() is ImagesFrom.PULL


def test_an_envoy_is_not_built_for_where_a_registry_was_named(machine: Choosing) -> None:
    machine.monkeypatch.setenv(pins.REGISTRY, "harbor.example.com")
    why = machine.refused(AskedVersions(envoy="1.38.3"))
    assert "Envoy (part of a pulled Istio) 1.38.3 is not available" in str(why)
    assert "A registry was named, so nothing is built in its place" in str(why)

"""The suite's own images are pushed by the engine, and what it reports of a failure is passed on."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import image_push
from canary_conformance.images.cluster_images import CALLER, ClusterImages, UsedImage
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.images.image_push import check_nodes, push_images
from canary_conformance.images.recipes import Recipe
from canary_conformance.images.references import Mirror
from canary_conformance.progress import Progress
from tests.selftest.support import Programs

DIGEST = f"sha256:{'b' * 64}"
APP, STORE, OTHER = "localhost/voting-app:1.0", "localhost/voting-storage:1.0", "docker.io/library/nginx:1"
USED = tuple(UsedImage(name) for name in (APP, STORE, OTHER, CALLER))
HUB = Mirror("registry.example.com", "team")
PUSHED = f"""
case "$*" in
  "version --format {{{{.Server.Version}}}}") echo 29.0.0;;
  "version --format {{{{.Server.Os}}}}/{{{{.Server.Arch}}}}") echo linux/amd64;;
  push*) echo "1.0: digest: {DIGEST} size: 527";;
esac
"""


class Pushing:
    """An engine that takes and pushes every image; nothing is built for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = folder
        self.programs = Programs(folder, monkeypatch)
        self.said: list[str] = []
        self.platforms: list[str] = []
        self.made: list[str] = []
        self.programs.add("docker", PUSHED)
        monkeypatch.setattr(image_push, "make_all", self._make)
        monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)

    def push(self, images: ClusterImages | None = None) -> ClusterImages:
        return push_images(
            HUB,
            images or ClusterImages(),
            USED,
            ImagesFrom.BUILD,
            self.store,
            self.platforms.append,
            Progress(self.said.append),
        )

    def pushed(self) -> list[str]:
        return [call for call in self.programs.calls() if call.startswith("docker push")]

    def _make(self, recipes: Iterable[Recipe], store: Path, progress: Progress) -> None:
        del store, progress
        self.made += [recipe.name for recipe in recipes]


@pytest.fixture
def pushing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pushing:
    return Pushing(tmp_path, monkeypatch)


def test_what_the_manifests_use_of_the_suites_own_is_pushed_and_used_by_its_digest(pushing: Pushing) -> None:
    images = pushing.push()
    hub = "registry.example.com/team"
    assert pushing.pushed() == [
        f"docker push {hub}/{name}"
        for name in ("voting-app:1.0", "voting-storage:1.0", "voting-conformance-caller:1")
    ]
    assert images.reference(APP) == f"{hub}/voting-app:1.0@{DIGEST}"
    assert images.reference(OTHER) == OTHER
    assert pushing.made == ["voting-app-1.0", "voting-storage-1.0", "caller"]
    assert pushing.platforms == ["linux/amd64"]
    assert any(f"not the suite's own are not pushed: {OTHER}" in line for line in pushing.said)


def test_the_engine_keeps_no_name_of_the_registry(pushing: Pushing) -> None:
    pushing.push()
    calls = pushing.programs.calls()
    tagged = [call.split()[-1] for call in calls if call.startswith("docker tag")]
    assert tagged == [call.split()[-1] for call in calls if call.startswith("docker image rm")]


def test_an_entry_comes_before_a_push(pushing: Pushing) -> None:
    images = pushing.push(
        ClusterImages({"voting-app:1.0": "x.example/app:1", "nginx:1": "x.example/nginx:1"})
    )
    assert images.reference(APP) == "x.example/app:1"
    assert not any("voting-app" in call for call in pushing.pushed())
    assert not any("are not pushed" in line for line in pushing.said)


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        (
            "denied: requested access to the resource is denied",
            BadInput,
            "registry.example.com refused access (401, denied) (the engine reports: denied: requested access "
            "to the resource is denied); log in with an account that may push there (`docker login "
            "registry.example.com`)",
        ),
        ("name unknown: the repository does not exist", BadInput, "make the repository there first"),
        ('Get "https://registry.example.com/v2/": dial tcp 10.0.0.1:443: connect: connection refused',
         EnvironmentFailed, "no registry answers at registry.example.com"),
        ("lookup registry.example.com: no such host", BadInput, "unknown host"),
    ],
)  # fmt: skip
def test_a_failed_push_is_one_sentence_with_the_engines_words(
    pushing: Pushing, words: str, kind: type[Exception], sentence: str
) -> None:
    pushing.programs.add("docker", f"{PUSHED}\ncase $1 in push) echo '{words}' >&2; exit 1;; esac")
    with pytest.raises(kind) as failed:
        pushing.push()
    assert str(failed.value).startswith("registry.example.com/team/voting-app:1.0 was not pushed: ")
    assert sentence in str(failed.value)
    assert "\n" not in str(failed.value)


def test_a_platform_that_no_node_runs_is_refused_with_the_nodes() -> None:
    said: list[str] = []
    with pytest.raises(BadInput, match=r"no node of the cluster runs these: a \(linux/arm64\), b \(windows"):
        check_nodes("linux/amd64", {"b": "windows/amd64", "a": "linux/arm64"}, said.append)
    assert not said


def test_nodes_of_several_platforms_are_a_note() -> None:
    said: list[str] = []
    check_nodes("linux/amd64", {"a": "linux/arm64", "b": "linux/amd64"}, said.append)
    assert said[0].startswith("the pushed images are for linux/amd64, which these nodes do not run: a (linux")
    check_nodes("linux/amd64", {"b": "linux/amd64"}, said.append)
    check_nodes("linux/amd64", {}, said.append)
    assert len(said) == 1

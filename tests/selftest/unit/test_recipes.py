"""What is made appears when it is whole, by programs that only pretend."""

from pathlib import Path

import pytest

from canary_conformance.images import go_recipes
from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import Built, Pulled
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from tests.selftest.support import Programs
from tests.selftest.unit.test_recipe_keys import root

__all__ = ["root"]

FAKE_GO = """
case "$1" in
  version) echo "go version go1.30.1 linux/amd64" ;;
  build) while [ "$1" != -o ]; do shift; done; echo program > "$2/program"; %s ;;
esac
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def programs(programs: Programs) -> Programs:
    programs.add("docker", "echo linux/amd64")
    return programs


def test_programs_appear_when_they_are_complete(root: Path, store: Path, programs: Programs) -> None:
    programs.add("go", FAKE_GO % "exit 0")
    recipe = GoPrograms("tools", root / "go", {"a.version": "1.2"})
    make_all((recipe,), store, Progress())
    assert (recipe.folder(store) / "program").read_text() == "program\n"
    built = [call for call in programs.calls() if call.startswith("go build")]
    assert len(built) == 1
    assert "-X a.version=1.2" in built[0]
    make_all((recipe,), store, Progress())
    assert len([call for call in programs.calls() if call.startswith("go build")]) == 1


def test_programs_are_built_for_the_engine_or_for_this_machine(
    root: Path, store: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_recipes, "host_platform", lambda: "darwin/arm64")
    programs.add("docker", "echo linux/arm64")
    programs.add("go", FAKE_GO % 'echo "$GOOS/$GOARCH" > "$2/program"')
    inside, here = GoPrograms("caller", root / "go"), GoPrograms("kind", root / "go", for_host=True)
    make_all((inside, here), store, Progress())
    assert (inside.folder(store) / "program").read_text() == "linux/arm64\n"
    assert (here.folder(store) / "program").read_text() == "darwin/arm64\n"


def test_programs_for_this_machine_are_others_on_another(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for platform in ("darwin/arm64", "linux/amd64"):
        monkeypatch.setattr(go_recipes, "host_platform", lambda platform=platform: platform)
        keys.add(GoPrograms("kind", root / "go", for_host=True).key)
    assert len(keys) == 2


def test_tests_of_a_module_run_on_this_machine(root: Path, store: Path, programs: Programs) -> None:
    programs.add("docker", "echo plan9/mips")
    programs.add("go", 'case "$1" in test) [ "$GOOS" != plan9 ] || exit 1 ;; esac' + FAKE_GO % "exit 0")
    GoPrograms("app", root / "go", tested=True).make(store)


def test_programs_with_tests_of_their_own_are_tested_before_they_are_built(
    root: Path, store: Path, programs: Programs
) -> None:
    programs.add("go", FAKE_GO % "exit 0")
    recipe = GoPrograms("app", root / "go", tested=True)
    assert recipe.key != GoPrograms("app", root / "go").key
    recipe.make(store)
    done = [call.split()[1] for call in programs.calls()]
    assert done[-2:] == ["test", "build"]
    assert "-vet=all ./..." in programs.calls()[-2]


def test_programs_whose_tests_fail_are_not_built(root: Path, store: Path, programs: Programs) -> None:
    programs.add("go", 'case "$1" in test) echo "--- FAIL: TestOne"; exit 1 ;; esac' + FAKE_GO % "exit 0")
    recipe = GoPrograms("app", root / "go", tested=True)
    with pytest.raises(CommandFailed, match="--- FAIL: TestOne"):
        recipe.make(store)
    assert not recipe.present(store)
    assert not [call for call in programs.calls() if call.startswith("go build")]


def test_a_failure_leaves_nothing_half_made(root: Path, store: Path, programs: Programs) -> None:
    programs.add("go", FAKE_GO % "echo it does not compile >&2; exit 1")
    recipe = GoPrograms("tools", root / "go")
    with pytest.raises(CommandFailed, match="it does not compile"):
        make_all((recipe,), store, Progress())
    assert not recipe.present(store)
    assert [path.name for path in store.iterdir()] == ["lock"]


def test_an_image_is_built_from_its_folder_its_base_and_files(
    root: Path, store: Path, tmp_path: Path, programs: Programs
) -> None:
    listing = tmp_path / "listing"
    programs.add("go", FAKE_GO % "exit 0")
    script = 'case "$1" in image) exit 1;; version) echo linux/arm64; exit;; esac; for last; do :; done; '
    programs.add("docker", script + f'cd "$last" && find . -type f > {listing}')
    base = Pulled("base", "registry.example/debian:1")
    tools = GoPrograms("tools", root / "go")
    image = Built("app", root / "app", base, ((tools, "program", "bin/app"),), {"VERSION": "1.0"})
    tools.make(store)
    image.make(store)
    assert sorted(listing.read_text().split()) == ["./bin/app", "./file"]
    call = programs.calls()[-1]
    assert call.startswith(f"docker build --quiet --tag voting-conformance/app:{image.key} ")
    assert f"--build-arg VERSION=1.0 --build-arg BASE={base.tag}" in call


def test_builders_keep_their_records_out_of_the_users_folders(
    root: Path, store: Path, tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDX_BUILDER", "a-builder-that-loads-nothing-into-the-engine")
    monkeypatch.setenv("DOCKER_CONFIG", "with the logins")
    programs.add("docker", f'env > {tmp_path}/seen; mkdir "$BUILDX_CONFIG"')
    Built("app", root / "app").make(store)
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines() if "=" in line)
    assert Path(seen["BUILDX_CONFIG"]).is_relative_to(store)
    assert seen["BUILDX_BUILDER"] == ""
    assert seen["BUILDX_NO_DEFAULT_ATTESTATIONS"] == "1"
    assert seen["DOCKER_CONFIG"] == "with the logins"
    assert list(store.iterdir()) == []


@pytest.mark.parametrize("word", ["--load", "--platform", "--provenance", "--output"])
def test_builders_old_and_new_know_all_words(root: Path, store: Path, programs: Programs, word: str) -> None:
    """The older builder refuses what only buildx knows (Docker: "docker build" and "docker buildx build")."""
    Built("app", root / "app", arguments={"VERSION": "1.0"}).make(store)
    assert word not in programs.calls()[-1]


def test_a_node_takes_one_platform_of_what_an_engine_saves() -> None:
    """Docker 29 saves the index of all platforms with the blobs of one; ctr imports its own by default."""
    script = (Path(__file__).parents[3] / "images/pulled/node/import-images").read_text()
    assert "images import --no-unpack -" in script
    assert "--all-platforms" not in script


def test_a_pulled_image_gets_our_name(store: Path, programs: Programs) -> None:
    programs.add("docker")
    image = Pulled("mysql", "registry.example/mysql:8.4")
    image.make(store)
    assert programs.calls() == [
        "docker pull registry.example/mysql:8.4",
        f"docker tag registry.example/mysql:8.4 voting-conformance/mysql:{image.key}",
    ]


@pytest.mark.parametrize(("answer", "there"), [("exit 0", True), ("exit 1", False)])
def test_an_image_is_there_when_the_engine_has_it(
    store: Path, programs: Programs, answer: str, there: bool
) -> None:
    programs.add("docker", answer)
    assert Pulled("mysql", "registry.example/mysql:8.4").present(store) is there

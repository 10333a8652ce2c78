"""A changed file changes the keys that hang on it and no other; things are made once, whole, needs first."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from fixtures.images import offline
from fixtures.images.build import make_all
from fixtures.images.node import Stocked
from fixtures.images.recipes import (
    ASSEMBLE,
    COMPILE,
    Bootstrapped,
    Built,
    GoPrograms,
    ModuleFile,
    Pulled,
    Recipe,
    WheelFile,
)
from fixtures.images.voting import voting_images
from fixtures.processes import CommandFailed, run
from fixtures.progress import Progress
from tests.selftest.support import Programs

pytestmark = pytest.mark.selftest

MANIFESTS = Path(__file__).parents[2] / "manifests"
FAKE_GO = """
case "$1" in
  version) echo "go version go1.30.1 linux/amd64" ;;
  build) while [ "$1" != -o ]; do shift; done; echo program > "$2/program"; %s ;;
esac
"""


def everything(root: Path, version: str = "1.0", mysql: str = "mysql:8.4") -> tuple[Recipe, ...]:
    """Return a small graph with a recipe of each class, made from a folder's files."""
    base = Bootstrapped("debian", "bookworm")
    tools = GoPrograms("tools", root / "go", {"version": "1"})
    bootstrap = ModuleFile("bootstrap", root / "go", "example.org/module", "bootstrap.json")
    wheel = WheelFile("wheel", root / "requirements.txt", "bin/envoy")
    proxy = Built("proxy", root / "proxy", base, ((wheel, "envoy", "envoy"), (bootstrap, "b", "b")))
    node = Built("node", root / "node", base, ((tools, "kubelet", "bin/kubelet"),))
    with_mesh = Stocked("with-mesh", node, ((proxy, "localhost/proxy:1"),))
    app = Built("app", root / "app", base, arguments={"VERSION": version})
    storage = Pulled("storage", mysql)
    stocked = Stocked("stocked", with_mesh, ((app, "localhost/app:1"), (storage, "localhost/storage:1")))
    return (base, tools, bootstrap, wheel, proxy, node, with_mesh, app, storage, stocked)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("go", "proxy", "node", "app"):
        (root / folder).mkdir(parents=True)
        (root / folder / "file").write_text("as it was")
    (root / "requirements.txt").write_text("envoy==1\n")
    return root


def keys(recipes: Sequence[Recipe]) -> dict[str, str]:
    return {recipe.name: recipe.key for recipe in recipes}


def changed(before: Sequence[Recipe], after: Sequence[Recipe]) -> set[str]:
    return {name for name, key in keys(after).items() if key != keys(before)[name]}


@pytest.mark.parametrize(
    ("file", "hanging_on_it"),
    [
        ("app/file", {"app", "stocked"}),
        ("node/file", {"node", "with-mesh", "stocked"}),
        ("proxy/file", {"proxy", "with-mesh", "stocked"}),
        ("requirements.txt", {"wheel", "proxy", "with-mesh", "stocked"}),
        ("go/file", {"tools", "bootstrap", "proxy", "node", "with-mesh", "stocked"}),
    ],
)
def test_a_changed_file_changes_the_keys_that_hang_on_it_and_no_other(
    root: Path, file: str, hanging_on_it: set[str]
) -> None:
    before = everything(root)
    assert len(set(keys(before).values())) == len(before)
    (root / file).write_text("changed")
    assert changed(before, everything(root)) == hanging_on_it


def test_a_changed_argument_or_reference_changes_what_hangs_on_it(root: Path) -> None:
    before = everything(root)
    assert changed(before, everything(root, version="2.0")) == {"app", "stocked"}
    assert changed(before, everything(root, mysql="mysql:9.0")) == {"storage", "stocked"}


def test_an_image_under_another_name_is_another_node(root: Path) -> None:
    app, node = (Built(name, root / name) for name in ("app", "node"))
    assert Stocked("node", node, ((app, "a:1"),)).key != Stocked("node", node, ((app, "a:2"),)).key


def test_keys_do_not_depend_on_path_or_time(root: Path) -> None:
    before = keys(everything(root))
    elsewhere = root.rename(root.with_name("elsewhere"))
    for file in elsewhere.rglob("file"):
        file.write_text(file.read_text())
    assert keys(everything(elsewhere)) == before


def test_every_recipe_of_the_offline_node_has_a_name_and_key_of_its_own() -> None:
    seen: dict[tuple[str, str], Recipe] = {}

    def visit(recipe: Recipe) -> None:
        assert seen.setdefault((recipe.name, recipe.key), recipe) == recipe
        for need in recipe.needs:
            visit(need)

    visit(Stocked("node", offline.offline_node(), (*voting_images(offline.BASE), offline.caller_image())))
    assert len(seen) > 20


def test_the_application_s_images_are_those_that_the_manifests_name() -> None:
    named = set()
    for file in MANIFESTS.glob("kubernetes/*.yaml"):
        for document in yaml.safe_load_all(file.read_text()):
            if document["kind"] == "Deployment":
                pod = document["spec"]["template"]["spec"]
                containers = [*pod.get("initContainers", []), *pod["containers"]]
                named |= {container["image"] for container in containers}
    assert named == {name for _, name in voting_images(offline.BASE)}


# --- making ----------------------------------------------------------------------------------------------


@dataclass
class Log:
    """What was made, in order; and what was being made at the same time."""

    made: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fake:
    """A recipe that writes a file into the store, or fails, or takes long."""

    name: str
    log: Log
    needs: tuple[Recipe, ...] = ()
    fails: bool = False
    takes_long: bool = False
    key: str = "key"
    lane: ClassVar[str] = COMPILE

    def present(self, store: Path) -> bool:
        return (store / f"{self.name}-{self.key}").exists()

    def make(self, store: Path) -> None:
        assert all(need.present(store) for need in self.needs)
        self.log.made.append(self.name)
        if self.takes_long:
            run(["sleep", "60"], limit=60)
        if self.fails:
            raise CommandFailed(f"{self.name} is broken")
        (store / f"{self.name}-{self.key}").touch()


class Assembled(Fake):
    """The same in the other queue."""

    lane: ClassVar[str] = ASSEMBLE


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "not/yet/there"


def test_each_thing_is_made_once_and_its_needs_first(log: Log, store: Path) -> None:
    compiler = Fake("compiler", log)
    base = Assembled("base", log)
    programs = Fake("programs", log, (compiler,))
    images = [Assembled(f"image-{n}", log, (base, programs)) for n in range(3)]
    node = Assembled("node", log, (base, *images))
    make_all((programs, node, *images), store, Progress())
    assert sorted(log.made) == sorted(
        ["base", "compiler", "programs", "image-0", "image-1", "image-2", "node"]
    )


def test_what_is_there_is_not_made_again_nor_its_needs_looked_at(log: Log, store: Path) -> None:
    node = Assembled("node", log, (Fake("programs", log),))
    make_all((node,), store, Progress())
    (store / "programs-key").unlink()
    said: list[str] = []
    make_all((node,), store, Progress(said.append))
    assert log.made == ["programs", "node"]
    assert said == []


def test_a_program_and_an_image_may_share_a_name(log: Log, store: Path) -> None:
    program = Fake("etcd", log)
    image = Assembled("etcd", log, (program,), key="other")
    make_all((image,), store, Progress())
    assert log.made == ["etcd", "etcd"]


def test_progress_says_what_is_made_n_of_m_and_how_long_it_took(log: Log, store: Path) -> None:
    said: list[str] = []
    make_all([Fake(name, log) for name in ("a", "b", "c")], store, Progress(said.append))
    assert "making 3 programs and images" in said[0]
    assert [line.partition("(")[2] for line in said if " of " in line] == [
        "1 of 3 made)",
        "2 of 3 made)",
        "3 of 3 made)",
    ]
    assert any(re.search(r"\] +b \.\.\.$", line) for line in said)
    assert any(re.search(r"b took 0 s", line) for line in said)


@pytest.mark.parametrize("kind", [Fake, Assembled])
def test_what_needs_a_failed_thing_is_not_made(log: Log, store: Path, kind: type[Fake]) -> None:
    broken = Fake("broken", log, fails=True)
    with pytest.raises(CommandFailed, match="broken is broken"):
        make_all((kind("image", log, (broken,)),), store, Progress())
    assert log.made == ["broken"]
    assert not broken.present(store)


def test_a_failure_ends_what_else_is_being_made(log: Log, store: Path) -> None:
    long = Fake("long", log, takes_long=True)
    broken = Assembled("broken", log, (Assembled("first", log),), fails=True)
    with pytest.raises(CommandFailed, match="broken is broken"):
        make_all((long, Fake("never", log), broken), store, Progress())
    assert not long.present(store)
    assert "never" not in log.made


def test_a_second_run_waits_for_the_first_and_finds_everything_made(log: Log, store: Path) -> None:
    wanted = [Fake(str(number), log) for number in range(20)]
    threads = [threading.Thread(target=make_all, args=(wanted, store, Progress())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(log.made) == sorted(recipe.name for recipe in wanted)


# --- the recipes themselves, with programs that only pretend ---------------------------------------------


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path, monkeypatch)


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
    script = f'[ "$1" != image ] || exit 1; for last; do :; done; cd "$last" && find . -type f > {listing}'
    programs.add("docker", script)
    base = Pulled("base", "registry.example/debian:1")
    tools = GoPrograms("tools", root / "go")
    image = Built("app", root / "app", base, ((tools, "program", "bin/app"),), {"VERSION": "1.0"})
    tools.make(store)
    image.make(store)
    assert sorted(listing.read_text().split()) == ["./bin/app", "./file"]
    call = programs.calls()[-1]
    assert call.startswith(f"docker build --quiet --tag voting-conformance/app:{image.key} ")
    assert f"--build-arg VERSION=1.0 --build-arg BASE={base.tag}" in call


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

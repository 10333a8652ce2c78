"""Each thing is made once, needs first; a failure ends the rest and leaves nothing that looks made."""

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import ASSEMBLE, COMPILE, Recipe
from canary_conformance.processes import CommandFailed, run
from canary_conformance.progress import Progress


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


class WithoutRoom(Fake):
    """One that the engine has no disk for."""

    def make(self, store: Path) -> None:
        raise CommandFailed(
            f"docker commit x ended with exit code 1:\n  {store}\n"
            "  Error response from daemon: write /var/lib/docker/x: no space left on device"
        )


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


def test_a_full_disk_is_said_in_one_sentence_with_what_to_do(log: Log, store: Path) -> None:
    with pytest.raises(EnvironmentFailed) as raised:
        make_all((WithoutRoom("node", log),), store, Progress())
    assert str(raised.value) == (
        "node could not be made: the disk is full, here or in the container engine; free space (`df -h`, "
        "`docker system df`) and run again (reported: write /var/lib/docker/x: no space left on device)"
    )

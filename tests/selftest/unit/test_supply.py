"""An archive spares what it holds; absent, stale or broken ones are said, and all is made without them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from canary_conformance.cluster import supply
from canary_conformance.cluster.machine_requirements import NEEDED, NEEDED_WITH_NODE, Needs
from canary_conformance.cluster.supply import NodeFiles, Supply, parts_of
from canary_conformance.errors import BadInput
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.node_archive import Contents, read_archive, write_archive
from canary_conformance.images.node_image import Stocked
from canary_conformance.images.versions import MeshVersion, available
from canary_conformance.progress import Progress
from tests.selftest.support import Programs

PLATFORM = "linux/amd64 on linux/amd64"
OURS = "voting-conformance/node:1"


def parts(source: ImagesFrom) -> supply.Parts:
    chosen = available(source).choose(AskedVersions())
    return parts_of(source, [chosen.mesh], chosen.kubernetes)


@dataclass
class Here:
    """A machine with an engine that has some nodes, a store, and an archive where CI puts it."""

    store: Path
    file: Path
    monkeypatch: pytest.MonkeyPatch
    nodes: dict[str, frozenset[str]] = field(default_factory=dict)
    loads: dict[str, frozenset[str]] = field(default_factory=dict)
    checked: list[Needs] = field(default_factory=list)
    provided: list[ImagesFrom] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self, images: ImagesFrom = ImagesFrom.PULL, *, save: bool = False) -> None:
        files = NodeFiles(None if save else self.file, self.file if save else None)
        Supply(images, self.store, Progress(self.said.append), files).of_one(AskedVersions())

    def write(self, source: ImagesFrom = ImagesFrom.PULL, platform: str = PLATFORM) -> None:
        """Write an archive as a run on another machine did, and forget what it was made from."""
        folders = parts(source).folders(self.store)
        for folder in folders:
            folder.mkdir(parents=True)
            (folder / "program").write_text(folder.name)
        contents = Contents(OURS, parts(source).node.contents, platform)
        write_archive(self.file, contents, folders)
        self.loads = {OURS: contents.holds}
        shutil.rmtree(self.store)
        self.store.mkdir()

    def load(self, *_: object) -> None:
        self.nodes |= self.loads

    def serving(self, node: Stocked) -> str | None:
        return next((tag for tag, held in self.nodes.items() if node.contents <= held), None)

    def provide(self, source: ImagesFrom, *_: object) -> SimpleNamespace:
        self.provided.append(source)
        node = parts(source).node
        tag = self.serving(node) or OURS
        self.nodes.setdefault(tag, node.contents)
        return SimpleNamespace(node_image=tag)

    @property
    def heard(self) -> str:
        return "\n".join(self.said)

    @property
    def folders(self) -> list[str]:
        return sorted(folder.name for folder in self.store.iterdir())


@pytest.fixture
def here(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    programs.add("docker", "echo layers")
    here = Here(tmp_path / "store", tmp_path / "node.zip", monkeypatch)
    here.store.mkdir()
    monkeypatch.setattr(supply, "check_machine", lambda _, needs, __: here.checked.append(needs))
    monkeypatch.setattr(supply, "provide", here.provide)
    monkeypatch.setattr(supply, "decided", lambda asked, *_: _no_registry(asked))
    monkeypatch.setattr(supply, "_platform", lambda: PLATFORM)
    monkeypatch.setattr(supply, "contents_of", lambda tags: [here.nodes[tag] for tag in tags])
    monkeypatch.setattr(Stocked, "serving", property(lambda node: lambda: here.serving(node)))
    monkeypatch.setattr("canary_conformance.images.node_archive.NodeArchive.load_image", here.load)
    return here


def _no_registry(asked: ImagesFrom) -> ImagesFrom:
    return ImagesFrom.BUILD if asked is ImagesFrom.AUTO else asked


def refuse(source: ImagesFrom) -> Callable[..., ImagesFrom]:
    def asked(*_: object) -> ImagesFrom:
        raise AssertionError(f"no registry is to be asked for {source}")

    return asked


def test_an_archive_that_fits_spares_node_and_programs(here: Here) -> None:
    here.write()
    here.run()
    assert here.nodes == {OURS: parts(ImagesFrom.PULL).node.contents}
    assert here.folders == sorted(folder.name for folder in parts(ImagesFrom.PULL).folders(here.store))
    assert here.checked == [NEEDED_WITH_NODE]
    assert "checking the node archive" in here.said[0]
    assert "taking the node out of" in here.heard


def test_auto_takes_what_fits_and_asks_no_registry(here: Here) -> None:
    here.monkeypatch.setattr(supply, "decided", refuse(ImagesFrom.AUTO))
    here.write(ImagesFrom.PULL)
    here.run(ImagesFrom.AUTO)
    assert here.provided == [ImagesFrom.PULL]


def test_auto_decides_as_ever_where_nothing_fits(here: Here) -> None:
    here.file.write_bytes(b"broken")
    here.run(ImagesFrom.AUTO)
    assert here.provided == [ImagesFrom.BUILD]
    assert here.checked == [NEEDED[ImagesFrom.BUILD]]


def test_what_is_there_already_is_not_taken_out_again(here: Here) -> None:
    here.write()
    here.run()
    here.said.clear()
    here.monkeypatch.setattr(
        "canary_conformance.images.node_archive.NodeArchive.check", refuse(ImagesFrom.PULL)
    )
    here.run()
    assert here.said == []


def test_only_programs_that_are_missing_are_unpacked(here: Here) -> None:
    here.write()
    kind, *others = parts(ImagesFrom.PULL).folders(here.store)
    kind.mkdir()
    here.run()
    assert list(kind.iterdir()) == []
    assert all(list(folder.iterdir()) for folder in others)


def test_the_first_run_has_no_archive_and_says_so(here: Here) -> None:
    here.run()
    assert here.provided == [ImagesFrom.PULL]
    assert here.checked == [NEEDED[ImagesFrom.PULL]]
    assert f"no node archive {here.file} yet: the node is made without one" in here.said[0]


def made_without(here: Here, why: str, images: ImagesFrom = ImagesFrom.PULL) -> None:
    here.run(images)
    assert f"node archive {here.file} is not used, and its content is made anew: {why}" in here.heard
    assert here.provided == [images]
    assert here.folders == []


def test_a_stale_archive_is_refused(here: Here) -> None:
    here.write()
    changed = frozenset({"another=image"})
    here.monkeypatch.setattr(Stocked, "contents", changed)
    made_without(here, "it is stale: the images or versions of this run are not those")
    assert here.checked == [NEEDED[ImagesFrom.PULL]]


def test_an_archive_of_another_source_is_refused(here: Here) -> None:
    here.write(ImagesFrom.PULL)
    made_without(here, "it is stale", ImagesFrom.BUILD)


def test_an_archive_of_another_platform_is_refused(here: Here) -> None:
    here.write(platform="linux/arm64 on linux/arm64")
    made_without(here, f"it was written for linux/arm64 on linux/arm64, and this run is of {PLATFORM}")


def test_an_archive_that_ends_early_is_refused(here: Here) -> None:
    here.write()
    here.file.write_bytes(here.file.read_bytes()[:-10])
    made_without(here, "it is broken")


def test_an_archive_with_a_changed_byte_is_refused_before_the_engine_sees_it(here: Here) -> None:
    here.write()
    whole = bytearray(here.file.read_bytes())
    whole[75] ^= 1
    here.file.write_bytes(whole)
    here.monkeypatch.setattr(
        "canary_conformance.images.node_archive.NodeArchive.load_image", refuse(ImagesFrom.PULL)
    )
    made_without(here, "it is broken")


def test_an_image_that_is_not_the_one_that_it_names_is_said(here: Here) -> None:
    here.write()
    here.loads = {OURS: frozenset()}
    here.run()
    assert "the image in it is not the node that it names" in here.heard
    assert here.provided == [ImagesFrom.PULL]


def test_versions_that_a_source_does_not_have_are_left_to_the_source(here: Here) -> None:
    here.write()
    files = NodeFiles(load=here.file)
    with pytest.raises(BadInput, match="not available"):
        Supply(ImagesFrom.BUILD, here.store, Progress(), files).of_one(AskedVersions(istio="1.2.3"))


def test_what_was_made_is_saved_once(here: Here) -> None:
    here.run(save=True)
    assert read_archive(here.file).contents.holds == parts(ImagesFrom.PULL).node.contents
    before = here.file.stat()
    here.said.clear()
    here.run(save=True)
    assert f"node archive {here.file} holds this node already" in here.heard
    assert here.file.stat().st_ino == before.st_ino


def test_a_stale_or_broken_archive_is_written_anew(here: Here) -> None:
    for content in (b"broken", None):
        if content is None:
            write_archive(here.file, replace(read_archive(here.file).contents, holds=frozenset()), [])
        else:
            here.file.write_bytes(content)
        here.run(save=True)
        assert read_archive(here.file).contents.holds == parts(ImagesFrom.PULL).node.contents


def test_several_meshes_are_of_one_archive(here: Here) -> None:
    meshes = [MeshVersion("1.31.0", "1.38.3"), MeshVersion("1.31.0", "1.40.0")]
    wanted = parts_of(ImagesFrom.BUILD, meshes, available(ImagesFrom.BUILD).kubernetes.need(None))
    write_archive(here.file, Contents(OURS, wanted.node.contents, PLATFORM), [])
    here.loads = {OURS: wanted.node.contents}
    here.monkeypatch.setattr(supply, "provide_for", lambda *_: [SimpleNamespace(node_image=OURS)])
    Supply(ImagesFrom.BUILD, here.store, Progress(), NodeFiles(load=here.file)).of_several(meshes, None)
    assert here.nodes == {OURS: wanted.node.contents}


@pytest.mark.parametrize(
    ("mesh", "refused"),
    [
        ("1.31.0", "names no Envoy"),
        ("1.31.0+envoy9.9.9", "9.9.9 is not available"),
        ("1.30.0+envoy1.38.3", "1.30.0"),
    ],
)
def test_a_mesh_that_can_not_be_built_is_refused_before_anything_is_made_of_it(
    here: Here, mesh: str, refused: str
) -> None:
    meshes = [MeshVersion("1.31.0", "1.38.3"), MeshVersion.parse(mesh)]
    with pytest.raises(BadInput, match=refused):
        Supply(ImagesFrom.BUILD, here.store, Progress()).of_several(meshes, None)
    assert here.nodes == {}

"""A node archive is whole or refused before anything is taken out; what it replaces stays until then."""

import gzip
import json
import os
import zipfile
from pathlib import Path

import pytest

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.node_archive import (
    CONTENTS,
    IMAGE,
    Contents,
    NodeArchive,
    Unusable,
    read_archive,
    write_archive,
)
from canary_conformance.process_owners import own_token
from canary_conformance.processes import CommandFailed
from tests.selftest.support import Programs

NODE = Contents("voting-conformance/node:1", frozenset({"a=1", "b=2"}), "linux/amd64 on linux/amd64")
# More than one piece, and nothing that repeats itself.
LAYERS = os.urandom(1000) * 5000


@pytest.fixture
def programs(programs: Programs, tmp_path: Path) -> Programs:
    (tmp_path / "layers").write_bytes(LAYERS)
    load = f'if [ "$1" = load ]; then cat > {tmp_path}/loaded; else cat {tmp_path}/layers; fi'
    programs.add("docker", load)
    return programs


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    folder = tmp_path / "store" / "kind-0123"
    folder.mkdir(parents=True)
    (folder / "kind").write_bytes(b"program" * 1000)
    (folder / "kind").chmod(0o755)
    (folder / "notes.txt").write_text("read me")
    return folder


@pytest.fixture
def archive(programs: Programs, kind: Path, tmp_path: Path) -> NodeArchive:
    assert programs.path
    write_archive(tmp_path / "node.zip", NODE, [kind])
    return read_archive(tmp_path / "node.zip")


def test_what_is_written_is_read_again(archive: NodeArchive, programs: Programs, tmp_path: Path) -> None:
    assert archive.contents == NODE
    assert archive.folders == {"kind-0123"}
    archive.check()
    archive.load_image()
    assert gzip.decompress((tmp_path / "loaded").read_bytes()) == LAYERS
    assert programs.calls() == ["docker save voting-conformance/node:1", "docker load --quiet"]
    assert archive.file.stat().st_size < len(LAYERS)


def test_a_folder_is_unpacked_whole_and_runnable(archive: NodeArchive, tmp_path: Path) -> None:
    other = tmp_path / "other store"
    archive.unpack("kind-0123", other)
    unpacked = other / "kind-0123"
    assert (unpacked / "kind").read_bytes() == b"program" * 1000
    assert os.access(unpacked / "kind", os.X_OK)
    assert not os.access(unpacked / "notes.txt", os.X_OK)
    assert [path.name for path in other.iterdir()] == ["kind-0123"]
    archive.unpack("kind-0123", other)  # another run was first


def test_an_archive_that_ends_early_is_refused(archive: NodeArchive) -> None:
    whole = archive.file.read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        archive.file.write_bytes(whole[:length])
        with pytest.raises(Unusable, match="it is broken"):
            read_archive(archive.file)


@pytest.mark.parametrize("place", ["image", "program"])
def test_a_changed_byte_is_noticed_before_anything_is_taken_out(archive: NodeArchive, place: str) -> None:
    whole = bytearray(archive.file.read_bytes())
    where = 5000 if place == "image" else bytes(whole).index(b"programs/kind-0123/kind") + 50
    whole[where] ^= 1
    archive.file.write_bytes(whole)
    with pytest.raises(Unusable, match="it is broken"):
        read_archive(archive.file).check()


def rewritten(archive: NodeArchive, name: str, content: bytes, words: dict[str, object]) -> Path:
    """Return an archive that holds one more member, and says more of itself."""
    file = archive.file.with_name("rewritten.zip")
    with zipfile.ZipFile(archive.file) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            if info.filename != CONTENTS:
                new.writestr(info, old.read(info))
        if name:
            new.writestr(name, content)
        new.writestr(CONTENTS, json.dumps(json.loads(old.read(CONTENTS)) | words))
    return file


@pytest.mark.parametrize("name", ["more", "../outside", "programs/kind-0123/more"])
def test_a_member_that_the_contents_do_not_name_is_refused(archive: NodeArchive, name: str) -> None:
    with pytest.raises(Unusable, match="its members are not those"):
        read_archive(rewritten(archive, name, b"", {}))


@pytest.mark.parametrize(
    "name", ["programs/../outside", "programs/.hidden/x", "/etc/x", "programs/a/b/c", "programs/a/..", "x"]
)
def test_a_member_that_would_lie_elsewhere_is_refused_though_it_is_named(
    archive: NodeArchive, name: str
) -> None:
    member = {"size": 0, "sha256": "", "runnable": True}
    members = {IMAGE: member, name: member}
    members |= dict.fromkeys(archive.members, member)
    with pytest.raises(Unusable, match="does not belong there"):
        read_archive(rewritten(archive, name, b"", {"members": members}))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"format": 2}, "another version of this suite"),
        ({"members": []}, "not a node archive"),
        ({"members": {"x": {"bytes": 1}}}, "not a node archive"),
        ({"holds": None}, "not a node archive"),
    ],
)
def test_contents_of_another_form_are_refused(
    archive: NodeArchive, words: dict[str, object], why: str
) -> None:
    with pytest.raises(Unusable, match=why):
        read_archive(rewritten(archive, "", b"", words))


def test_any_other_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "zip", "w") as other:
        other.writestr("readme", "not ours")
    for name in ("text", "zip"):
        with pytest.raises(Unusable):
            read_archive(tmp_path / name)


def test_an_engine_that_fails_half_way_leaves_the_archive_that_was_there(
    archive: NodeArchive, programs: Programs, tmp_path: Path
) -> None:
    before = archive.file.read_bytes()
    programs.add("docker", f"head -c 3000000 {tmp_path}/layers; echo 'no space left on device' >&2; exit 1")
    with pytest.raises(CommandFailed, match="no space left on device"):
        write_archive(archive.file, NODE, [])
    assert archive.file.read_bytes() == before
    assert list(archive.file.parent.glob(".node.zip*")) == []


def test_a_file_that_can_t_be_written_is_told_by_its_name(programs: Programs, tmp_path: Path) -> None:
    assert programs.path
    with pytest.raises(EnvironmentFailed, match=r"can't write .*node\.zip"):
        write_archive(tmp_path / "no such folder" / "node.zip", NODE, [])


def test_what_a_killed_run_left_half_written_goes_at_the_next(archive: NodeArchive) -> None:
    ended, alive = "999999999-1", own_token()
    for token in (ended, alive):
        archive.file.with_name(f".node.zip.unfinished-{token}").touch()
    write_archive(archive.file, NODE, [])
    assert not archive.file.with_name(f".node.zip.unfinished-{ended}").exists()


def test_an_engine_that_refuses_the_image_says_why(archive: NodeArchive, programs: Programs) -> None:
    programs.add("docker", "echo 'invalid tar header' >&2; exit 1")
    with pytest.raises(CommandFailed, match="invalid tar header"):
        archive.load_image()


def test_an_archive_covers_what_needs_less_on_the_same_platform() -> None:
    less = Contents("voting-conformance/node:2", frozenset({"a=1"}), NODE.platform)
    assert NODE.covers(less)
    assert not less.covers(NODE)
    assert not NODE.covers(Contents(NODE.image, NODE.holds, "linux/arm64 on linux/arm64"))

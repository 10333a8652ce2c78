"""A node's image and the programs beside it in one file, as CI systems keep them between runs.

The file is a zip archive (PKWARE APPNOTE 6.3). It is written to its end or not at all, and nothing is taken
out of it before all of it was read and compared with the digests that its last member holds:

* image.tar.gz: the image as `docker save` writes it, all images of the cluster inside
* programs/NAME-KEY/FILE: what folders of the store hold; the key is made from all that they are made from
* contents.json: what the node holds, of what platform all is, and each member's size and SHA-256
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from canary_conformance.file_output import writing
from canary_conformance.images.partial_folders import unfinished
from canary_conformance.images.streams import feed, output_of, pieces_of
from canary_conformance.process_owners import has_ended, own_token
from canary_conformance.processes import usable_cores
from canary_conformance.timeouts import LIMITS

FORMAT = 1
IMAGE, CONTENTS = "image.tar.gz", "contents.json"
# A folder of the store and a file in it; neither begins with a dot.
_PROGRAM = re.compile(r"programs/(?P<folder>\w[\w.+-]*)/(?P<file>\w[\w.+-]*)")
# Seen on a node image: 69 MB/s for each core, level 6 28 MB/s for a file that is 4 % smaller.
_LEVEL = 1
# zlib writes the header and the end of a gzip member by it (zlib: deflateInit2). Members may follow each
# other (RFC 1952, 2.2), so that each piece is packed by a core of its own.
_GZIP = 31
_CONTENTS_AT_MOST = 1024 * 1024
_UNFINISHED = ".unfinished-"


class Unusable(Exception):
    """An archive that can't be used; the message is the reason, to be said after its name."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds.

    image: the image's tag. holds: what the node holds, in the words of Stocked.contents. platform: of the
    image and the programs, "linux/amd64 on linux/x86_64".
    """

    image: str
    holds: frozenset[str]
    platform: str

    def covers(self, other: Contents) -> bool:
        """Return whether an archive of another node would hold nothing more than this one."""
        return self.platform == other.platform and other.holds <= self.holds


@dataclass(frozen=True, slots=True)
class Member:
    """The size, SHA-256 and mode of a member."""

    size: int
    sha256: str
    runnable: bool


@dataclass(frozen=True, slots=True)
class NodeArchive:
    """An archive that was read: its file, what it holds, and its members by name."""

    file: Path
    contents: Contents
    members: Mapping[str, Member]

    @property
    def folders(self) -> frozenset[str]:
        """The names of the store's folders whose files it holds."""
        return frozenset(_folder_of(name) for name in self.members if name != IMAGE)

    def check(self) -> None:
        """Read all of it. Raises Unusable where anything is not as it was written."""
        with _opened(self.file) as archive:
            for name, member in self.members.items():
                digest, size = hashlib.sha256(), 0
                with archive.open(name) as stream:
                    for piece in pieces_of(stream):
                        digest.update(piece)
                        size += len(piece)
                if (size, digest.hexdigest()) != (member.size, member.sha256):
                    raise Unusable(f"it is broken: the digest of {name} differs from the one written with it")

    def load_image(self) -> None:
        """Load the image into the engine. Raises CommandFailed."""
        with _opened(self.file) as archive, archive.open(IMAGE) as stream:
            feed(["docker", "load", "--quiet"], pieces_of(stream), limit=LIMITS.image_build)

    def unpack(self, folder: str, store: Path) -> None:
        """Make one folder of the store, which is not there before it is complete."""
        with _opened(self.file) as archive, unfinished(store) as work:
            result = work / "result"
            result.mkdir()
            for name, member in self.members.items():
                if name != IMAGE and _folder_of(name) == folder:
                    target = result / name.rpartition("/")[2]
                    with archive.open(name) as stream, target.open("wb") as file:
                        shutil.copyfileobj(stream, file)
                    target.chmod(0o755 if member.runnable else 0o644)
            if not (store / folder).exists():
                result.rename(store / folder)


def read_archive(file: Path) -> NodeArchive:
    """Return what an archive says of itself; its other members are not read.

    Raises:
        Unusable: It is not whole, or not an archive of this version of the suite.
    """
    with _opened(file) as archive:
        try:
            if archive.getinfo(CONTENTS).file_size > _CONTENTS_AT_MOST:
                raise Unusable("it is not a node archive of this suite")
            document = json.loads(archive.read(CONTENTS))
            if document["format"] != FORMAT:
                raise Unusable("it was written by another version of this suite")
            contents = Contents(
                str(document["image"]), frozenset(document["holds"]), str(document["platform"])
            )
            members = {str(name): Member(**one) for name, one in document["members"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unusable("it is not a node archive of this suite") from error
        _check_names(archive.namelist(), members)
        return NodeArchive(file, contents, members)


def write_archive(file: Path, contents: Contents, folders: Sequence[Path]) -> int:
    """Write an archive of an image and of folders of the store; return its size in bytes.

    The file is there whole or as it was before.

    Raises:
        CommandFailed: The engine could not write the image.
        EnvironmentFailed: The file could not be written.
    """
    with writing(file), _replaced(file) as part:
        members: dict[str, Member] = {}
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            with output_of(["docker", "save", contents.image], limit=LIMITS.image_build) as image:
                # Stored: it is packed already.
                members[IMAGE] = _write(archive, zipfile.ZipInfo(IMAGE), _gzip_of(pieces_of(image)))
            for path in (path for folder in folders for path in sorted(folder.iterdir())):
                name = f"programs/{path.parent.name}/{path.name}"
                with path.open("rb") as stream:
                    runnable = os.access(path, os.X_OK)
                    members[name] = _write(archive, name, pieces_of(stream), runnable=runnable)
            document = {"format": FORMAT, **asdict(contents), "holds": sorted(contents.holds)}
            document["members"] = {name: asdict(member) for name, member in members.items()}
            archive.writestr(CONTENTS, json.dumps(document, indent=1))
        return part.stat().st_size


def _write(
    archive: zipfile.ZipFile, name: str | zipfile.ZipInfo, pieces: Iterable[bytes], *, runnable: bool = False
) -> Member:
    digest, size = hashlib.sha256(), 0
    with archive.open(name, "w", force_zip64=True) as member:
        for piece in pieces:
            member.write(piece)
            digest.update(piece)
            size += len(piece)
    return Member(size, digest.hexdigest(), runnable)


def _gzip_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pack pieces on all cores, and yield them in their order."""
    with ThreadPoolExecutor(usable_cores()) as cores:
        packed: deque[Future[bytes]] = deque()
        for piece in pieces:
            packed.append(cores.submit(zlib.compress, piece, _LEVEL, _GZIP))
            if len(packed) > 2 * usable_cores():
                yield packed.popleft().result()
        while packed:
            yield packed.popleft().result()


def _check_names(names: Sequence[str], members: Mapping[str, Member]) -> None:
    """Raise Unusable for a member that is missing, unknown, or would be unpacked elsewhere."""
    if sorted(names) != sorted([*members, CONTENTS]) or IMAGE not in members:
        raise Unusable("it is broken: its members are not those that were written into it")
    for name in members:
        if name != IMAGE and _PROGRAM.fullmatch(name) is None:
            raise Unusable(f"it holds a member that does not belong there: {name!r}")


def _folder_of(name: str) -> str:
    return name.split("/")[1]


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive to read; what is wrong with the file is Unusable, within as well."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Unusable(f"it is broken: {error}") from error


@contextmanager
def _replaced(file: Path) -> Iterator[Path]:
    """Yield a new file beside a file that it replaces at the end, unless something is raised."""
    for left in file.parent.glob(f".{file.name}{_UNFINISHED}*"):
        if has_ended(left.name.rpartition(_UNFINISHED)[2]):
            left.unlink()
    part = file.with_name(f".{file.name}{_UNFINISHED}{own_token()}")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)

"""What clusters are made from, from an archive where it fits: the machine is checked, the rest is made.

An archive that is absent, stale or broken is no error: a CI system has none before its first run, and an old
one after each change. What was wrong is said, and all is made as without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.cluster.machine_requirements import NEEDED, NEEDED_WITH_NODE, check_machine
from canary_conformance.errors import BadInput
from canary_conformance.images import offline, release_images
from canary_conformance.images.choice import decided
from canary_conformance.images.engine import engine_platform
from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.images.golang import host_platform
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.node_archive import (
    Contents,
    NodeArchive,
    Unusable,
    read_archive,
    write_archive,
)
from canary_conformance.images.node_image import Stocked, contents_of
from canary_conformance.images.provisions import Provisions, provide, provide_for
from canary_conformance.images.recipes import ImageFile
from canary_conformance.images.versions import MeshVersion, available
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """The archive that a node is taken from, and the one that it is written to; None: neither."""

    load: Path | None = None
    save: Path | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The recipes of a node and of the programs that a run needs beside it, from one source."""

    source: ImagesFrom
    node: Stocked
    programs: tuple[GoPrograms | ImageFile, ...]

    def folders(self, store: Path) -> list[Path]:
        """Return the folders of the programs, be they there or not."""
        return [program.folder(store) for program in self.programs]


@dataclass(frozen=True, slots=True)
class Supply:
    """Makes what clusters are made from: where images come from, where programs lie, which archives."""

    images: ImagesFrom
    store: Path
    progress: Progress
    files: NodeFiles = NodeFiles()

    def of_one(self, versions: AskedVersions) -> Provisions:
        """Return what a run of these versions is made from. Raises as provide() does."""

        def parts(source: ImagesFrom) -> Parts:
            chosen = available(source).choose(versions)
            return parts_of(source, [chosen.mesh], chosen.kubernetes)

        source = self._ready(parts, versions)
        provisions = provide(source, versions, self.store, self.progress)
        self._save(parts(source), provisions.node_image)
        return provisions

    def of_several(self, meshes: Sequence[MeshVersion], kubernetes: str | None) -> list[Provisions]:
        """Return what several meshes on one node are made from. Raises as provide_for() does."""

        def parts(source: ImagesFrom) -> Parts:
            return parts_of(source, meshes, available(source).on_one_node(meshes, kubernetes))

        source = self._ready(parts, AskedVersions(meshes[0].istio, meshes[0].envoy, kubernetes))
        made = provide_for(meshes, kubernetes, source, self.store, self.progress)
        self._save(parts(source), made[0].node_image)
        return made

    def _ready(self, parts: Callable[[ImagesFrom], Parts], versions: AskedVersions) -> ImagesFrom:
        """Load what an archive holds of what is missing; return where images come from.

        Raises:
            BadInput: The machine does not meet the requirements.
        """
        found = self._fitting(parts)
        source = found[1].source if found else decided(self.images, versions, self.store, self.progress)
        wanted = parts(source)
        there = found is not None or wanted.node.serving() is not None
        check_machine(self.store.parent, NEEDED_WITH_NODE if there else NEEDED[source], self.progress)
        if found:
            self._load(*found)
        return source

    def _fitting(self, parts: Callable[[ImagesFrom], Parts]) -> tuple[NodeArchive, Parts] | None:
        """Return the archive and what of this run it holds; None, after saying why, where it does not fit."""
        file = self.files.load
        if file is None:
            return None
        if not file.exists():
            self.progress.note(f"no node archive {file} yet: the node is made without one")
            return None
        try:
            archive = read_archive(file)
            wanted = self._wanted(archive, parts)
            if self._missing(archive, wanted):
                with self.progress.phase(f"checking the node archive {file}"):
                    archive.check()
        except (Unusable, OSError) as error:
            self._refuse(file, error)
            return None
        return archive, wanted

    def _wanted(self, archive: NodeArchive, parts: Callable[[ImagesFrom], Parts]) -> Parts:
        """Return the parts of this run whose node an archive holds. Raises Unusable."""
        if archive.contents.platform != (platform := _platform()):
            raise Unusable(f"it was written for {archive.contents.platform}, and this run is of {platform}")
        for wanted in _possible(self.images, parts):
            if wanted.node.contents <= archive.contents.holds:
                return wanted
        raise Unusable("it is stale: the images or versions of this run are not those that it holds")

    def _missing(self, archive: NodeArchive, wanted: Parts) -> list[str]:
        """Return the names of what an archive holds of what this run needs and does not have."""
        node = [wanted.node.name] if wanted.node.serving() is None else []
        folders = [one.name for one in wanted.folders(self.store) if not one.exists()]
        return node + [name for name in folders if name in archive.folders]

    def _load(self, archive: NodeArchive, wanted: Parts) -> None:
        missing = self._missing(archive, wanted)
        if not missing:
            return
        size = archive.file.stat().st_size / 1e6
        try:
            with self.progress.phase(f"taking the node out of {archive.file} ({size:.0f} MB)"):
                if wanted.node.name in missing:
                    archive.load_image()
                for folder in archive.folders.intersection(missing):
                    archive.unpack(folder, self.store)
        except (Unusable, OSError, CommandFailed) as error:
            self._refuse(archive.file, error)
        else:
            if wanted.node.serving() is None:
                self._refuse(archive.file, "the image in it is not the node that it names")

    def _refuse(self, file: Path, why: object) -> None:
        self.progress.note(f"node archive {file} is not used, and its content is made anew: {why}")

    def _save(self, parts: Parts, image: str) -> None:
        """Write the archive, unless the one that is there holds all this."""
        file = self.files.save
        if file is None:
            return
        contents = Contents(image, contents_of([image])[0], _platform())
        folders = [folder for folder in parts.folders(self.store) if folder.is_dir()]
        try:
            there = read_archive(file)
            if there.contents.covers(contents) and there.folders.issuperset(one.name for one in folders):
                self.progress.note(f"node archive {file} holds this node already")
                return
        except (Unusable, OSError):
            pass
        with self.progress.phase(f"writing the node archive {file}"):
            size = write_archive(file, contents, folders)
        self.progress.note(f"node archive {file}: {size / 1e6:.0f} MB")


def parts_of(source: ImagesFrom, meshes: Sequence[MeshVersion], kubernetes: str) -> Parts:
    """Return the recipes of a node with these meshes, and of its programs."""
    if source is ImagesFrom.BUILD:
        programs = (offline.KIND, offline.ISTIO, offline.kubernetes_programs(kubernetes))
        return Parts(source, offline.offline_node(kubernetes, meshes), programs)
    istioctl = (release_images.istioctl(mesh) for mesh in meshes)
    return Parts(source, release_images.pulled_node(kubernetes, meshes), (offline.KIND, *istioctl))


def _possible(images: ImagesFrom, parts: Callable[[ImagesFrom], Parts]) -> Iterator[Parts]:
    """Yield what a run may be made from, as far as its versions are available there."""
    for source in (ImagesFrom.PULL, ImagesFrom.BUILD):
        if images in {source, ImagesFrom.AUTO}:
            with suppress(BadInput):
                yield parts(source)


def _platform() -> str:
    return f"{engine_platform()} on {host_platform()}"

"""kindest/node as kind itself makes it: `kind build node-image` from a release archive built here.

kind fetches each image that is not part of the archive from the internet. It takes the names in an image file
from the first member that lists them, so one of the four image files holds all the others, too.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.content_keys import key_of
from canary_conformance.images.engine import docker
from canary_conformance.images.go_recipes import GoPrograms, module_folder
from canary_conformance.images.partial_folders import unfinished
from canary_conformance.images.recipes import ASSEMBLE, Built, InEngine, Recipe
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS

KIND_MODULE = "sigs.k8s.io/kind"
NODE_PROGRAMS = ("kubeadm", "kubelet", "kubectl")
# The image files of a release archive (kind: pkg/build/nodeimage/internal/kube/builder_tarball.go).
OWN_FILES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
SHARED_FILE = "kube-proxy"
# Where kind's source names images: constants of its node image, and the base image's configuration.
CONSTANTS = ("pkg/build/nodeimage/const_cni.go", "pkg/build/nodeimage/const_storage.go")
CONTAINERD = "images/base/files/etc/containerd/config.toml"


@dataclass(frozen=True)
class KindNode(InEngine):
    """A node image by `kind build node-image`; images are distinguished by the last word of their names."""

    name: str
    version: str
    kind: GoPrograms
    programs: GoPrograms
    base: Built
    images: tuple[Built, ...]
    lane: ClassVar[str] = ASSEMBLE

    @cached_property
    def key(self) -> str:
        """The key of kind, the base, the programs and the images."""
        parts = (self.kind, self.programs, self.base, *self.images)
        return key_of(self.version, *(part.key for part in parts))

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """All that goes into the release archive, and kind."""
        return (self.kind, self.programs, self.base, *self.images)

    def make(self, store: Path) -> None:
        """Pack the release archive and let kind build. Raises CommandFailed, EnvironmentFailed."""
        built = {image.name: image.tag for image in self.images}
        tags = named(self._names(store), built)
        # A name with a registry in it that refuses at once: kind pulls the base image, and goes on without.
        base = f"localhost/{self.base.tag}"
        with unfinished(store) as work:
            for name, tag in {**tags, base: self.base.tag}.items():
                docker("tag", tag, name)
            try:
                archive = self._archive(work, tags, store)
                words = ["build", "node-image", "--type", "file", "--base-image", base, "--image", self.tag]
                program = self.kind.folder(store) / "kind"
                # kind leaves what it unpacks in the folder for temporary files.
                run([program, *words, archive], limit=LIMITS.image_build, environment={"TMPDIR": str(work)})
            finally:
                docker("image", "rm", base, *tags)

    def _names(self, store: Path) -> list[str]:
        """Return the names of all images that kubeadm and kind expect in the node."""
        kubeadm = self.programs.folder(store) / "kubeadm"
        words = ["config", "images", "list", "--kubernetes-version", f"v{self.version}"]
        source = module_folder(self.kind.module, KIND_MODULE, store)
        return expected_images(
            run([kubeadm, *words], limit=LIMITS.command).split(),
            (source / CONTAINERD).read_text(),
            "".join((source / file).read_text() for file in CONSTANTS),
        )

    def _archive(self, work: Path, tags: Mapping[str, str], store: Path) -> Path:
        target = work / "kubernetes-server-linux.tar.gz"
        server = "kubernetes/server/bin"
        (work / "version").write_text(f"v{self.version}\n")
        with tarfile.open(target, "w:gz", compresslevel=0) as archive:
            archive.add(work / "version", "kubernetes/version")
            for program in NODE_PROGRAMS:
                archive.add(self.programs.folder(store) / program, f"{server}/{program}")
            for file, names in image_files(list(tags)).items():
                saved = work / f"{file}.tar"
                save(names, saved)
                archive.add(saved, f"{server}/{file}.tar")
                saved.unlink()
        return target


def expected_images(of_kubeadm: Sequence[str], containerd: str, constants: str) -> list[str]:
    """Return the images that a node has to hold: kubeadm's but for its pause, containerd's own, and kind's.

    Args:
        of_kubeadm: What `kubeadm config images list` prints.
        containerd: The configuration of the node's containerd.
        constants: The Go source in which kind names the images of its network and its storage.
    """
    pause = re.findall(r'sandbox_image\s*=\s*"([^"]+)"', containerd)
    of_kind = re.findall(r'^const \w+Image = "([^"]+)"', constants, re.MULTILINE)
    return [*(name for name in of_kubeadm if role_of(name) != "pause"), *pause, *of_kind]


def role_of(name: str) -> str:
    """Return the last word of an image's name: registry.k8s.io/coredns/coredns:v1.12.1 is `coredns`."""
    return name.rpartition("/")[2].partition("@")[0].partition(":")[0]


def image_files(names: Sequence[str]) -> dict[str, list[str]]:
    """Return which images go into which of a release archive's image files."""
    alone = {role_of(name): [name] for name in names if role_of(name) in OWN_FILES}
    return {**alone, SHARED_FILE: [name for name in names if role_of(name) not in OWN_FILES]}


def named(names: Sequence[str], built: Mapping[str, str]) -> dict[str, str]:
    """Return each expected name with the image built here that gets it."""
    missing = [name for name in names if role_of(name) not in built]
    if missing:
        raise EnvironmentFailed(f"no image built here stands in for {', '.join(missing)}")
    return {name: built[role_of(name)] for name in names}


def save(names: Sequence[str], target: Path) -> None:
    """Write an image file that begins with the list of its names, spelled as kind expects them."""
    plain = target.with_suffix(".saved")
    docker("save", "--output", plain, *names, limit=LIMITS.image_build)
    listed: dict[str, dict[str, str]] = {}
    for name in names:
        repository, _, tag = name.rpartition(":")
        listed.setdefault(repository, {})[tag] = ""
    repositories = target.with_suffix(".json")
    repositories.write_text(json.dumps(listed))
    with tarfile.open(plain) as saved, tarfile.open(target, "w") as archive:
        archive.add(repositories, "repositories")
        for member in saved:
            if member.name != "repositories":
                archive.addfile(member, saved.extractfile(member) if member.isreg() else None)
    plain.unlink()
    repositories.unlink()
